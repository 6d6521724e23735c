/*
 * journal_read.h - private to journal*.c: payloads back to projects.
 *
 * The payloads are whole (a sum was checked) but not trusted: what does not fit the format or the
 * state so far is -EBADMSG with a sentence. One thread.
 */
#ifndef DAEMON_STORE_JOURNAL_READ_H
#define DAEMON_STORE_JOURNAL_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/voxel/project.h"

struct err;

/* One project as far as it is known. */
struct journal_slot {
	int32_t id;
	uint64_t lsn;           /* of the last record of it that was applied */
	struct project *p;      /* NULL: edits came, but not where it was opened */
	struct project *making; /* what a WHOLE of several parts makes */
	bool is_editing;        /* an EDIT of several parts is open in p */
	uint32_t blocks_count;  /* that SAME can name */
	uint32_t blocks_cap;
	struct block **blocks; /* referenced */
};

/* Caller-allocated; zeroed it holds nothing. */
struct journal_state {
	struct journal_slot *slots; /* in order of opening */
	size_t count;
	int32_t next_id; /* above every id so far */
	uint64_t trailer_lsn;
	bool has_trailer;
};

/* Applies one payload. -EBADMSG, -ENOMEM, -ENOSPC. */
int journal_apply(struct journal_state *s, uint64_t lsn, struct span payload, struct err *err);

/* After the last record: changes that are not whole are dropped. -EBADMSG: edits without project.
 */
int journal_state_settle(struct journal_state *s, struct err *err);

/* The project of slot i; the caller's from now on. */
struct project *journal_state_take(struct journal_state *s, size_t i);
void journal_state_deinit(struct journal_state *s);

#endif
