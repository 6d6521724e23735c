/* bench_buffers.c - the buffers axis: get and put of each size class, in bursts, from two threads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/suite/suite.h"
#include "daemon/base/err.h"
#include "daemon/buffers/buffers.h"

enum { BURST = 16 };

static const size_t sizes[] = { 512, 4096, 65536 };

/* Checks that two buffers used at once keep their contents and have at least the size asked for. */
static int check(struct bench_state *s, struct buffers *b)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t cap[2] = { 0 };
		char *mem[2];
		int rc = 0;

		for (int k = 0; k < 2; k++) {
			mem[k] = buffers_get(b, sizes[i], &cap[k]);
			if (!mem[k])
				return suite_fail(s, -ENOMEM, "no buffer of %zu bytes", sizes[i]);
			if (cap[k] < sizes[i])
				rc = suite_wrong(s, "asked for %zu bytes, got %zu", sizes[i],
						 cap[k]);
			else
				memset(mem[k], 'a' + k, sizes[i]);
		}
		if (rc == 0 && (mem[0][0] != 'a' || mem[0][sizes[i] - 1] != 'a'))
			rc = suite_wrong(s, "two buffers of %zu bytes overlap", sizes[i]);
		for (int k = 0; k < 2; k++)
			buffers_put(b, mem[k], cap[k]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/*
 * The buffers of the previous run. Backends keep records per thread until the thread ends, and the
 * threads of a run end after its teardown, but before the next setup.
 */
static struct buffers *last;

static void close_last(void)
{
	if (last)
		buffers_close(last);
	last = NULL;
}

static int set_up(struct bench_state *s, void **out)
{
	const struct buffers_ops *ops = bench_context(s);
	struct buffers_cfg cfg = { .clients_count = 16 };
	struct err err = ERR_INIT;
	struct buffers *b;
	int rc;

	close_last();
	rc = buffers_open(ops->head.name, &cfg, &b, &err);
	if (rc < 0)
		return suite_fail(s, rc, "%s", err.msg);
	rc = check(s, b);
	if (rc < 0)
		buffers_close(b);
	else
		*out = b;
	return rc;
}

static void tear_down(struct bench_state *s, void *shared)
{
	(void)s;
	last = shared;
}

static void get_put(struct bench_state *s)
{
	struct buffers *b = bench_shared(s);
	size_t bytes = (size_t)bench_range(s, 0), cap;

	BENCH_LOOP(s) {
		char *mem = buffers_get(b, bytes, &cap);

		/* Writes the first byte, as a user would. */
		*(volatile char *)mem = 1;
		buffers_put(b, mem, cap);
	}
}

static void burst(struct bench_state *s)
{
	struct buffers *b = bench_shared(s);
	size_t bytes = (size_t)bench_range(s, 0), cap[BURST];
	char *mem[BURST];

	BENCH_LOOP(s) {
		for (size_t i = 0; i < BURST; i++) {
			mem[i] = buffers_get(b, bytes, &cap[i]);
			*(volatile char *)mem[i] = 1;
		}
		for (size_t i = 0; i < BURST; i++)
			buffers_put(b, mem[i], cap[i]);
	}
	bench_items_processed(s, bench_iterations_done(s) * BURST);
}

static void add_sizes(struct bench *b)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		bench_arg(b, (int64_t)sizes[i]);
}

static void add(void)
{
	static const struct bench_fixture fixture = { .setup = set_up, .teardown = tear_down };

	for (size_t i = 0; buffers_backends[i]; i++) {
		const struct buffers_ops *ops = buffers_backends[i];

		add_sizes(suite_add(get_put, &fixture, ops, "memory_allocate/%s", ops->head.name));
		add_sizes(suite_add(burst, &fixture, ops, "memory_allocate_16/%s", ops->head.name));
		bench_use_real_time(
			bench_threads(bench_arg(suite_add(get_put, &fixture, ops,
							  "memory_contended/%s", ops->head.name),
						4096),
				      2));
	}
}

const struct suite suite_buffers = {
	.name = "buffers",
	.summary = "get and put of a buffer, by size; bursts of 16; two threads",
	.add = add,
};
