/* Fuzzes reading any bytes as a pprof profile; an accepted one is also written in the
 * older format. */
#include <stdint.h>

#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"
#include "profiles/profile/legacy.h"
#include "profiles/profile/pprof_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pprof_profile p;
	struct strbuf sb = { 0 };
	struct err err = ERR_INIT;

	if (pprof_parse(span_of((const char *)data, size), &p, &err) < 0)
		return 0;
	legacy_write(&p, &sb, &err);
	pprof_find_type(&p, "cpu");
	strbuf_deinit(&sb);
	pprof_deinit(&p);
	return 0;
}
