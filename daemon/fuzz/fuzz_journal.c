/*
 * The journal's reader on arbitrary payloads in records that are whole: what is refused is refused
 * with a sentence, what is taken gives projects that can be written and read again as the same.
 *
 * Input: records of length:u16 and payload. The framing (sums, packing) is fuzzed with the first
 * byte: the bytes as they are, in a record of their own.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/store/journal_read.h"
#include "daemon/store/journal_record.h"
#include "daemon/store/journal_write.h"

enum { RAW_BYTES_MAX = 1 << 16, BLOCKS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int take(void *ctx, struct span payload)
{
	struct journal_state *again = ctx;

	if (journal_apply(again, 1, payload, NULL) < 0)
		abort();
	return 0;
}

/* Written as a whole, each project is read as it was. */
static void check(struct journal_state *s)
{
	struct journal_state again = { 0 };
	struct strbuf part = { 0 };
	struct journal_writer w = { .emit = take, .ctx = &again, .part = &part };

	for (size_t i = 0; i < s->count; i++) {
		const struct project *p = s->slots[i].p;
		struct journal_identity id = journal_identity_of(p);

		if (p->doc.budget.blocks_count > BLOCKS_MAX)
			continue;
		if (journal_write_whole(&w, &id, &p->doc, p->doc.version) < 0)
			abort();
		if (document_voxels_count(&p->doc) !=
			    document_voxels_count(&again.slots[again.count - 1].p->doc) ||
		    p->doc.layers_count != again.slots[again.count - 1].p->doc.layers_count)
			abort();
	}
	journal_writer_deinit(&w);
	strbuf_deinit(&part);
	journal_state_deinit(&again);
}

/* Bytes that say of themselves that they are a record, or the head of a file. */
static void frame(struct span bytes)
{
	static char raw[RAW_BYTES_MAX];
	struct journal_head head;
	struct journal_record rec;

	(void)journal_head_get(bytes, &head);
	if (journal_record_get(bytes, &rec) == 0 && rec.raw_bytes <= RAW_BYTES_MAX)
		(void)journal_unpack(rec.stored, raw, rec.raw_bytes);
	if (bytes.len && bytes.len <= RAW_BYTES_MAX)
		(void)journal_unpack(bytes, raw, RAW_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct journal_state s = { 0 };
	uint64_t lsn = 0;
	size_t at = 0;
	int rc = 0;

	frame(span_of((const char *)data, len));
	while (rc == 0 && len - at >= 2) {
		size_t bytes = (size_t)data[at] | (size_t)data[at + 1] << 8;
		struct err err = ERR_INIT;

		at += 2;
		if (bytes > len - at)
			bytes = len - at;
		rc = journal_apply(&s, ++lsn, span_of((const char *)data + at, bytes), &err);
		if (rc < 0 && (!err.msg[0] || err.code != rc))
			abort();
		at += bytes;
	}
	if (rc == 0 && journal_state_finish(&s, NULL) == 0)
		check(&s);
	journal_state_deinit(&s);
	return 0;
}
