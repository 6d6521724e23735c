/*
 * fuzz_workload.c - workload files of a careless user: they are refused with a sentence or they
 * render within their announced size.
 */
#include <stdint.h>
#include <stdlib.h>

#include "daemon/base/err.h"
#include "loadgen/workload/workload.h"

enum { RENDER_BYTES_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void render(const struct workload_op *op)
{
	uint32_t items;
	struct draw d;
	char *out;

	if (op->request.bytes_max > RENDER_BYTES_MAX)
		return;
	/* Exactly as large as announced: one byte more is seen. */
	out = malloc(op->request.bytes_max);
	if (!out)
		return;
	draw_init(&d, 1, 2, 3);
	for (int i = 0; i < 3; i++)
		if (template_render(&op->request, &d, REQUEST_ID_FIRST, out, &items) >
		    op->request.bytes_max)
			abort();
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct workload *w = NULL;
	struct err err = ERR_INIT;

	if (workload_parse("f", (struct span){ (const char *)data, size }, &w, &err) < 0) {
		if (!err.msg[0])
			abort();
		return 0;
	}
	for (size_t i = 0; i < w->ops_count; i++)
		render(&w->ops[i]);
	workload_close(w);
	return 0;
}
