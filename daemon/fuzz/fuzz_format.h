/*
 * fuzz_format.h - a reader on arbitrary bytes. What it takes must be a document that can be written
 * and read again with as many voxels.
 */
#ifndef DAEMON_FUZZ_FUZZ_FORMAT_H
#define DAEMON_FUZZ_FUZZ_FORMAT_H

#include <stdint.h>
#include <stdlib.h>

#include "daemon/base/err.h"
#include "daemon/formats/formats.h"

enum { FUZZ_BLOCKS_MAX = 64 }; /* larger documents are only read: writing them is slow */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static inline void fuzz_again(const struct format *f, struct document *doc)
{
	struct format_options options = { 0 };
	struct strbuf out = { 0 };
	struct document again;
	struct volume before = { 0 };
	struct volume after = { 0 };

	document_init(&again);
	/* What is spread too wide for the format may be refused. */
	if (f->write(doc, &options, &out, NULL) == 0) {
		if (f->read(strbuf_span(&out), &again, NULL) < 0 ||
		    document_merge_visible(doc, &before) < 0 ||
		    document_merge_visible(&again, &after) < 0)
			abort();
		if (volume_voxels_count(&after) > volume_voxels_count(&before))
			abort();
	}
	volume_deinit(&before);
	volume_deinit(&after);
	document_deinit(&again);
	strbuf_deinit(&out);
}

static inline int fuzz_format(const struct format *f, const uint8_t *data, size_t len)
{
	struct err err = ERR_INIT;
	struct document doc;
	int rc;

	document_init(&doc);
	rc = f->read(span_of((const char *)data, len), &doc, &err);
	if (rc < 0 && (!err.msg[0] || err.code != rc))
		abort();
	if (rc == 0 && doc.budget.blocks_count <= FUZZ_BLOCKS_MAX)
		fuzz_again(f, &doc);
	document_deinit(&doc);
	return 0;
}

#endif
