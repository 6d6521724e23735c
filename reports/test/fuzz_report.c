/*
 * fuzz_report.c - any bytes as run.json and as folded stacks: read or refused, and what is read
 * draws.
 */
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"
#include "reports/doc/flame.h"
#include "reports/lib/rundir.h"
#include "reports/read/folded.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = span_of((const char *)bytes, len);
	struct folded *folded = NULL;
	struct strbuf svg = { 0 };
	struct err err = ERR_INIT;
	json_t *root = NULL;

	if (result_json_parse("fuzz", text, "goxel-run", 1, &root, &err) == 0)
		json_decref(root);
	if (folded_parse("fuzz", text, &folded, &err) == 0) {
		flame_svg(&svg, &(struct flame){ .title = "fuzz", .samples = folded });
		folded_free(folded);
	}
	strbuf_deinit(&svg);
	return 0;
}
