/*
 * context.h - the context axis: access of threads to projects, and their working memory.
 *
 * `per-worker` (v14) creates one whole engine workspace for each worker at start and lets one
 * request at a time use any document: one global lock, held through reads, edits, renders and
 * exports. `shared` (v15) creates everything on first use, locks each project separately, keeps
 * that lock for a group of requests, and gives long readers a copy-on-write snapshot without a
 * lock.
 *
 * A worker (or a reading thread that runs short methods) has a lease. It enters a project, works on
 * it, and calls done after each request and leave after each group of requests that were waiting
 * together. A lease holds at most one project's lock.
 */
#ifndef DAEMON_CONTEXT_CONTEXT_H
#define DAEMON_CONTEXT_CONTEXT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/backend.h"
#include "daemon/voxel/project.h"
#include "daemon/voxel/snapshot.h"

struct context;
struct context_entry;
struct context_lease;
struct err;
struct workspace;

enum {
	CONTEXT_WORKERS_MAX = 512, /* leases at once */
};

struct context_cfg {
	unsigned leases_count; /* threads that will run methods: 1..CONTEXT_WORKERS_MAX */
	unsigned eager_count;  /* of these, the number with a workspace from the start
				  (CONTEXT_CAP_EAGER) */
	/* Gives a new project its log, before others can enter it; NULL: projects have no log. On
	 * error the project is not opened. */
	int (*log_open)(void *ctx, struct project *p);
	void *log_ctx;
};

enum context_cap {
	CONTEXT_CAP_EAGER = 1 << 0,     /* workspaces exist before the first request */
	CONTEXT_CAP_GROUPS = 1 << 1,    /* the lock is kept through a group */
	CONTEXT_CAP_SNAPSHOTS = 1 << 2, /* long readers hold no lock */
};

/* One backend. Every method is present. */
struct context_ops {
	struct backend head;
	unsigned caps;

	int (*init)(struct context *c, const struct context_cfg *cfg, struct err *err);
	void (*deinit)(struct context *c);
	/* Creates lease->workspace. Called by the thread that will use it. -ENOMEM. */
	int (*attach)(struct context *c, struct context_lease *lease, struct err *err);
	void (*detach)(struct context *c, struct context_lease *lease);
	/* The mutex that protects the entry. */
	pthread_mutex_t *(*mutex)(struct context *c, struct context_entry *entry);
	/* A request has ended: unlocks, or keeps the lock for the rest of the group. */
	void (*done)(struct context *c, struct context_lease *lease);
	/* A snapshot was taken for a long reader: unlocks, or keeps all others waiting for the
	 * reader. */
	void (*reading)(struct context *c, struct context_lease *lease);
};

/* One open project. Referenced by the registry and by every lease that waits for it or holds it. */
struct context_entry {
	int32_t id;    /* never changes */
	uint32_t refs; /* under context.registry */
	uint64_t used; /* under context.registry; order of the last entry, counted in entries */
	struct project *project; /* its contents are under the entry's lock */
	bool is_closed;          /* under the entry's lock: taken out of the registry */
	/* Has unsaved changes, as of the last time a lease left it. Written under the entry's lock;
	 * read without it to choose which project to close, and then checked again. */
	atomic_bool is_modified;
	pthread_mutex_t lock; /* used by backends that lock each project separately */
};

struct context {
	const struct context_ops *ops; /* first member of every backend's struct */
	struct context_cfg cfg;
	pthread_mutex_t
		registry; /* protects what follows; a leaf lock, held for a few instructions */
	struct context_entry *entries[PROJECTS_MAX]; /* in order of opening */
	size_t entries_count;
	int32_t next_id;
	_Atomic int32_t default_id; /* the one opened last; 0 = none; read without the lock */
	uint64_t uses;
	bool is_taken[CONTEXT_WORKERS_MAX]; /* lease numbers in use */
};

/* Caller-allocated; one thread. */
struct context_lease {
	struct context *context;
	unsigned index;              /* 0 .. leases_count - 1 */
	struct workspace *workspace; /* this thread's working memory */
	struct context_entry *entry; /* whose lock is held; NULL = none */
	bool no_wait; /* set by threads that must not sleep: context_enter then returns -EAGAIN
		       */
};

/* The implementations. Only context.c, bench/ and tests name one directly. */
extern const struct context_ops context_per_worker_ops;
extern const struct context_ops context_shared_ops;
extern const struct context_ops *const context_backends[];
extern const struct backend_axis context_axis; /* the same */

int context_open(const char *name, const struct context_cfg *cfg, struct context **out,
		 struct err *err);
void context_close(struct context *c); /* frees the projects; no lease may be attached */

/* -ENOSPC above cfg.leases_count. */
int context_attach(struct context *c, struct context_lease *lease, struct err *err);
void context_detach(struct context_lease *lease);

/*
 * Enters the project with that id (0 = the default), locked for this lease until done or leave.
 * -ENOENT: no such project, or none at all; -EAGAIN: a lease with no_wait would have to wait;
 * -ECANCELED, -ETIMEDOUT: cancel_check returned it while another thread held the project.
 */
int context_enter(struct context_lease *lease, int32_t id, struct project **out);

/*
 * Takes a snapshot of the project for a long reader; free it with snapshot_put. Afterwards the
 * lease holds no lock (or, in `per-worker`, keeps all others out until done). -ENOENT, -ENOMEM.
 */
int context_snapshot(struct context_lease *lease, int32_t id, struct snapshot **out);

/*
 * Creates a project with a new id as the newest and the default; the lease enters it. When
 * PROJECTS_MAX are open, the least recently used one without unsaved changes is closed, and
 * *evicted_id says which (else 0). -EBUSY: all have unsaved changes. -ENOMEM.
 */
int context_create(struct context_lease *lease, const char *name, size_t name_len,
		   const int32_t size[3], struct project **out, int32_t *evicted_id);

/* The same for an existing project; on success the callee owns p. */
int context_add(struct context_lease *lease, struct project *p, int32_t *evicted_id);

/* Closes the project after whoever is inside has finished. -ENOENT; or the error of its log: it
 * stays open. */
int context_remove(struct context_lease *lease, int32_t id);

/* Adds a restored project, with its id and its log, as the newest. Call before there is any lease.
 * -ENOMEM, -ENOSPC. */
int context_adopt(struct context *c, struct project *p);
void context_set_next_id(struct context *c, int32_t id);

/* Calls visit for each open project with its lock held, in order of opening; waits for the locks.
 * *next_id is the id of the next new project at the start of the call. The first error of visit
 * ends it. */
int context_each(struct context *c, int (*visit)(void *arg, struct project *p), void *arg,
		 int32_t *next_id);

/* ids[PROJECTS_MAX] in order of opening; returns how many. *default_id may be NULL. */
size_t context_list(struct context *c, int32_t *ids, int32_t *default_id);

/* Call after each request, and after each group of requests. */
static inline void context_done(struct context_lease *lease)
{
	if (lease->entry)
		lease->context->ops->done(lease->context, lease);
}

void context_leave(struct context_lease *lease);

#endif
