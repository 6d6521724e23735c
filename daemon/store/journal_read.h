/*
 * journal_read.h - private to journal*.c: converts payloads back to projects.
 *
 * The payloads are complete (their sum was checked) but not trusted: content that does not fit the
 * format or the state so far is -EBADMSG with a message. One thread.
 */
#ifndef DAEMON_STORE_JOURNAL_READ_H
#define DAEMON_STORE_JOURNAL_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/voxel/project.h"

struct err;

/* The state of one project so far. */
struct journal_slot {
	int32_t id;
	uint64_t lsn;           /* of the last record of it that was applied */
	struct project *p;      /* NULL: it has edits but was never opened */
	struct project *making; /* the project that a WHOLE of several parts builds */
	bool is_editing;        /* an EDIT of several parts is open in p */
	uint32_t blocks_count;  /* that SAME can name */
	uint32_t blocks_cap;
	struct block **blocks; /* referenced */
};

/* Caller-allocated; empty when zeroed. */
struct journal_state {
	struct journal_slot *slots; /* in order of opening */
	size_t count;
	int32_t next_id; /* above every id so far */
	uint64_t trailer_lsn;
	bool has_trailer;
};

/* Applies one payload. -EBADMSG, -ENOMEM, -ENOSPC. */
int journal_apply(struct journal_state *s, uint64_t lsn, struct span payload, struct err *err);

/* Call after the last record: drops incomplete changes. -EBADMSG: edits of a project that was never
 * opened. */
int journal_state_finish(struct journal_state *s, struct err *err);

/* The project of slot i; the caller owns it. */
struct project *journal_state_take(struct journal_state *s, size_t i);
void journal_state_deinit(struct journal_state *s);

#endif
