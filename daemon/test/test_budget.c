/* The memory bound of the whole process (base/budget.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
	assert_true(budget_take(BUDGET_VOXELS, 60));
	assert_false(budget_take(BUDGET_REPLIES, 41));
	assert_int_equal(budget_used(), 60);
	assert_true(budget_take(BUDGET_REPLIES, 40));
	assert_false(budget_take(BUDGET_REPLIES, 1));
	assert_false(budget_take(BUDGET_REPLIES, SIZE_MAX));
	assert_int_equal(budget_refused_count(), refused + 3);
	assert_int_equal(budget_used_of(BUDGET_VOXELS), 60);
	assert_int_equal(budget_used_of(BUDGET_REPLIES), 40);
	budget_give(BUDGET_VOXELS, 60);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_limit_everything_fits),
		cmocka_unit_test(test_at_the_limit_and_one_above),
		cmocka_unit_test(test_a_limit_below_what_is_used_refuses_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
