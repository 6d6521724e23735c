/* journal_private.h - private to journal*.c: the journal and its threads. */
#ifndef DAEMON_STORE_JOURNAL_PRIVATE_H
#define DAEMON_STORE_JOURNAL_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "daemon/store/journal.h"
#include "daemon/store/journal_log.h"
#include "daemon/voxel/project.h"

/* The results of the start; unchanged afterwards. */
struct journal_start {
	uint64_t records_count;
	uint64_t projects_count;
	uint64_t cut_bytes;
	uint64_t elapsed_ns;
};

/* Of the newest snapshot; under journal.lock. */
struct journal_snapshot {
	uint64_t number; /* 0: there is none */
	uint64_t bytes;
	uint64_t wall_ns; /* when it was completed; 0: before this start */
	uint64_t elapsed_ns;
	uint64_t count;        /* since the start */
	uint64_t failed_count; /* since the start */
};

struct journal {
	struct journal_cfg cfg;
	char *dir; /* owned */
	int dir_fd;
	int lock_fd;
	struct journal_log log;
	struct journal_start start;
	pthread_mutex_t lock; /* a leaf lock: no other lock is taken while it is held */
	struct journal_snapshot snapshot;
	pthread_t syncer;
	pthread_t snapshooter;
	bool has_syncer;
	bool has_snapshooter;
};

/* The part of a project's log that the journal keeps. */
struct journal_project {
	struct project_log base;
	struct journal *journal;
	uint64_t lsn; /* of the last complete change */
	struct strbuf part;
};

/* A thread's function: writes snapshots when the log is over its bound or broken. */
void *journal_snapshot_run(void *journal);

/* The bound of the log with a snapshot of that size. */
uint64_t journal_bound(const struct journal *j, uint64_t snapshot_bytes);

#endif
