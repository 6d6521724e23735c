/* bench_dispatch.c - the dispatch axis: finding a method by its name, over all names in turn. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/suite/suite.h"
#include "daemon/base/err.h"
#include "daemon/dispatch/dispatch.h"
#include "daemon/methods/methods.h"

enum { NAMES_MAX = 1024, NAME_BYTES_MAX = 64 };

/* Every name that must be found, in both spellings, and the same number that must not. */
struct shared {
	struct dispatch *d;
	size_t count;
	struct span names[NAMES_MAX];
	const struct method *methods[NAMES_MAX];
	struct span unknown[NAMES_MAX];
	char text[NAMES_MAX][2][NAME_BYTES_MAX];
};

static void add_name(struct shared *shared, const char *prefix, const char *name,
		     const struct method *m)
{
	size_t i = shared->count;
	char(*text)[NAME_BYTES_MAX];

	if (i == NAMES_MAX)
		return;
	text = shared->text[i];
	snprintf(text[0], NAME_BYTES_MAX, "%s%s", prefix, name);
	snprintf(text[1], NAME_BYTES_MAX, "%s%s_", prefix, name);
	shared->names[i] = span_str(text[0]);
	shared->unknown[i] = span_str(text[1]);
	shared->methods[i] = m;
	shared->count++;
}

static void add_names(struct shared *shared)
{
	size_t count;
	const struct method *const *all = methods_all(&count);

	for (size_t i = 0; i < count; i++) {
		add_name(shared, "", all[i]->name, all[i]);
		add_name(shared, "goxel.", all[i]->name, all[i]);
		for (size_t k = 0; all[i]->aliases && all[i]->aliases[k]; k++)
			add_name(shared, "", all[i]->aliases[k], all[i]);
	}
}

static int check(struct bench_state *s, const struct shared *shared)
{
	for (size_t i = 0; i < shared->count; i++) {
		const struct method *m = dispatch_find(shared->d, shared->names[i]);

		if (m != shared->methods[i])
			return suite_wrong(s, "'%.*s' finds '%s'", SPAN_ARG(shared->names[i]),
					   m ? m->name : "nothing");
		m = dispatch_find(shared->d, shared->unknown[i]);
		if (m)
			return suite_wrong(s, "'%.*s', which is not a method, finds '%s'",
					   SPAN_ARG(shared->unknown[i]), m->name);
	}
	return 0;
}

static void tear_down(struct bench_state *s, void *arg)
{
	struct shared *shared = arg;

	(void)s;
	dispatch_close(shared->d);
	free(shared);
}

static int set_up(struct bench_state *s, void **out)
{
	const struct dispatch_ops *ops = bench_context(s);
	struct shared *shared = calloc(1, sizeof(*shared));
	struct err err = ERR_INIT;
	size_t count;
	const struct method *const *all = methods_all(&count);
	int rc;

	if (!shared)
		return -ENOMEM;
	rc = dispatch_open(ops->head.name, all, count, &shared->d, &err);
	if (rc < 0)
		suite_fail(s, rc, "%s", err.msg);
	add_names(shared);
	if (rc == 0)
		rc = check(s, shared);
	if (rc < 0)
		tear_down(s, shared);
	else
		*out = shared;
	return rc;
}

static void find(struct bench_state *s, const struct shared *shared, const struct span *names)
{
	size_t i = 0;

	BENCH_LOOP(s) {
		BENCH_KEEP(dispatch_find(shared->d, names[i]));
		i = i + 1 == shared->count ? 0 : i + 1;
	}
}

static void known(struct bench_state *s)
{
	const struct shared *shared = bench_shared(s);

	find(s, shared, shared->names);
}

static void unknown(struct bench_state *s)
{
	const struct shared *shared = bench_shared(s);

	find(s, shared, shared->unknown);
}

static void add(void)
{
	static const struct bench_fixture fixture = { .setup = set_up, .teardown = tear_down };

	for (size_t i = 0; dispatch_backends[i]; i++) {
		const struct dispatch_ops *ops = dispatch_backends[i];

		suite_add(known, &fixture, ops, "method_dispatch/%s", ops->head.name);
		suite_add(unknown, &fixture, ops, "method_unknown/%s", ops->head.name);
		bench_use_real_time(
			bench_threads(suite_add(known, &fixture, ops, "method_dispatch_shared/%s",
						ops->head.name),
				      2));
	}
}

const struct suite suite_dispatch = {
	.name = "dispatch",
	.summary = "the method of a name, over all names in both spellings",
	.add = add,
};
