/* The common part of both contexts: the registry of projects, references to them, leases. */
#include "daemon/context/context.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"

const struct context_ops *const context_backends[] = {
	&context_per_worker_ops,
	&context_shared_ops,
	NULL,
};

static const struct backend *at(size_t i)
{
	return context_backends[i] ? &context_backends[i]->head : NULL;
}

const struct backend_axis context_axis = { .name = "context", .at = at };

int context_open(const char *name, const struct context_cfg *cfg, struct context **out,
		 struct err *err)
{
	const struct backend *which;
	struct context *c;
	void *object;
	int rc;

	if (!backend_find(&context_axis, name))
		return backend_unknown(&context_axis, name, err);
	if (cfg->leases_count < 1 || cfg->leases_count > CONTEXT_WORKERS_MAX)
		return err_set(err, -EINVAL, "%u threads that run methods are not in 1..%d",
			       cfg->leases_count, CONTEXT_WORKERS_MAX);
	rc = backend_new(&context_axis, name, &which, &object, err);
	if (rc < 0)
		return rc;
	c = object;
	c->ops = (const struct context_ops *)which;
	c->cfg = *cfg;
	c->next_id = 1;
	pthread_mutex_init(&c->registry, NULL);
	rc = c->ops->init(c, cfg, err);
	if (rc < 0) {
		pthread_mutex_destroy(&c->registry);
		free(c);
		return err_wrap(err, rc, "open context '%s'", name);
	}
	*out = c;
	return 0;
}

static void entry_free(struct context_entry *e)
{
	project_free(e->project);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

void context_close(struct context *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < CONTEXT_WORKERS_MAX; i++)
		assert(!c->is_taken[i]);
	for (size_t i = 0; i < c->entries_count; i++)
		entry_free(c->entries[i]);
	c->ops->deinit(c);
	pthread_mutex_destroy(&c->registry);
	free(c);
}

int context_attach(struct context *c, struct context_lease *lease, struct err *err)
{
	unsigned i = 0;
	int rc;

	pthread_mutex_lock(&c->registry);
	while (i < c->cfg.leases_count && c->is_taken[i])
		i++;
	if (i < c->cfg.leases_count)
		c->is_taken[i] = true;
	pthread_mutex_unlock(&c->registry);
	if (i == c->cfg.leases_count)
		return err_set(err, -ENOSPC, "all %u contexts are in use", i);
	*lease = (struct context_lease){ .context = c, .index = i };
	rc = c->ops->attach(c, lease, err);
	if (rc < 0) {
		pthread_mutex_lock(&c->registry);
		c->is_taken[i] = false;
		pthread_mutex_unlock(&c->registry);
		lease->context = NULL;
	}
	return rc;
}

void context_detach(struct context_lease *lease)
{
	struct context *c = lease->context;

	if (!c)
		return;
	context_leave(lease);
	c->ops->detach(c, lease);
	pthread_mutex_lock(&c->registry);
	c->is_taken[lease->index] = false;
	pthread_mutex_unlock(&c->registry);
	lease->context = NULL;
}

/* With the registry locked. */
static size_t index_of(const struct context *c, int32_t id)
{
	size_t i = 0;

	while (i < c->entries_count && c->entries[i]->id != id)
		i++;
	return i;
}

static int32_t default_id(struct context *c)
{
	return atomic_load_explicit(&c->default_id, memory_order_relaxed);
}

/* Returns a reference to the project with that id; NULL: none. */
static struct context_entry *entry_get(struct context *c, int32_t id)
{
	struct context_entry *e = NULL;
	size_t i;

	pthread_mutex_lock(&c->registry);
	i = index_of(c, id ? id : default_id(c));
	if (i < c->entries_count) {
		e = c->entries[i];
		e->refs++;
		e->used = ++c->uses;
	}
	pthread_mutex_unlock(&c->registry);
	return e;
}

static void entry_put(struct context *c, struct context_entry *e)
{
	bool is_last;

	pthread_mutex_lock(&c->registry);
	is_last = --e->refs == 0;
	pthread_mutex_unlock(&c->registry);
	if (is_last)
		entry_free(e);
}

/* How long a thread sleeps while waiting for a project before it calls cancel_check. */
enum { LOCK_WAIT_MS = 20 };

/* The thread sanitizer of gcc 12 does not see pthread_mutex_clocklock and reports every use. */
#ifdef __SANITIZE_THREAD__
#define LOCK_CLOCK               CLOCK_REALTIME
#define lock_until(mutex, until) pthread_mutex_timedlock(mutex, until)
#else
#define LOCK_CLOCK               CLOCK_MONOTONIC
#define lock_until(mutex, until) pthread_mutex_clocklock(mutex, LOCK_CLOCK, until)
#endif

static int lock_for_a_while(pthread_mutex_t *m)
{
	struct timespec until;

	clock_gettime(LOCK_CLOCK, &until);
	until.tv_nsec += LOCK_WAIT_MS * (long)NSEC_PER_MSEC;
	until.tv_sec += until.tv_nsec / (long)NSEC_PER_SEC;
	until.tv_nsec %= (long)NSEC_PER_SEC;
	return -lock_until(m, &until);
}

/*
 * Locks the entry even when cancel_check says stop: for work that must not be left half done.
 * cancel_check is called all the same, because the server counts the threads that wait long.
 */
static void entry_lock(struct context *c, struct context_entry *e)
{
	while (lock_for_a_while(c->ops->mutex(c, e)) < 0)
		(void)cancel_check();
}

static void entry_unlock(struct context *c, struct context_entry *e)
{
	pthread_mutex_unlock(c->ops->mutex(c, e));
}

/* Locks the entry for a request: 0, -EAGAIN when the lease must not wait, or the code of
 * cancel_check. */
static int entry_lock_for(struct context_lease *lease, struct context_entry *e)
{
	pthread_mutex_t *m = lease->context->ops->mutex(lease->context, e);

	if (pthread_mutex_trylock(m) == 0)
		return 0;
	if (lease->no_wait)
		return -EAGAIN;
	while (lock_for_a_while(m) < 0) {
		int rc = cancel_check();

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* With the entry's lock held. Writes is_modified only when it changes, which is rare. */
static bool note_modified(struct context_entry *e)
{
	/* A closed entry may have no project: its log refused it. */
	bool is_modified = !e->is_closed && project_is_modified(e->project);

	if (atomic_load_explicit(&e->is_modified, memory_order_relaxed) != is_modified)
		atomic_store_explicit(&e->is_modified, is_modified, memory_order_relaxed);
	return is_modified;
}

void context_leave(struct context_lease *lease)
{
	struct context_entry *e = lease->entry;

	if (!e)
		return;
	lease->entry = NULL;
	note_modified(e);
	entry_unlock(lease->context, e);
	entry_put(lease->context, e);
}

int context_enter(struct context_lease *lease, int32_t id, struct project **out)
{
	struct context *c = lease->context;
	struct context_entry *e = lease->entry;

	if (e && e->id == (id ? id : default_id(c))) {
		*out = e->project;
		return 0;
	}
	context_leave(lease);
	for (;;) {
		int rc;

		e = entry_get(c, id);
		if (!e)
			return -ENOENT;
		rc = entry_lock_for(lease, e);
		if (rc < 0) {
			entry_put(c, e);
			return rc;
		}
		lease->entry = e;
		if (!e->is_closed)
			break;
		context_leave(lease); /* closed between finding and locking it */
		if (id)
			return -ENOENT;
	}
	*out = e->project;
	return 0;
}

int context_snapshot(struct context_lease *lease, int32_t id, struct snapshot **out)
{
	struct project *p;
	struct snapshot *s;
	int rc = context_enter(lease, id, &p);

	if (rc < 0)
		return rc;
	s = snapshot_take(p);
	if (!s)
		return -ENOMEM;
	lease->context->ops->reading(lease->context, lease);
	*out = s;
	return 0;
}

/* With the registry locked: removes entry i; the caller gets its reference. */
static struct context_entry *take_out(struct context *c, size_t i)
{
	struct context_entry *e = c->entries[i];

	c->entries_count--;
	memmove(&c->entries[i], &c->entries[i + 1],
		(c->entries_count - i) * sizeof(struct context_entry *));
	if (default_id(c) == e->id)
		atomic_store_explicit(&c->default_id,
				      c->entries_count ? c->entries[c->entries_count - 1]->id : 0,
				      memory_order_relaxed);
	return e;
}

/* With the entry's lock held: removes it from the registry and drops the registry's reference. */
static void close_locked(struct context *c, struct context_entry *e)
{
	pthread_mutex_lock(&c->registry);
	(void)take_out(c, index_of(c, e->id));
	e->refs--; /* not the last reference: the caller has one */
	pthread_mutex_unlock(&c->registry);
	e->is_closed = true;
}

/* Waits until no thread is inside, then closes the entry; -ENOENT when it was closed already. Drops
 * the caller's reference; the lease holds nothing. */
static int entry_close(struct context *c, struct context_entry *e)
{
	int rc;

	entry_lock(c, e);
	rc = e->is_closed ? -ENOENT : project_closing(e->project);
	if (rc == 0)
		close_locked(c, e);
	entry_unlock(c, e);
	entry_put(c, e);
	return rc;
}

/* With the registry locked and full: returns the least recently used project without unsaved
 * changes, with a reference for the caller. NULL: all have unsaved changes. */
static struct context_entry *choose_oldest_saved(struct context *c)
{
	struct context_entry *oldest = NULL;

	for (size_t i = 0; i < c->entries_count; i++) {
		struct context_entry *e = c->entries[i];

		if (atomic_load_explicit(&e->is_modified, memory_order_relaxed))
			continue;
		if (!oldest || e->used < oldest->used)
			oldest = e;
	}
	if (oldest)
		oldest->refs++;
	return oldest;
}

/* Closes the entry unless it was edited or closed meanwhile: 1 when it did, 0, or the error of its
 * log. Drops the caller's reference; the lease holds nothing. */
static int close_if_saved(struct context *c, struct context_entry *e)
{
	int rc = 0;

	entry_lock(c, e);
	if (!e->is_closed && !note_modified(e)) {
		rc = project_closing(e->project);
		if (rc == 0) {
			close_locked(c, e);
			rc = 1;
		}
	}
	entry_unlock(c, e);
	entry_put(c, e);
	return rc;
}

/* Closes one project if the registry is full. *evicted_id: which one, or 0. -EBUSY: none can be
 * closed. */
static int make_room(struct context *c, int32_t *evicted_id)
{
	for (;;) {
		struct context_entry *e = NULL;
		bool is_full;
		int32_t id;
		int rc;

		pthread_mutex_lock(&c->registry);
		is_full = c->entries_count == PROJECTS_MAX;
		if (is_full)
			e = choose_oldest_saved(c);
		pthread_mutex_unlock(&c->registry);
		if (!is_full)
			return 0;
		if (!e)
			return -EBUSY;
		id = e->id;
		rc = close_if_saved(c, e);
		if (rc < 0)
			return rc;
		if (rc == 1) {
			*evicted_id = id;
			return 0;
		}
	}
}

/* With the registry locked: adds it as the newest. */
static void append(struct context *c, struct context_entry *e)
{
	e->used = ++c->uses;
	c->entries[c->entries_count++] = e;
	atomic_store_explicit(&c->default_id, e->id, memory_order_relaxed);
}

static int32_t id_after(int32_t id)
{
	return id == INT32_MAX ? 1 : id + 1;
}

/* Adds it to the registry as the newest, locked by the caller. False: the registry is full. */
static bool add(struct context *c, struct context_entry *e)
{
	bool has_room;

	pthread_mutex_lock(&c->registry);
	has_room = c->entries_count < PROJECTS_MAX;
	if (has_room) {
		e->id = c->next_id;
		e->project->id = c->next_id;
		c->next_id = id_after(c->next_id);
		e->refs = 2; /* the registry's and the lease's */
		append(c, e);
	}
	pthread_mutex_unlock(&c->registry);
	return has_room;
}

static struct context_entry *entry_new(struct project *p)
{
	struct context_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	pthread_mutex_init(&e->lock, NULL);
	e->project = p;
	e->id = p->id;
	return e;
}

/* Frees the entry but not the project, which belongs to the caller. */
static void entry_drop(struct context_entry *e)
{
	e->project = NULL;
	entry_free(e);
}

int context_add(struct context_lease *lease, struct project *p, int32_t *evicted_id)
{
	struct context *c = lease->context;
	struct context_entry *e = entry_new(p);
	int rc;

	if (!e)
		return -ENOMEM;
	context_leave(lease);
	*evicted_id = 0;
	for (;;) {
		rc = make_room(c, evicted_id);
		if (rc < 0) {
			entry_drop(e);
			return rc;
		}
		/* Locked before others can see it, so that nobody can close it first. */
		entry_lock(c, e);
		if (add(c, e))
			break;
		entry_unlock(c, e);
	}
	/* In the registry first: a snapshot of all projects that starts after this log record, and
	 * replaces it, must include the project. */
	rc = c->cfg.log_open ? c->cfg.log_open(c->cfg.log_ctx, p) : 0;
	if (rc < 0) {
		close_locked(c, e);
		e->project = NULL; /* belongs to the caller; threads waiting for the lock see that
				      it is closed */
		entry_unlock(c, e);
		entry_put(c, e);
		return rc;
	}
	lease->entry = e;
	return 0;
}

int context_create(struct context_lease *lease, const char *name, size_t name_len,
		   const int32_t size[3], struct project **out, int32_t *evicted_id)
{
	struct project *p;
	int rc = project_new(0, name, name_len, size, &p);

	if (rc < 0)
		return rc;
	rc = context_add(lease, p, evicted_id);
	if (rc < 0)
		project_free(p);
	else
		*out = p;
	return rc;
}

int context_adopt(struct context *c, struct project *p)
{
	struct context_entry *e = entry_new(p);
	bool has_room;

	if (!e)
		return -ENOMEM;
	pthread_mutex_lock(&c->registry);
	has_room = c->entries_count < PROJECTS_MAX;
	if (has_room) {
		e->refs = 1;
		append(c, e);
		note_modified(e);
	}
	pthread_mutex_unlock(&c->registry);
	if (!has_room)
		entry_drop(e);
	return has_room ? 0 : -ENOSPC;
}

void context_set_next_id(struct context *c, int32_t id)
{
	pthread_mutex_lock(&c->registry);
	c->next_id = id;
	pthread_mutex_unlock(&c->registry);
}

int context_each(struct context *c, int (*visit)(void *arg, struct project *p), void *arg,
		 int32_t *next_id)
{
	struct context_entry *entries[PROJECTS_MAX];
	size_t count;
	int rc = 0;

	pthread_mutex_lock(&c->registry);
	*next_id = c->next_id;
	count = c->entries_count;
	for (size_t i = 0; i < count; i++) {
		entries[i] = c->entries[i];
		entries[i]->refs++;
	}
	pthread_mutex_unlock(&c->registry);
	for (size_t i = 0; i < count; i++) {
		if (rc == 0) {
			entry_lock(c, entries[i]);
			if (!entries[i]->is_closed)
				rc = visit(arg, entries[i]->project);
			entry_unlock(c, entries[i]);
		}
		entry_put(c, entries[i]);
	}
	return rc;
}

int context_remove(struct context_lease *lease, int32_t id)
{
	struct context *c = lease->context;
	struct context_entry *e;

	context_leave(lease);
	e = entry_get(c, id);
	return e ? entry_close(c, e) : -ENOENT;
}

size_t context_list(struct context *c, int32_t *ids, int32_t *default_id_out)
{
	size_t count;

	pthread_mutex_lock(&c->registry);
	count = c->entries_count;
	for (size_t i = 0; i < count; i++)
		ids[i] = c->entries[i]->id;
	if (default_id_out)
		*default_id_out = default_id(c);
	pthread_mutex_unlock(&c->registry);
	return count;
}
