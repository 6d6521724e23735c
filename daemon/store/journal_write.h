/*
 * journal_write.h - private to journal*.c: converts changes of projects to payloads.
 *
 * A change is emitted in parts of about JOURNAL_PART_BYTES, so that memory does not grow with its
 * size. Blocks that are used several times are written once. Threads: the holder of the project's
 * lock, or of a snapshot.
 */
#ifndef DAEMON_STORE_JOURNAL_WRITE_H
#define DAEMON_STORE_JOURNAL_WRITE_H

#include <stdint.h>

#include "daemon/base/strbuf.h"
#include "daemon/voxel/project.h"

/* Takes one payload; an error ends the change. */
typedef int(journal_emit)(void *ctx, struct span payload);

struct known_block;

/* Caller-allocated: fill the first three fields, zero the rest; journal_writer_deinit afterwards.
 */
struct journal_writer {
	journal_emit *emit;
	void *ctx;
	struct strbuf *part; /* working memory; its contents are lost */

	int32_t project_id; /* this and what follows: of the current change */
	uint64_t version;
	uint8_t kind;
	bool is_begun; /* a part of it was emitted */
	int rc;        /* the first failure */
	struct known_block *known;
	uint32_t known_slots;
	uint32_t known_count;
	uint32_t blocks_count; /* that SAME can name */
};

/* The state of a project besides its document. */
struct journal_identity {
	int32_t id;
	int32_t size[3];
	uint64_t created_ns;
	uint64_t saved_version;
	const char *path; /* NULL: none */
};
struct journal_identity journal_identity_of(const struct project *p);

/* Each writes one whole change. Returns 0, the error of emit, or -ENOMEM. */
int journal_write_whole(struct journal_writer *w, const struct journal_identity *id,
			const struct document *d, uint64_t version);
int journal_write_edit(struct journal_writer *w, const struct project *p,
		       const struct history_step *step);
int journal_write_cameras(struct journal_writer *w, const struct project *p);
int journal_write_saved(struct journal_writer *w, const struct project *p);
int journal_write_close(struct journal_writer *w, int32_t project_id);
int journal_write_trailer(struct journal_writer *w, int32_t next_id, uint32_t projects_count,
			  uint64_t lsn);
void journal_writer_deinit(struct journal_writer *w);

#endif
