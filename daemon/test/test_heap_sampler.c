/* The heap sampler: R-312. Estimates are compared with what was really allocated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>

#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"
#include "daemon/telemetry/heap_sampler.h"
#include "daemon/telemetry/heap_table.h"

enum { MEAN_BYTES = 4096, BLOCKS_COUNT = 40000, BLOCK_BYTES = 256 };

static void *blocks[BLOCKS_COUNT];

struct sums {
	double alloc_objects, alloc_bytes, inuse_objects, inuse_bytes;
};

/*
 * The linker marks where the sections of the two allocating functions begin and end.
 * NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
 */
extern const char __start_in_main[], __stop_in_main[];
extern const char __start_in_thread[], __stop_in_thread[];
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* Sums the samples whose stack has a return address in (from, to]. */
static void sum_under(json_t *profile, const char *from, const char *to, struct sums *out)
{
	json_t *sample, *pc;
	size_t i, k;

	*out = (struct sums){ 0 };
	json_array_foreach(json_object_get(profile, "samples"), i, sample)
	{
		bool is_under = false;

		json_array_foreach(json_object_get(sample, "stack"), k, pc)
		{
			uintptr_t at = (uintptr_t)strtoull(json_string_value(pc), NULL, 16);

			is_under |= at > (uintptr_t)from && at <= (uintptr_t)to;
		}
		if (!is_under)
			continue;
		out->alloc_objects += json_number_value(json_object_get(sample, "alloc_objects"));
		out->alloc_bytes += json_number_value(json_object_get(sample, "alloc_bytes"));
		out->inuse_objects += json_number_value(json_object_get(sample, "inuse_objects"));
		out->inuse_bytes += json_number_value(json_object_get(sample, "inuse_bytes"));
	}
}

static json_t *take_profile(void)
{
	struct strbuf sb = { 0 };
	struct err err = ERR_INIT;
	json_t *profile;

	assert_int_equal(heap_sampler_write(&sb, &err), 0);
	profile = json_loadb(sb.ptr, sb.len, 0, NULL);
	assert_non_null(profile);
	strbuf_deinit(&sb);
	return profile;
}

__attribute__((noinline, section("in_main"))) static void allocate_all(void)
{
	for (int i = 0; i < BLOCKS_COUNT; i++)
		blocks[i] = malloc(BLOCK_BYTES);
}

__attribute__((noinline, section("in_thread"))) static void *allocate_in_thread(void *arg)
{
	for (int i = 0; i < BLOCKS_COUNT; i++)
		blocks[i] = malloc(BLOCK_BYTES);
	return arg;
}

static void free_range(int from, int to)
{
	for (int i = from; i < to; i++)
		free(blocks[i]);
}

static int start_sampler(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(heap_sampler_start(MEAN_BYTES, &err), 0);
	assert_int_equal(heap_sampler_start(MEAN_BYTES, &err), -EALREADY);
	/* The first draw of a thread that ran before comes after 64 KiB at most. */
	for (int i = 0; i < 64; i++)
		free(malloc(2048));
	return 0;
}

/*
 * 40,000 blocks of 256 bytes at a mean of 4096: about 2422 samples, a relative deviation of 2 %.
 */
static void test_estimates_are_unbiased_and_follow_frees(void **state)
{
	const double objects = BLOCKS_COUNT, bytes = (double)BLOCKS_COUNT * BLOCK_BYTES;
	struct sums sums;
	json_t *profile;

	(void)state;
	allocate_all();
	profile = take_profile();
	sum_under(profile, __start_in_main, __stop_in_main, &sums);
	assert_true(sums.alloc_objects > 0.88 * objects && sums.alloc_objects < 1.12 * objects);
	assert_true(sums.alloc_bytes > 0.88 * bytes && sums.alloc_bytes < 1.12 * bytes);
	assert_true(sums.inuse_bytes > 0.999 * sums.alloc_bytes);
	json_decref(profile);

	free_range(0, BLOCKS_COUNT / 2);
	profile = take_profile();
	sum_under(profile, __start_in_main, __stop_in_main, &sums);
	assert_true(sums.inuse_objects > 0.4 * objects && sums.inuse_objects < 0.6 * objects);
	assert_true(sums.alloc_objects > 0.88 * objects);
	json_decref(profile);

	free_range(BLOCKS_COUNT / 2, BLOCKS_COUNT);
	profile = take_profile();
	sum_under(profile, __start_in_main, __stop_in_main, &sums);
	assert_true(sums.inuse_objects == 0);
	json_decref(profile);
}

static void test_stacks_of_other_threads_are_walked(void **state)
{
	const double bytes = (double)BLOCKS_COUNT * BLOCK_BYTES;
	struct sums sums;
	json_t *profile;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, allocate_in_thread, NULL), 0);
	pthread_join(thread, NULL);
	profile = take_profile();
	sum_under(profile, __start_in_thread, __stop_in_thread, &sums);
	assert_true(sums.alloc_bytes > 0.88 * bytes && sums.alloc_bytes < 1.12 * bytes);
	json_decref(profile);
	free_range(0, BLOCKS_COUNT);
}

static void test_profile_names_its_mappings(void **state)
{
	json_t *profile = take_profile(), *mapping;
	bool has_self = false;
	size_t i;

	(void)state;
	assert_string_equal(json_string_value(json_object_get(profile, "schema")), "goxel-heap/1");
	assert_true(json_integer_value(json_object_get(profile, "allocated_bytes")) > 0);
	json_array_foreach(json_object_get(profile, "mappings"), i, mapping)
	{
		const char *start = json_string_value(json_object_get(mapping, "start"));
		const char *limit = json_string_value(json_object_get(mapping, "limit"));
		uintptr_t self = (uintptr_t)allocate_all;

		has_self |= self >= strtoull(start, NULL, 16) && self < strtoull(limit, NULL, 16);
	}
	assert_true(has_self);
	json_decref(profile);
}

/* Limits at the limit and one beyond. */
static void test_full_tables_lose_samples_and_say_so(void **state)
{
	struct heap_table t;
	const struct heap_weight weight = { 2, 64 };
	uintptr_t pc = 1;

	(void)state;
	assert_int_equal(heap_table_init(&t), 0);
	for (; pc <= HEAP_SAMPLER_STACKS_MAX; pc++)
		heap_table_add(&t, &pc, 1, 16 * pc, weight);
	assert_int_equal(t.stacks_count, HEAP_SAMPLER_STACKS_MAX);
	assert_int_equal(t.lost_stacks_count, 0);
	heap_table_add(&t, &pc, 1, 16 * pc, weight);
	assert_int_equal(t.lost_stacks_count, 1);
	assert_false(heap_table_free(&t, 16 * pc));

	pc = 1;
	for (uintptr_t i = HEAP_SAMPLER_STACKS_MAX; i < HEAP_SAMPLER_LIVE_MAX; i++)
		heap_table_add(&t, &pc, 1, 16 * (i + 10), weight);
	assert_int_equal(t.lost_live_count, 0);
	heap_table_add(&t, &pc, 1, 8, weight);
	assert_int_equal(t.lost_live_count, 1);
	assert_true(heap_table_free(&t, 16));
	assert_false(heap_table_free(&t, 16));
	heap_table_add(&t, &pc, 1, 8, weight);
	assert_int_equal(t.lost_live_count, 1);
	assert_true(heap_table_free(&t, 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_estimates_are_unbiased_and_follow_frees),
		cmocka_unit_test(test_stacks_of_other_threads_are_walked),
		cmocka_unit_test(test_profile_names_its_mappings),
		cmocka_unit_test(test_full_tables_lose_samples_and_say_so),
	};

	return cmocka_run_group_tests(tests, start_sampler, NULL);
}
