/*
 * json_speed.c - what reading a request costs with each parser and with simdjson on-demand, in one
 * interleaved run: every round times each of them once, in turn; ratios are medians over rounds.
 */
#include "daemon/test/json_speed.h"

#include <assert.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"
#include "daemon/parser/parser.h"
#include "daemon/rpc/frame.h"
#include "daemon/test/oracle_simdjson.h"
#include "daemon/test/parser_util.h"

enum { TEXT_BYTES = 8 << 20, VARIANTS = 16, ROUNDS_MAX = 2000 };

struct texts {
	const char *name;
	char *text[VARIANTS]; /* different numbers, so that no branch predictor learns one by heart
			       */
	size_t len[VARIANTS];
	size_t count;
	int calls; /* per timing */
	int64_t (*oracle)(const char *text, size_t len);
	bool has_voxels;
};

static int64_t sum_voxels(struct value params)
{
	struct value voxels = value_member(params, "voxels");
	struct value_records records;
	struct value voxel = { 0 }, field = { 0 };
	int64_t sum = 0;
	bool more_voxels, more;

	if (value_records(voxels, &records)) {
		for (size_t i = 0; i < (size_t)records.row_count * records.column_count; i++)
			sum += records.values[i];
		return sum;
	}
	for (more_voxels = value_first(voxels, &voxel); more_voxels;
	     more_voxels = value_next(voxel, &voxel)) {
		for (more = value_first(voxel, &field); more; more = value_next(field, &field))
			sum += value_integer(field);
	}
	return sum;
}

/* The id, which our envelope hands on as text. */
static int64_t number_of(struct span digits)
{
	int64_t value = 0;

	for (size_t i = 0; i < digits.len; i++)
		value = value * 10 + (digits.ptr[i] - '0');
	return value;
}

static int64_t ours(struct parser *p, const char *text, size_t len, bool has_voxels)
{
	struct rpc_request request;
	struct parse_fault fault;
	struct value root = { 0 };
	int64_t sum;

	if (parser_parse(p, span_of(text, len), &root, &fault) < 0 ||
	    parser_envelope(p, root, &request) < 0)
		return -1;
	sum = (int64_t)request.method.len + number_of(request.id);
	if (has_voxels)
		sum += sum_voxels(request.params);
	parser_reset(p);
	return sum;
}

static void make_voxels(struct texts *t, size_t variant, size_t count, size_t bytes)
{
	struct rng rng;
	char *to = calloc(1, TEXT_BYTES);
	size_t len;

	assert(to);
	rng_init(&rng, variant + 1, 0);
	len = (size_t)sprintf(
		to, "{\"jsonrpc\":\"2.0\",\"method\":\"add_voxels\",\"params\":{\"voxels\":[");
	for (size_t i = 0; i < count; i++)
		len += (size_t)sprintf(to + len,
				       "%s{\"x\":%d,\"y\":%d,\"z\":%d,\"r\":%d,\"g\":%d,\"b\":%d}",
				       i ? "," : "", (int)rng_below(&rng, 400) - 200,
				       (int)rng_below(&rng, 400) - 200,
				       (int)rng_below(&rng, 400) - 200, (int)rng_below(&rng, 256),
				       (int)rng_below(&rng, 256), (int)rng_below(&rng, 256));
	len += (size_t)sprintf(to + len, "]},\"id\":%zu", 100 + variant);
	/* White space before the end makes the length exact. */
	while (len + 1 < bytes)
		to[len++] = ' ';
	to[len++] = '}';
	t->text[variant] = to;
	t->len[variant] = len;
}

static void make_ping(struct texts *t, size_t variant)
{
	char *to = calloc(1, 512);

	assert(to);
	t->len[variant] =
		(size_t)sprintf(to,
				"{\"jsonrpc\":\"2.0\",\"method\":\"goxel.ping\",\"params\":"
				"{\"payload\":\"0123456789a\"},\"id\":%zu}",
				10 + variant);
	t->text[variant] = to;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

static double time_one(const struct texts *t, struct parser *p, int64_t *sum)
{
	uint64_t start = clock_ns();

	for (int i = 0; i < t->calls; i++) {
		size_t v = (size_t)i % t->count;

		*sum += p ? ours(p, t->text[v], t->len[v], t->has_voxels)
			  : t->oracle(t->text[v], t->len[v]);
	}
	return (double)(clock_ns() - start) / t->calls;
}

/* Returns false when an answer is wrong: no speed is reported for that. */
static bool compare(const struct texts *t, struct parsers *ps, int rounds)
{
	static double cost[PARSERS_MAX + 1][ROUNDS_MAX], ratio[PARSERS_MAX][ROUNDS_MAX];

	printf("%s: %zu bytes\n", t->name, t->len[0]);
	for (int round = 0; round < rounds; round++) {
		int64_t want = 0;

		cost[ps->count][round] = time_one(t, NULL, &want);
		for (size_t i = 0; i < ps->count; i++) {
			int64_t sum = 0;

			cost[i][round] = time_one(t, ps->list[i], &sum);
			if (sum != want) {
				fprintf(stderr, "%s: wrong answer\n", ps->names[i]);
				return false;
			}
			/* A large tree leaves work behind for whoever allocates next. */
			if (t->calls == 1)
				malloc_trim(0);
			ratio[i][round] = cost[i][round] / cost[ps->count][round];
		}
	}
	printf("  %-14s %8.0f ns\n", "simdjson", median(cost[ps->count], (size_t)rounds));
	for (size_t i = 0; i < ps->count; i++) {
		double ns = median(cost[i], (size_t)rounds);

		printf("  %-14s %8.0f ns  %5.2f GB/s  ratio %.2f\n", ps->names[i], ns,
		       (double)t->len[0] / ns, median(ratio[i], (size_t)rounds));
	}
	return true;
}

static void time_frames(const struct texts *t)
{
	struct frame_scan scan = { 0 };
	struct span message;
	size_t consumed;
	uint64_t start = clock_ns();
	size_t found = 0;

	for (int i = 0; i < t->calls * 100; i++)
		found += frame_next(&scan, span_of(t->text[i % VARIANTS], t->len[0]), TEXT_BYTES,
				    &message, &consumed) == FRAME_MESSAGE;
	printf("frame %s: %.1f ns (%zu)\n", t->name,
	       (double)(clock_ns() - start) / (t->calls * 100), found);
}

int json_speed(int rounds)
{
	struct texts ping = {
		.name = "ping", .count = VARIANTS, .calls = 4000, .oracle = oracle_ping
	};
	struct texts voxels = { .name = "19 voxels",
				.count = VARIANTS,
				.calls = 400,
				.oracle = oracle_voxels,
				.has_voxels = true };
	struct texts batch = { .name = "100,000 voxels",
			       .count = 1,
			       .calls = 1,
			       .oracle = oracle_voxels,
			       .has_voxels = true };
	struct parsers ps;
	bool is_right;

	assert(rounds > 0 && rounds <= ROUNDS_MAX);
	parsers_open(&ps);
	for (size_t i = 0; i < VARIANTS; i++) {
		make_ping(&ping, i);
		make_voxels(&voxels, i, 19, 1017);
	}
	make_voxels(&batch, 0, 100000, 0);
	is_right = compare(&ping, &ps, rounds) && compare(&voxels, &ps, rounds) &&
		   compare(&batch, &ps, rounds / 20 + 1);
	time_frames(&ping);
	time_frames(&voxels);
	parsers_close(&ps);
	for (size_t i = 0; i < VARIANTS; i++) {
		free(ping.text[i]);
		free(voxels.text[i]);
	}
	free(batch.text[0]);
	return is_right ? 0 : 1;
}
