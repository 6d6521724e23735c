/*
 * journal_log.h - private to journal*.c: the segment that is written now, and its way to the disk.
 *
 * Records are collected in memory and written when somebody needs them written
 * (journal_log_settle, before replies leave), so that a group of edits costs one write(2). Room for
 * them is reserved when they are appended: a full disk is found while the edit can still be
 * refused. A file system that cannot reserve gets a write for each record.
 *
 * A write or sync that fails nevertheless is not tried again, since the kernel may have dropped
 * what it could not write. The log is then broken and refuses records, until a snapshot has been
 * written that makes the old segments unnecessary (journal_log_mend).
 *
 * One thread syncs for all that wait: whoever comes meanwhile shares the next sync.
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

	pthread_mutex_t lock;   /* of what follows */
	pthread_cond_t changed; /* synced, broken, mended, or there is something to sync again */
	int fd;
	uint64_t number;
	uint64_t end_bytes;      /* of this segment, as written */
	uint64_t reserved_bytes; /* of its file, from its start */
	bool is_reserving;
	bool is_syncing;
	bool is_full; /* the last record found no room */
	int broken;   /* 0, or the errno for which records are refused */
	char *buf;    /* comes behind end_bytes */
	size_t buf_bytes;
	uint64_t lsn;         /* of the newest record */
	uint64_t written_lsn; /* in the file up to here */
	uint64_t synced_lsn;  /* on the disk up to here */
	uint64_t log_bytes;   /* of the segments that the newest snapshot does not replace */
	uint64_t bound_bytes; /* of log_bytes: with more, a snapshot is wanted */
	bool is_over;
	bool is_stopping; /* for the threads that wait for `changed` */
	uint64_t syncs_count;
	uint64_t refused_count;
};

/* Begins segment number, whose first record is the one after lsn. Caller-allocated. */
int journal_log_open(struct journal_log *l, int dir_fd, uint64_t number, uint64_t lsn,
		     struct err *err);
void journal_log_close(struct journal_log *l); /* writes and syncs what is left */

/* Any thread. *lsn: of the record. -EDQUOT: no room; -EIO: broken. */
int journal_log_append(struct journal_log *l, struct span payload, uint64_t *lsn);

/* Any thread. Writes up to lsn at least; with is_synced it is on the disk then. -EIO. */
int journal_log_settle(struct journal_log *l, uint64_t lsn, bool is_synced);

/* What one segment's end was like. */
struct journal_turn {
	uint64_t number;    /* of the segment that began */
	uint64_t last_lsn;  /* before it */
	uint64_t old_bytes; /* taken off log_bytes */
	bool was_broken;    /* so that the new segment has no record until journal_log_mend */
};

/* Records from now on go into the next segment. What came before is on the disk then, or the log is
 * broken. One thread at a time. */
int journal_log_rotate(struct journal_log *l, struct journal_turn *turn, struct err *err);

/* A snapshot on the disk has everything from before a turn at which the log was broken. */
void journal_log_mend(struct journal_log *l);

void journal_log_stop(struct journal_log *l); /* sets is_stopping and wakes */

/* "journal-7.log", "snapshot-7". */
enum { JOURNAL_NAME_MAX = 48 };
void journal_file_name(enum journal_file_kind kind, uint64_t number, char out[JOURNAL_NAME_MAX]);

/* A new file with its head, for writing. A descriptor or a negative errno. */
int journal_file_create(int dir_fd, const char *name, const struct journal_head *head,
			struct err *err);

int journal_write_all(int fd, struct span bytes, uint64_t offset);

#endif
