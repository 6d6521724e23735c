/*
 * bench_context.c - the context axis: entering and leaving a project, per request and per group of
 * 32; two threads in one project and in two; a snapshot for a reader.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/suite/suite.h"
#include "daemon/base/err.h"
#include "daemon/context/context.h"

enum { GROUP = 32, THREADS_MAX = 4 };

struct shared {
	struct context *c;
	int32_t ids[THREADS_MAX]; /* a project for each thread */
};

static int make_projects(struct bench_state *s, struct shared *shared)
{
	static const int32_t size[3] = { 64, 64, 64 };
	struct context_lease lease = { 0 };
	struct err err = ERR_INIT;
	struct project *p, *again;
	int32_t evicted;
	int rc = context_attach(shared->c, &lease, &err);

	if (rc < 0)
		return suite_fail(s, rc, "%s", err.msg);
	for (size_t i = 0; i < THREADS_MAX && rc == 0; i++) {
		rc = context_create(&lease, "bench", 5, size, &p, &evicted);
		if (rc < 0)
			break;
		shared->ids[i] = p->id;
		context_leave(&lease);
		rc = context_enter(&lease, shared->ids[i], &again);
		if (rc < 0 || again != p || context_enter(&lease, -5, &again) != -ENOENT)
			rc = suite_wrong(s, "project %d is not found by its id", shared->ids[i]);
		context_leave(&lease);
	}
	context_detach(&lease);
	return rc;
}

static void tear_down(struct bench_state *s, void *arg)
{
	struct shared *shared = arg;

	(void)s;
	context_close(shared->c);
	free(shared);
}

static int set_up(struct bench_state *s, void **out)
{
	const struct context_ops *ops = bench_context(s);
	struct context_cfg cfg = { .leases_count = THREADS_MAX + 1,
				   .eager_count = THREADS_MAX + 1 };
	struct shared *shared = calloc(1, sizeof(*shared));
	struct err err = ERR_INIT;
	int rc;

	if (!shared)
		return -ENOMEM;
	rc = context_open(ops->head.name, &cfg, &shared->c, &err);
	if (rc < 0) {
		free(shared);
		return suite_fail(s, rc, "%s", err.msg);
	}
	rc = make_projects(s, shared);
	if (rc < 0)
		tear_down(s, shared);
	else
		*out = shared;
	return rc;
}

static int attach(struct bench_state *s, void *arg, void **out)
{
	struct shared *shared = arg;
	struct context_lease *lease = calloc(1, sizeof(*lease));
	struct err err = ERR_INIT;
	int rc;

	if (!lease)
		return -ENOMEM;
	rc = context_attach(shared->c, lease, &err);
	if (rc < 0) {
		free(lease);
		return suite_fail(s, rc, "%s", err.msg);
	}
	*out = lease;
	return 0;
}

static void detach(struct bench_state *s, void *local)
{
	(void)s;
	context_detach(local);
	free(local);
}

static void visit(struct bench_state *s, int32_t id, int group)
{
	struct context_lease *lease = bench_local(s);
	struct project *p;

	BENCH_LOOP(s) {
		for (int i = 0; i < group; i++) {
			if (context_enter(lease, id, &p) < 0)
				suite_wrong(s, "project %d is gone", id);
			context_done(lease);
		}
		context_leave(lease);
	}
	bench_items_processed(s, bench_iterations_done(s) * (unsigned)group);
}

static void one(struct bench_state *s)
{
	const struct shared *shared = bench_shared(s);

	visit(s, shared->ids[0], 1);
}

static void group(struct bench_state *s)
{
	const struct shared *shared = bench_shared(s);

	visit(s, shared->ids[0], GROUP);
}

static void own_project(struct bench_state *s)
{
	const struct shared *shared = bench_shared(s);

	visit(s, shared->ids[bench_thread_index(s) % THREADS_MAX], 1);
}

static void snapshot(struct bench_state *s)
{
	const struct shared *shared = bench_shared(s);
	struct context_lease *lease = bench_local(s);
	struct snapshot *snap;

	BENCH_LOOP(s) {
		if (context_snapshot(lease, shared->ids[0], &snap) < 0)
			suite_wrong(s, "no snapshot");
		else
			snapshot_put(snap);
		context_done(lease);
		context_leave(lease);
	}
}

static void add(void)
{
	static const struct bench_fixture fixture = { .setup = set_up,
						      .teardown = tear_down,
						      .thread_setup = attach,
						      .thread_teardown = detach };

	for (size_t i = 0; context_backends[i]; i++) {
		const struct context_ops *ops = context_backends[i];

		suite_add(one, &fixture, ops, "context_enter/%s", ops->head.name);
		suite_add(group, &fixture, ops, "context_enter/%s/group_32", ops->head.name);
		bench_use_real_time(bench_threads(
			suite_add(one, &fixture, ops, "context_contended/%s", ops->head.name), 2));
		bench_use_real_time(bench_threads(
			suite_add(own_project, &fixture, ops, "context_apart/%s", ops->head.name),
			2));
		suite_add(snapshot, &fixture, ops, "context_snapshot/%s", ops->head.name);
	}
}

const struct suite suite_context = {
	.name = "context",
	.summary = "entering a project: alone, in groups, contended, apart; snapshots",
	.add = add,
};
