/* journal_util.h - projects with a journal, but without a daemon: opened, edited, compared. */
#ifndef DAEMON_TEST_JOURNAL_UTIL_H
#define DAEMON_TEST_JOURNAL_UTIL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/err.h"
#include "daemon/base/rng.h"
#include "daemon/store/journal.h"
#include "daemon/voxel/project.h"

/* Replaces the context of a daemon: one lock for all projects. */
struct world {
	pthread_mutex_t lock;
	struct project *projects[PROJECTS_MAX];
	size_t count;
	int32_t next_id;
	struct journal *journal;
};

/* Errors are those of journal_open; w is closed then. segment_bytes 0: only explicit snapshots. */
int world_open(struct world *w, const char *dir, enum journal_sync sync, uint64_t segment_bytes,
	       bool is_repairing, struct err *err);
void world_close(struct world *w);

/* To be called with the lock held; NULL: the journal failed. */
struct project *world_create(struct world *w, const char *name);
int world_remove(struct world *w, size_t i);

/* Makes a random edit of any kind; the engine may refuse it. */
void random_edit(struct rng *r, struct project *p);

bool same_document(const struct document *a, const struct document *b);
bool same_project(const struct project *a, const struct project *b);
bool same_world(const struct world *a, const struct world *b);

/* Copies every project, without the journal. */
void world_copy(struct world *to, const struct world *from);

/* Copies the files of a folder into a fresh one. */
void copy_folder(const char *from, const char *to);

#endif
