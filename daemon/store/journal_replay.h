/*
 * journal_replay.h - private to journal*.c: restores projects from a folder of segments and
 * snapshots.
 *
 * An incomplete tail is cut off: a crash leaves records that were never confirmed to a client. It
 * is damage, and not cut unless asked for, if complete records follow that show that the tail had
 * been on the disk: one of them says so, or they were written by the running kernel, which has not
 * lost its page cache.
 */
#ifndef DAEMON_STORE_JOURNAL_REPLAY_H
#define DAEMON_STORE_JOURNAL_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/journal_read.h"

struct err;

struct journal_replay {
	struct journal_state state;
	uint64_t lsn;             /* of the last record */
	uint64_t next_number;     /* of the segment to start */
	uint64_t snapshot_number; /* 0: there is none */
	uint64_t snapshot_bytes;
	uint64_t segments_count;
	uint64_t log_bytes;     /* of the segments */
	uint64_t records_count; /* of the segments */
	uint64_t cut_bytes;
};

/*
 * Messages name file and byte. -EBADMSG: damage; with is_repairing it is cut off and kept in a
 * separate file. Other errors: of reading, -ENOMEM, -EPROTO (another version).
 */
int journal_replay_run(struct journal_replay *r, int dir_fd, const uint8_t boot_id[16],
		       bool is_repairing, struct err *err);
void journal_replay_deinit(struct journal_replay *r);

#endif
