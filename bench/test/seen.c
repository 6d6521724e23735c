#include "bench/test/seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct seen seen;

static void copy(char *to, size_t cap, const char *from)
{
	snprintf(to, cap, "%s", from ? from : "");
}

static void add(void *ctx, const struct bench_result *r)
{
	struct seen_result *to = &seen.list[seen.count];

	(void)ctx;
	if (seen.count == SEEN_MAX)
		return;
	seen.count++;
	*to = (struct seen_result){ .real_time = r->real_time,
				    .cpu_time = r->cpu_time,
				    .iterations = r->iterations };
	copy(to->name, sizeof(to->name), r->name);
	copy(to->aggregate, sizeof(to->aggregate), r->aggregate);
	copy(to->error, sizeof(to->error), r->error);
	copy(to->skipped, sizeof(to->skipped), r->skipped);
	copy(to->label, sizeof(to->label), r->label);
	for (size_t i = 0; i < r->counters_count && i < SEEN_COUNTERS_MAX; i++) {
		copy(to->counters[i].name, sizeof(to->counters[i].name), r->counters[i].name);
		to->counters[i].value = r->counters[i].value;
		to->counters_count++;
	}
}

const struct seen *seen_run(const char *prefix, const char *const *flags)
{
	static const struct bench_reporter reporter = { .replaces_display = true, .result = add };
	static char texts[16][SEEN_TEXT_MAX];
	char *argv[17] = { texts[0], texts[1], texts[2], texts[3] };
	int argc = 4;

	copy(texts[0], SEEN_TEXT_MAX, "test");
	snprintf(texts[1], SEEN_TEXT_MAX, "--benchmark_filter=^%s", prefix);
	copy(texts[2], SEEN_TEXT_MAX, "--benchmark_min_time=0.002s");
	copy(texts[3], SEEN_TEXT_MAX, "--benchmark_repetitions=1");
	for (size_t i = 0; flags && flags[i] && argc < 16; i++) {
		copy(texts[argc], SEEN_TEXT_MAX, flags[i]);
		argv[argc] = texts[argc];
		argc++;
	}
	seen = (struct seen){ 0 };
	bench_reporter_set(&reporter);
	if (bench_initialize(BENCH_ABI, &argc, argv) < 0 || bench_has_unrecognized(argc, argv))
		return NULL;
	seen.run_count = bench_run(&seen.failed_count);
	return &seen;
}

const struct seen_result *seen_only(const char *prefix)
{
	const struct seen *s = seen_run(prefix, NULL);

	assert_non_null(s);
	assert_int_equal(s->count, 1);
	assert_int_equal(s->run_count, 1);
	return &s->list[0];
}

const struct seen_result *seen_find(const struct seen *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->list[i].aggregate[0] && strcmp(s->list[i].name, name) == 0)
			return &s->list[i];
	return NULL;
}

const struct seen_result *seen_aggregate(const struct seen *s, const char *aggregate)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->list[i].aggregate, aggregate) == 0)
			return &s->list[i];
	return NULL;
}

double seen_counter(const struct seen_result *r, const char *name)
{
	for (size_t i = 0; i < r->counters_count; i++)
		if (strcmp(r->counters[i].name, name) == 0)
			return r->counters[i].value;
	return NAN;
}
