/* The memory bound of the whole process (base/budget.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "daemon/base/budget.h"

static void test_without_a_limit_everything_fits(void **state)
{
	(void)state;
	budget_set_limit(0);
	assert_true(budget_take(BUDGET_VOXELS, (size_t)1 << 50));
	assert_int_equal(budget_used(), (uint64_t)1 << 50);
	budget_give(BUDGET_VOXELS, (size_t)1 << 50);
	assert_int_equal(budget_used(), 0);
}

static void test_at_the_limit_and_one_above(void **state)
{
	uint64_t refused = budget_refused_count();

	(void)state;
	budget_set_limit(100);
	assert_true(budget_take(BUDGET_FILES, 60));
	assert_false(budget_take(BUDGET_REPLIES, 41));
	assert_int_equal(budget_used(), 60);
	assert_true(budget_take(BUDGET_REPLIES, 40));
	assert_false(budget_take(BUDGET_REPLIES, 1));
	assert_false(budget_take(BUDGET_REPLIES, SIZE_MAX));
	assert_int_equal(budget_refused_count(), refused + 3);
	assert_int_equal(budget_used_of(BUDGET_FILES), 60);
	assert_int_equal(budget_used_of(BUDGET_REPLIES), 40);
	budget_give(BUDGET_FILES, 60);
	budget_give(BUDGET_REPLIES, 40);
	budget_set_limit(0);
}

static void test_a_limit_below_what_is_used_refuses_more(void **state)
{
	(void)state;
	assert_true(budget_take(BUDGET_FILES, 1000));
	budget_set_limit(10);
	assert_false(budget_take(BUDGET_FILES, 1));
	budget_give(BUDGET_FILES, 1000);
	assert_true(budget_take(BUDGET_FILES, 10));
	budget_give(BUDGET_FILES, 10);
	budget_set_limit(0);
}

static void test_voxels_leave_an_eighth(void **state)
{
	(void)state;
	budget_set_limit(800);
	assert_true(budget_take(BUDGET_VOXELS, 700));
	assert_false(budget_take(BUDGET_VOXELS, 1));
	assert_true(budget_take(BUDGET_PICTURES, 100));
	assert_false(budget_take(BUDGET_PICTURES, 1));
	budget_give(BUDGET_PICTURES, 100);
	/* Who only reads may take it for voxels, too. */
	budget_begin_reading();
	assert_true(budget_take(BUDGET_VOXELS, 100));
	assert_false(budget_take(BUDGET_VOXELS, 1));
	budget_end_reading();
	assert_false(budget_take(BUDGET_VOXELS, 1));
	budget_give(BUDGET_VOXELS, 800);
	budget_set_limit(0);
}

/* Memory of its own that can be dropped in pieces. */
struct stock {
	enum budget_kind kind;
	size_t piece;
	unsigned left;
	unsigned asked;
};

static bool drop_piece(void *ctx, size_t bytes)
{
	struct stock *s = ctx;

	(void)bytes;
	s->asked++;
	if (!s->left)
		return false;
	s->left--;
	budget_give(s->kind, s->piece);
	return true;
}

static void test_what_can_be_dropped_goes_before_a_refusal(void **state)
{
	struct stock pictures = { BUDGET_PICTURES, 10, 3, 0 };
	struct stock steps = { BUDGET_VOXELS, 20, 2, 0 };
	uint64_t refused = budget_refused_count();

	(void)state;
	assert_true(budget_take(BUDGET_PICTURES, 30));
	assert_true(budget_take(BUDGET_VOXELS, 40));
	budget_set_limit(100);
	budget_set_cache(BUDGET_CACHE_PICTURES, drop_piece, &pictures);
	budget_set_spare(drop_piece, &steps);
	assert_true(budget_take(BUDGET_FILES, 30));
	assert_int_equal(pictures.asked, 0);
	assert_true(budget_take(BUDGET_FILES, 15)); /* two pieces of the cache */
	assert_int_equal(pictures.left, 1);
	assert_int_equal(steps.asked, 0);
	assert_true(budget_take(BUDGET_FILES, 30)); /* its last one, and one of the spare */
	assert_int_equal(pictures.left, 0);
	assert_int_equal(steps.left, 1);
	/* What can never fit costs nobody anything. */
	assert_false(budget_take(BUDGET_FILES, 101));
	assert_int_equal(steps.left, 1);
	assert_false(budget_take(BUDGET_FILES, 90));
	assert_int_equal(steps.left, 0);
	assert_int_equal(budget_refused_count(), refused + 2);
	budget_set_cache(BUDGET_CACHE_PICTURES, NULL, NULL);
	budget_set_spare(NULL, NULL);
	budget_give(BUDGET_FILES, 75);
	assert_int_equal(budget_used(), 0);
	budget_set_limit(0);
}

static void test_a_restore_is_never_refused(void **state)
{
	(void)state;
	budget_set_limit(10);
	budget_begin_restore();
	budget_begin_restore();
	assert_true(budget_take(BUDGET_VOXELS, 1000));
	budget_end_restore();
	assert_true(budget_take(BUDGET_VOXELS, 1000));
	budget_end_restore();
	assert_false(budget_take(BUDGET_REPLIES, 1));
	budget_give(BUDGET_VOXELS, 2000);
	assert_true(budget_take(BUDGET_REPLIES, 1));
	budget_give(BUDGET_REPLIES, 1);
	budget_set_limit(0);
}

static void test_counted_memory(void **state)
{
	char *a;
	char *b;

	(void)state;
	budget_set_limit(1000);
	a = budget_malloc(BUDGET_FILES, 100);
	b = budget_calloc(BUDGET_PICTURES, 30, 10);
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(b[299], 0);
	assert_int_equal(((uintptr_t)a | (uintptr_t)b) & 15, 0);
	memset(a, 7, 100);
	assert_null(budget_malloc(BUDGET_FILES, 601));
	assert_null(budget_calloc(BUDGET_FILES, SIZE_MAX, 2));
	assert_null(budget_malloc(BUDGET_FILES, SIZE_MAX));
	assert_null(budget_realloc(BUDGET_FILES, a, 701)); /* one too many; a stays */
	a = budget_realloc(BUDGET_FILES, a, 700);
	assert_non_null(a);
	assert_int_equal(a[99], 7);
	assert_int_equal(budget_used(), 1000);
	assert_int_equal(budget_used_of(BUDGET_FILES), 700);
	a = budget_realloc(BUDGET_FILES, a, 1);
	assert_int_equal(budget_used_of(BUDGET_FILES), 1);
	budget_free(a);
	budget_free(b);
	budget_free(NULL);
	a = budget_realloc(BUDGET_WORK, NULL, 0);
	assert_non_null(a);
	budget_free(a);
	assert_int_equal(budget_used(), 0);
	budget_set_limit(0);
}

/* Across the size from which memory is mapped: what was written stays, what is new is zero. */
static void test_large_memory(void **state)
{
	static const size_t sizes[] = { 100,
					BUDGET_LARGE_BYTES - 17,
					BUDGET_LARGE_BYTES - 16,
					BUDGET_LARGE_BYTES,
					5000000,
					400000,
					200,
					300000 };
	uint64_t freed = budget_freed_bytes();
	unsigned char *a = budget_malloc(BUDGET_FILES, 100);
	unsigned char *z = budget_calloc(BUDGET_WORK, 1000, 1000);

	(void)state;
	assert_non_null(a);
	assert_non_null(z);
	for (size_t i = 0; i < 1000000; i++)
		assert_int_equal(z[i], 0);
	budget_free(z);
	assert_true(budget_freed_bytes() >= freed + 1000000);
	memset(a, 7, 100);
	for (size_t i = 1; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t least = sizes[i] < sizes[i - 1] ? sizes[i] : sizes[i - 1];

		a = budget_realloc(BUDGET_FILES, a, sizes[i]);
		assert_non_null(a);
		assert_int_equal(budget_used(), sizes[i]);
		for (size_t k = 0; k < least; k += k < 100 ? 1 : 99)
			assert_int_equal(a[k], 7);
		memset(a, 7, sizes[i]);
	}
	budget_free(a);
	assert_int_equal(budget_used(), 0);
}

static void test_what_moves_stays_used(void **state)
{
	(void)state;
	assert_true(budget_take(BUDGET_VOXELS, 10));
	budget_move(BUDGET_VOXELS, BUDGET_KEPT, 10);
	assert_int_equal(budget_used(), 10);
	assert_int_equal(budget_used_of(BUDGET_VOXELS), 0);
	assert_int_equal(budget_used_of(BUDGET_KEPT), 10);
	budget_give(BUDGET_KEPT, 10);
	assert_int_equal(budget_used(), 0);
}

static void test_a_refusal_says_so(void **state)
{
	(void)state;
	budget_set_limit((uint64_t)64 << 20);
	assert_false(budget_take(BUDGET_FILES, (size_t)65 << 20));
	assert_string_equal(
		budget_why(),
		"out of memory: the daemon's limit of 64 MiB (memory_high_mb) is reached");
	budget_set_limit(0);
	assert_string_equal(budget_why(), "out of memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_limit_everything_fits),
		cmocka_unit_test(test_at_the_limit_and_one_above),
		cmocka_unit_test(test_a_limit_below_what_is_used_refuses_more),
		cmocka_unit_test(test_voxels_leave_an_eighth),
		cmocka_unit_test(test_what_can_be_dropped_goes_before_a_refusal),
		cmocka_unit_test(test_a_restore_is_never_refused),
		cmocka_unit_test(test_counted_memory),
		cmocka_unit_test(test_large_memory),
		cmocka_unit_test(test_what_moves_stays_used),
		cmocka_unit_test(test_a_refusal_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
