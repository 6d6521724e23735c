/* Issue 7, item 2: memory of blocks comes from the budget and goes back to the system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/mman.h>

#include "daemon/base/budget.h"
#include "daemon/voxel/block.h"
#include "daemon/voxel/slab.h"

enum { COUNT = 3000, THREADS = 3, ROUNDS = 200, HELD = 400, PAGE_BYTES = 4096 };

static struct block *blocks[COUNT];

static uint64_t slabs_count(void)
{
	struct slab_usage usage;

	slab_usage(&usage);
	return usage.slabs_count;
}

static uint64_t kept_count(void)
{
	struct block_usage usage;

	block_usage(&usage);
	return usage.pooled_count;
}

static struct block *new_block(rgba mark)
{
	struct block *b = block_new();

	assert_non_null(b);
	for (int i = 0; i < BLOCK_VOXELS; i++) {
		assert_int_equal(b->voxels[i], 0);
		b->voxels[i] = mark;
	}
	return b;
}

static void fill(int count)
{
	for (int i = 0; i < count; i++)
		blocks[i] = new_block((rgba)i + 1);
}

static void put_all(int count)
{
	for (int i = 0; i < count; i++) {
		block_put(blocks[i]);
		blocks[i] = NULL;
	}
}

static int begin_empty(void **state)
{
	(void)state;
	block_pool_drop();
	assert_int_equal(slabs_count(), 0);
	assert_int_equal(budget_used(), 0);
	return 0;
}

static void test_the_budget_knows_them(void **state)
{
	(void)state;
	fill(COUNT);
	assert_int_equal(budget_used_of(BUDGET_VOXELS), COUNT * sizeof(struct block));
	put_all(COUNT);
	assert_int_equal(budget_used_of(BUDGET_VOXELS), 0);
	assert_int_equal(budget_used_of(BUDGET_KEPT), COUNT * sizeof(struct block));
	/* Those that are kept are used again. */
	fill(COUNT);
	assert_int_equal(budget_used(), COUNT * sizeof(struct block));
	put_all(COUNT);
	assert_int_equal(block_pool_drop(), COUNT * sizeof(struct block));
}

static void test_at_the_limit_and_one_above(void **state)
{
	struct block *copy;

	(void)state;
	/* Seven eighths of it are for voxels. */
	budget_set_limit(10 * sizeof(struct block) / 7 * 8 + 8);
	fill(10);
	assert_null(block_new());
	assert_null(block_copy(blocks[0]));
	block_put(blocks[9]);
	copy = block_copy(blocks[0]);
	assert_non_null(copy);
	assert_int_equal(copy->voxels[5], 1);
	assert_null(block_new());
	block_put(copy);
	put_all(9);
	budget_set_limit(0);
}

static void test_kept_ones_go_before_others_are_refused(void **state)
{
	(void)state;
	fill(100);
	put_all(100);
	budget_set_limit(100 * sizeof(struct block) + 10);
	assert_true(budget_take(BUDGET_FILES, 5 * sizeof(struct block)));
	assert_in_range(kept_count(), 0, 95);
	budget_give(BUDGET_FILES, 5 * sizeof(struct block));
	budget_set_limit(0);
}

static bool is_resident(const struct block *b)
{
	/* The first page that is the block's alone. */
	uintptr_t page = ((uintptr_t)b + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
	unsigned char vec;

	assert_int_equal(mincore((void *)page, PAGE_BYTES, &vec), 0);
	return vec & 1;
}

static void test_pages_between_others_go_back(void **state)
{
	struct block *gone = NULL;

	(void)state;
	fill(COUNT);
	for (int i = 0; i < COUNT; i++) {
		if (i % 3 == 0)
			continue;
		gone = blocks[i];
		block_put(blocks[i]);
		blocks[i] = NULL;
	}
	assert_true(is_resident(gone));
	block_pool_drop();
	assert_false(is_resident(gone));
	assert_int_equal(budget_used(), COUNT / 3 * sizeof(struct block));
	for (int i = 0; i < COUNT; i += 3)
		for (int k = 0; k < BLOCK_VOXELS; k++)
			assert_int_equal(blocks[i]->voxels[k], i + 1);
	/* The places are used again, empty, and no slab is added for them. */
	for (int i = 0; i < COUNT; i++)
		if (!blocks[i])
			blocks[i] = new_block((rgba)i + 1);
	assert_in_range(slabs_count(), COUNT / 128, COUNT / 127 + 1);
	put_all(COUNT);
	block_pool_drop();
	assert_int_equal(slabs_count(), 0);
}

static void test_a_rest_gives_back_what_nobody_needed(void **state)
{
	(void)state;
	fill(COUNT);
	block_pool_rest();
	put_all(COUNT);
	/* Some were needed since the last rest. */
	assert_true(block_pool_rest());
	assert_int_equal(kept_count(), COUNT);
	fill(1000);
	put_all(1000);
	assert_true(block_pool_rest());
	assert_in_range(kept_count(), 1000, 1000 + BLOCK_POOL_MIN + 127);
	block_pool_rest();
	assert_in_range(kept_count(), 127, BLOCK_POOL_MIN);
	assert_false(block_pool_rest());
}

static void *take_and_put(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	struct block *held[HELD] = { NULL };

	for (int i = 0; i < ROUNDS * HELD / 10; i++) {
		unsigned k;

		seed = seed * 1664525 + 1013904223;
		k = (seed >> 8) % HELD;
		if (held[k]) {
			assert_int_equal(held[k]->voxels[7], k + 1);
			block_put(held[k]);
			held[k] = NULL;
		} else {
			held[k] = block_new();
			assert_non_null(held[k]);
			assert_int_equal(held[k]->voxels[7], 0);
			held[k]->voxels[7] = (rgba)k + 1;
		}
		if (i % 100 == 0)
			block_pool_trim();
		if (i % 500 == 0)
			block_pool_drop();
	}
	for (int i = 0; i < HELD; i++)
		block_put(held[i]);
	return NULL;
}

static void test_threads_at_once(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_put, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_budget_knows_them, begin_empty,
						begin_empty),
		cmocka_unit_test_setup_teardown(test_at_the_limit_and_one_above, begin_empty,
						begin_empty),
		cmocka_unit_test_setup_teardown(test_kept_ones_go_before_others_are_refused,
						begin_empty, begin_empty),
		cmocka_unit_test_setup_teardown(test_pages_between_others_go_back, begin_empty,
						begin_empty),
		cmocka_unit_test_setup_teardown(test_a_rest_gives_back_what_nobody_needed,
						begin_empty, begin_empty),
		cmocka_unit_test_setup_teardown(test_threads_at_once, begin_empty, begin_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
