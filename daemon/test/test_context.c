/* every context passes the same cases; run under TSan too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/context/context.h"
#include "daemon/context/workspace.h"

enum { THREADS = 3, ROUNDS = 3000 };

static const int32_t size[3] = { 8, 8, 8 };

static struct context *open_context(const struct context_ops *ops, unsigned leases_count)
{
	struct context_cfg cfg = { .leases_count = leases_count, .eager_count = leases_count };
	struct err err = ERR_INIT;
	struct context *c = NULL;

	assert_int_equal(context_open(ops->head.name, &cfg, &c, &err), 0);
	return c;
}

static void attach(struct context *c, struct context_lease *lease)
{
	struct err err = ERR_INIT;

	assert_int_equal(context_attach(c, lease, &err), 0);
	assert_non_null(lease->workspace);
}

static int32_t create(struct context_lease *lease)
{
	struct project *p;
	int32_t evicted;

	assert_int_equal(context_create(lease, "p", 1, size, &p, &evicted), 0);
	return p->id;
}

static void leases_are_counted(const struct context_ops *ops)
{
	struct context *c = open_context(ops, 2);
	struct context_lease lease[3];
	struct err err = ERR_INIT;

	attach(c, &lease[0]);
	attach(c, &lease[1]);
	assert_int_equal(context_attach(c, &lease[2], &err), -ENOSPC);
	context_detach(&lease[0]);
	attach(c, &lease[2]);
	assert_int_equal(lease[2].index, 0);
	assert_non_null(workspace_voxels(lease[2].workspace, 1000));
	assert_null(workspace_voxels(lease[2].workspace, WORKSPACE_VOXELS_MAX + 1));
	context_detach(&lease[1]);
	context_detach(&lease[2]);
	context_close(c);
}

static void newest_is_the_default(const struct context_ops *ops)
{
	struct context *c = open_context(ops, 1);
	struct context_lease lease;
	struct project *p;
	int32_t ids[PROJECTS_MAX];
	int32_t a;
	int32_t b;

	attach(c, &lease);
	assert_int_equal(context_enter(&lease, 0, &p), -ENOENT);
	a = create(&lease);
	b = create(&lease);
	assert_int_equal(context_enter(&lease, 0, &p), 0);
	assert_int_equal(p->id, b);
	assert_int_equal(context_enter(&lease, a, &p), 0);
	assert_int_equal(p->id, a);
	assert_int_equal(context_remove(&lease, b), 0);
	assert_int_equal(context_enter(&lease, b, &p), -ENOENT);
	assert_int_equal(context_enter(&lease, 0, &p), 0);
	assert_int_equal(p->id, a);
	assert_int_equal(context_list(c, ids, NULL), 1);
	assert_int_equal(context_remove(&lease, 0), 0);
	assert_int_equal(context_remove(&lease, 0), -ENOENT);
	context_detach(&lease);
	context_close(c);
}

static void one_too_many_closes_the_least_used(const struct context_ops *ops)
{
	struct context *c = open_context(ops, 1);
	struct context_lease lease;
	struct project *p;
	int32_t ids[PROJECTS_MAX];
	int32_t first;
	int32_t second;
	int32_t evicted;

	attach(c, &lease);
	first = create(&lease);
	second = create(&lease);
	for (int i = 2; i < PROJECTS_MAX; i++)
		create(&lease);
	assert_int_equal(context_enter(&lease, first, &p), 0);
	assert_int_equal(context_create(&lease, "p", 1, size, &p, &evicted), 0);
	assert_int_equal(evicted, second);
	assert_int_equal(context_list(c, ids, NULL), PROJECTS_MAX);
	context_detach(&lease);
	context_close(c);
}

static void edit(struct context_lease *lease, int32_t id, int32_t x)
{
	struct voxel v = { x, 0, 0, RGBA_WHITE };
	struct project *p;

	assert_int_equal(context_enter(lease, id, &p), 0);
	assert_int_equal(project_set_voxel(p, document_active(&p->doc), &v, NULL), 0);
}

/* Issue 7, item 2: nobody's unsaved work goes to make room for somebody else's project. */
static void unsaved_projects_are_never_closed_for_others(const struct context_ops *ops)
{
	struct context *c = open_context(ops, 1);
	struct context_lease lease;
	struct project *p = NULL;
	int32_t ids[PROJECTS_MAX];
	int32_t evicted;

	attach(c, &lease);
	for (int i = 0; i < PROJECTS_MAX; i++) {
		ids[i] = create(&lease);
		if (i != 40) /* used longest ago of those unchanged, and the only one */
			edit(&lease, ids[i], i);
	}
	assert_int_equal(context_create(&lease, "p", 1, size, &p, &evicted), 0);
	assert_int_equal(evicted, ids[40]);
	edit(&lease, p->id, 1);
	assert_int_equal(context_create(&lease, "p", 1, size, &p, &evicted), -EBUSY);
	assert_int_equal(evicted, 0);
	assert_int_equal(context_list(c, ids, NULL), PROJECTS_MAX);
	/* A save makes one that may be closed, and so does closing one. */
	assert_int_equal(context_enter(&lease, ids[7], &p), 0);
	p->saved_version = p->doc.version;
	assert_int_equal(context_create(&lease, "p", 1, size, &p, &evicted), 0);
	assert_int_equal(evicted, ids[7]);
	edit(&lease, p->id, 1);
	assert_int_equal(context_remove(&lease, ids[8]), 0);
	assert_int_equal(context_create(&lease, "p", 1, size, &p, &evicted), 0);
	assert_int_equal(evicted, 0);
	context_detach(&lease);
	context_close(c);
}

/* Opens projects and edits every second of them, so that there is always one to close. */
static void *open_many(void *arg)
{
	struct context *c = arg;
	struct context_lease lease;

	attach(c, &lease);
	for (int i = 0; i < ROUNDS / 10; i++) {
		struct project *p;
		int32_t evicted;
		int rc = context_create(&lease, "p", 1, size, &p, &evicted);

		assert_true(rc == 0 || rc == -EBUSY);
		if (rc == 0 && i % 2)
			edit(&lease, p->id, i);
		if (rc == -EBUSY && context_enter(&lease, 0, &p) == 0)
			p->saved_version = p->doc.version;
	}
	context_detach(&lease);
	return NULL;
}

static void many_open_at_once(const struct context_ops *ops)
{
	struct context *c = open_context(ops, THREADS);
	pthread_t threads[THREADS];
	int32_t ids[PROJECTS_MAX];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, open_many, c), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(context_list(c, ids, NULL), PROJECTS_MAX);
	context_close(c);
}

/* ---- logs ----------------------------------------------------------------- */

/* What the log was told, and whether it refuses. */
static struct {
	int opened_count;
	int closed_count;
	bool is_refusing;
} logged;

static int log_closed(struct project_log *log, const struct project *p)
{
	(void)log;
	(void)p;
	logged.closed_count += !logged.is_refusing;
	return logged.is_refusing ? -EDQUOT : 0;
}

static void log_free(struct project_log *log)
{
	(void)log;
}

static int log_opened(void *ctx, struct project *p)
{
	static const struct project_log_ops ops = { .closed = log_closed, .free = log_free };
	static struct project_log log = { .ops = &ops };

	assert_ptr_equal(ctx, &logged);
	if (logged.is_refusing)
		return -EDQUOT;
	p->log = &log;
	logged.opened_count++;
	return 0;
}

static int count_projects(void *arg, struct project *p)
{
	int32_t *last = arg;

	assert_true(p->id > *last); /* in order of opening */
	*last = p->id;
	return 0;
}

static void a_log_that_refuses_leaves_all_as_it_was(const struct context_ops *ops)
{
	struct context_cfg cfg = {
		.leases_count = 1,
		.eager_count = 1,
		.log_open = log_opened,
		.log_ctx = &logged,
	};
	struct context_lease lease;
	struct context *c = NULL;
	struct project *p;
	int32_t ids[PROJECTS_MAX];
	int32_t default_id;
	int32_t evicted;
	int32_t last = 0;
	int32_t next_id;
	int32_t id;

	logged.opened_count = logged.closed_count = 0;
	logged.is_refusing = false;
	assert_int_equal(context_open(ops->head.name, &cfg, &c, NULL), 0);
	attach(c, &lease);
	id = create(&lease);
	assert_int_equal(logged.opened_count, 1);
	logged.is_refusing = true;
	assert_int_equal(context_create(&lease, "p", 1, size, &p, &evicted), -EDQUOT);
	assert_int_equal(context_remove(&lease, id), -EDQUOT);
	assert_int_equal(context_list(c, ids, &default_id), 1);
	assert_int_equal(default_id, id);
	assert_int_equal(context_enter(&lease, 0, &p), 0);
	assert_int_equal(p->id, id);
	logged.is_refusing = false;
	for (int i = 1; i < PROJECTS_MAX; i++)
		create(&lease);
	/* Nor is one closed for another one. */
	logged.is_refusing = true;
	assert_int_equal(context_create(&lease, "p", 1, size, &p, &evicted), -EDQUOT);
	assert_int_equal(context_list(c, ids, NULL), PROJECTS_MAX);
	logged.is_refusing = false;
	assert_int_equal(context_create(&lease, "p", 1, size, &p, &evicted), 0);
	assert_int_equal(evicted, id);
	assert_int_equal(logged.closed_count, 1);
	context_leave(&lease);
	assert_int_equal(context_each(c, count_projects, &last, &next_id), 0);
	assert_int_equal(last, next_id - 1);
	context_detach(&lease);
	context_close(c);
}

static void projects_of_before_are_adopted(const struct context_ops *ops)
{
	struct context *c = open_context(ops, 1);
	struct context_lease lease;
	struct project *p;
	int32_t evicted;

	for (int32_t id = 3; id < 6; id += 2) {
		assert_int_equal(project_new(id, "p", 1, size, &p), 0);
		assert_int_equal(context_adopt(c, p), 0);
	}
	context_set_next_id(c, 9);
	attach(c, &lease);
	assert_int_equal(context_enter(&lease, 0, &p), 0);
	assert_int_equal(p->id, 5);
	assert_int_equal(context_enter(&lease, 3, &p), 0);
	assert_int_equal(context_create(&lease, "p", 1, size, &p, &evicted), 0);
	assert_int_equal(p->id, 9);
	context_detach(&lease);
	context_close(c);
}

static void a_lease_may_refuse_to_wait(const struct context_ops *ops)
{
	struct context *c = open_context(ops, 2);
	struct context_lease holder;
	struct context_lease other;
	struct project *p;

	attach(c, &holder);
	attach(c, &other);
	create(&holder);
	context_leave(&holder);
	other.no_wait = true;
	assert_int_equal(context_enter(&other, 0, &p), 0);
	context_leave(&other);
	assert_int_equal(context_enter(&holder, 0, &p), 0);
	assert_int_equal(context_enter(&other, 0, &p), -EAGAIN);
	context_done(&holder);
	/* Until the group ends, where groups keep their lock. */
	assert_int_equal(context_enter(&other, 0, &p),
			 ops->caps & CONTEXT_CAP_GROUPS ? -EAGAIN : 0);
	context_leave(&other);
	context_leave(&holder);
	assert_int_equal(context_enter(&other, 0, &p), 0);
	context_detach(&holder);
	context_detach(&other);
	context_close(c);
}

struct waiting {
	struct context *c;
	struct context_lease lease;
	pthread_t thread;
	int rc;
};

static void *enter_the_default(void *arg)
{
	struct waiting *w = arg;
	struct project *p;

	w->rc = context_enter(&w->lease, 0, &p);
	context_leave(&w->lease);
	return NULL;
}

/* A log that refuses the project once somebody else waits for it. */
static int refuse_when_awaited(void *ctx, struct project *p)
{
	struct waiting *w = ctx;
	uint32_t refs = 0;

	(void)p;
	assert_int_equal(pthread_create(&w->thread, NULL, enter_the_default, w), 0);
	while (refs < 3) { /* the registry's, the maker's, and that of who waits */
		pthread_mutex_lock(&w->c->registry);
		refs = w->c->entries[w->c->entries_count - 1]->refs;
		pthread_mutex_unlock(&w->c->registry);
		sched_yield();
	}
	return -EIO;
}

static void who_waits_for_a_refused_project_finds_none(const struct context_ops *ops)
{
	struct waiting w = { 0 };
	struct context_cfg cfg = {
		.leases_count = 2, .eager_count = 2, .log_open = refuse_when_awaited, .log_ctx = &w
	};
	struct context_lease maker;
	struct project *p;
	int32_t evicted;

	assert_int_equal(context_open(ops->head.name, &cfg, &w.c, NULL), 0);
	attach(w.c, &maker);
	attach(w.c, &w.lease);
	assert_int_equal(context_create(&maker, "p", 1, size, &p, &evicted), -EIO);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.rc, -ENOENT);
	context_detach(&maker);
	context_detach(&w.lease);
	context_close(w.c);
}

/* A thread that gave back its large array is followed by another: nothing is made twice.
 * LeakSanitizer watches. */
static void a_place_is_taken_over_after_a_trim(const struct context_ops *ops)
{
	struct context *c = open_context(ops, 1);
	struct context_lease lease;

	attach(c, &lease);
	assert_non_null(workspace_voxels(lease.workspace, WORKSPACE_VOXELS_MAX));
	workspace_trim(lease.workspace);
	assert_null(lease.workspace->voxels);
	context_detach(&lease);
	attach(c, &lease);
	assert_non_null(workspace_voxels(lease.workspace, 1));
	context_detach(&lease);
	context_close(c);
}

static void long_readers_follow_the_caps(const struct context_ops *ops)
{
	struct context *c = open_context(ops, 2);
	struct context_lease reader;
	struct context_lease editor;
	struct voxel v = { 1, 2, 3, RGBA_WHITE };
	struct snapshot *s;
	struct project *p;

	attach(c, &reader);
	attach(c, &editor);
	editor.no_wait = true;
	create(&reader);
	context_leave(&reader);
	assert_int_equal(context_snapshot(&reader, 0, &s), 0);
	if (ops->caps & CONTEXT_CAP_SNAPSHOTS) {
		assert_int_equal(context_enter(&editor, 0, &p), 0);
		assert_int_equal(project_set_voxel(p, document_active(&p->doc), &v, NULL), 0);
		assert_int_equal(document_voxels_count(&p->doc), 1);
		context_leave(&editor);
	} else {
		assert_int_equal(context_enter(&editor, 0, &p), -EAGAIN);
	}
	assert_int_equal(document_voxels_count(&s->doc), 0);
	snapshot_put(s);
	context_done(&reader);
	assert_int_equal(context_enter(&editor, 0, &p), 0);
	context_detach(&reader);
	context_detach(&editor);
	context_close(c);
}

/* Counts up a voxel's color in small steps: lost ones would show. */
static void *count_up(void *arg)
{
	struct context *c = arg;
	struct context_lease lease;

	attach(c, &lease);
	for (int i = 0; i < ROUNDS; i++) {
		struct project *p;
		struct layer *l;
		struct voxel v = { 5, 5, 5, 0 };

		assert_int_equal(context_enter(&lease, 0, &p), 0);
		l = document_active(&p->doc);
		v.color = (volume_get(&l->volume, 5, 5, 5) + 1) | 0xff000000u;
		assert_int_equal(project_set_voxel(p, l, &v, NULL), 0);
		context_done(&lease);
		if (i % 8 == 7)
			context_leave(&lease);
	}
	context_detach(&lease);
	return NULL;
}

/* Reads snapshots at length while others edit: a snapshot never changes. */
static void *read_on(void *arg)
{
	struct context *c = arg;
	struct context_lease lease;

	attach(c, &lease);
	for (int i = 0; i < ROUNDS / 10; i++) {
		struct snapshot *s;
		struct volume picture = { 0 };
		rgba first;

		assert_int_equal(context_snapshot(&lease, 0, &s), 0);
		first = volume_get(&s->doc.layers[0]->volume, 5, 5, 5);
		for (int k = 0; k < 100; k++)
			assert_int_equal(volume_get(&s->doc.layers[0]->volume, 5, 5, 5), first);
		assert_int_equal(document_merge_visible(&s->doc, &picture), 0);
		assert_int_equal(volume_get(&picture, 5, 5, 5), first);
		volume_deinit(&picture);
		snapshot_put(s);
		context_done(&lease);
	}
	context_detach(&lease);
	return NULL;
}

static void edits_exclude_each_other(const struct context_ops *ops)
{
	struct context *c = open_context(ops, THREADS + 2);
	struct context_lease lease;
	pthread_t threads[THREADS + 1];
	struct project *p;

	attach(c, &lease);
	create(&lease);
	context_leave(&lease);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up, c), 0);
	assert_int_equal(pthread_create(&threads[THREADS], NULL, read_on, c), 0);
	for (int i = 0; i <= THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(context_enter(&lease, 0, &p), 0);
	assert_int_equal(volume_get(&document_active(&p->doc)->volume, 5, 5, 5) & 0xffffffu,
			 THREADS * ROUNDS);
	context_detach(&lease);
	context_close(c);
}

/* Opens, uses and closes projects that others may be in. */
static void *come_and_go(void *arg)
{
	struct context *c = arg;
	struct context_lease lease;

	attach(c, &lease);
	for (int i = 0; i < ROUNDS / 10; i++) {
		struct voxel v = { i, 0, 0, RGBA_WHITE };
		int32_t ids[PROJECTS_MAX];
		struct project *p;
		size_t count;
		int32_t evicted;
		int rc = context_create(&lease, "p", 1, size, &p, &evicted);

		assert_true(rc == 0 || rc == -EBUSY);
		count = context_list(c, ids, NULL);
		for (size_t k = 0; k < count; k++)
			if (context_enter(&lease, ids[k], &p) == 0)
				assert_int_equal(
					project_set_voxel(p, document_active(&p->doc), &v, NULL),
					0);
		if (i % 2 || rc == -EBUSY)
			context_remove(&lease, 0);
		if (i % 3 == 0)
			context_leave(&lease);
	}
	context_detach(&lease);
	return NULL;
}

static void projects_close_under_others(const struct context_ops *ops)
{
	struct context *c = open_context(ops, THREADS);
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, c), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	context_close(c);
}

static void for_each(void (*check)(const struct context_ops *))
{
	for (size_t i = 0; context_backends[i]; i++)
		check(context_backends[i]);
}

#define CASE(name)                            \
	static void test_##name(void **state) \
	{                                     \
		(void)state;                  \
		for_each(name);               \
	}

CASE(leases_are_counted)
CASE(newest_is_the_default)
CASE(one_too_many_closes_the_least_used)
CASE(a_log_that_refuses_leaves_all_as_it_was)
CASE(projects_of_before_are_adopted)
CASE(unsaved_projects_are_never_closed_for_others)
CASE(many_open_at_once)
CASE(a_lease_may_refuse_to_wait)
CASE(who_waits_for_a_refused_project_finds_none)
CASE(a_place_is_taken_over_after_a_trim)
CASE(long_readers_follow_the_caps)
CASE(edits_exclude_each_other)
CASE(projects_close_under_others)

static void test_bad_configurations(void **state)
{
	struct context_cfg cfg = { .leases_count = 0 };
	struct context *c;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(context_open("none", &cfg, &c, &err), -ENOENT);
	err = ERR_INIT;
	assert_int_equal(context_open("shared", &cfg, &c, &err), -EINVAL);
	cfg.leases_count = CONTEXT_WORKERS_MAX + 1;
	err = ERR_INIT;
	assert_int_equal(context_open("per-worker", &cfg, &c, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leases_are_counted),
		cmocka_unit_test(test_newest_is_the_default),
		cmocka_unit_test(test_one_too_many_closes_the_least_used),
		cmocka_unit_test(test_a_log_that_refuses_leaves_all_as_it_was),
		cmocka_unit_test(test_projects_of_before_are_adopted),
		cmocka_unit_test(test_unsaved_projects_are_never_closed_for_others),
		cmocka_unit_test(test_many_open_at_once),
		cmocka_unit_test(test_a_lease_may_refuse_to_wait),
		cmocka_unit_test(test_who_waits_for_a_refused_project_finds_none),
		cmocka_unit_test(test_a_place_is_taken_over_after_a_trim),
		cmocka_unit_test(test_long_readers_follow_the_caps),
		cmocka_unit_test(test_edits_exclude_each_other),
		cmocka_unit_test(test_projects_close_under_others),
		cmocka_unit_test(test_bad_configurations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
