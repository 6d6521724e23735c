/* fuzz_hlog.c - any bytes as an interval log: read or refused, and what is read writes back. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "daemon/base/strbuf.h"
#include "reports/lib/hdr_codec.h"
#include "reports/lib/hlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int write_back(void *arg, const struct hlog_entry *entry, struct err *err)
{
	struct strbuf sb = { 0 };
	struct hdr_counts back;

	(void)arg;
	if (hdr_encode(entry->hist, &sb, err) == 0) {
		if (hdr_decode(strbuf_span(&sb), &back, err) < 0 ||
		    back.total != entry->hist->total)
			abort();
		hdr_counts_deinit(&back);
	}
	strbuf_deinit(&sb);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct err err = ERR_INIT;

	hlog_parse("fuzz", span_of((const char *)bytes, len), 1, write_back, NULL, &err);
	return 0;
}
