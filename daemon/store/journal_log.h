/*
 * journal_log.h - private to journal*.c: the current segment, and how it gets to the disk.
 *
 * Records are collected in memory and written when needed (journal_log_flush, before replies are
 * sent), so that a group of edits costs one write(2). Room for a record is reserved when it is
 * appended: a full disk is detected while the edit can still be refused. On a file system that
 * cannot reserve, each record is written at once.
 *
 * A failed write or sync is not retried, since the kernel may have dropped the data. The log is
 * then broken and refuses records until a snapshot has been written that makes the old segments
 * unnecessary (journal_log_mend).
 *
 * One thread syncs for all that wait; threads that come meanwhile share the next sync.
 */
#ifndef DAEMON_STORE_JOURNAL_LOG_H
#define DAEMON_STORE_JOURNAL_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/store/journal_record.h"

struct err;

enum {
	JOURNAL_BUF_BYTES = 256 * 1024,
	JOURNAL_RESERVE_BYTES = 1024 * 1024, /* at once */
};

struct journal_log {
	int dir_fd; /* borrowed */
	uint8_t boot_id[16];
	pthread_mutex_t packing; /* of packer; taken before lock */
	struct journal_packer packer;

	pthread_mutex_t lock;   /* protects what follows */
	pthread_cond_t changed; /* synced, broken, mended, or there is something to sync again */
	int fd;
	uint64_t number;
	uint64_t end_bytes;      /* of this segment, as written */
	uint64_t reserved_bytes; /* of its file, from its start */
	bool is_reserving;
	bool is_syncing;
	bool is_full; /* there was no room for the last record */
	int broken;   /* 0, or the errno for which records are refused */
	char *buf;    /* to be written after end_bytes */
	size_t buf_bytes;
	uint64_t lsn;         /* of the newest record */
	uint64_t written_lsn; /* in the file up to here */
	uint64_t synced_lsn;  /* on the disk up to here */
	uint64_t log_bytes;   /* of the segments that the newest snapshot does not replace */
	uint64_t bound_bytes; /* of log_bytes: above this a snapshot is needed */
	bool is_over;
	bool is_stopping; /* for the threads that wait for `changed` */
	uint64_t syncs_count;
	uint64_t refused_count;
};

/* Starts segment number; its first record follows lsn. Caller-allocated. */
int journal_log_open(struct journal_log *l, int dir_fd, uint64_t number, uint64_t lsn,
		     struct err *err);
void journal_log_close(struct journal_log *l); /* writes and syncs what is left */

/* Any thread. *lsn: of the record. -EDQUOT: no room; -EIO: broken. */
int journal_log_append(struct journal_log *l, struct span payload, uint64_t *lsn);

/* Any thread. Writes up to lsn at least; with is_synced also syncs it to the disk. -EIO. */
int journal_log_flush(struct journal_log *l, uint64_t lsn, bool is_synced);

/* The state at the change from one segment to the next. */
struct journal_turn {
	uint64_t number;    /* of the segment that began */
	uint64_t last_lsn;  /* before it */
	uint64_t old_bytes; /* subtracted from log_bytes */
	bool was_broken;    /* then the new segment gets no record until journal_log_mend */
};

/* Directs further records into the next segment. Earlier records are on the disk afterwards, or the
 * log is broken. One thread at a time. */
int journal_log_rotate(struct journal_log *l, struct journal_turn *turn, struct err *err);

/* Call when a snapshot on the disk includes everything before a turn at which the log was
 * broken. */
void journal_log_mend(struct journal_log *l);

void journal_log_stop(struct journal_log *l); /* sets is_stopping and wakes */

/* "journal-7.log", "snapshot-7". */
enum { JOURNAL_NAME_MAX = 48 };
void journal_file_name(enum journal_file_kind kind, uint64_t number, char out[JOURNAL_NAME_MAX]);

/* Creates a file with its head, for writing. Returns a descriptor or a negative errno. */
int journal_file_create(int dir_fd, const char *name, const struct journal_head *head,
			struct err *err);

int journal_write_all(int fd, struct span bytes, uint64_t offset);

#endif
