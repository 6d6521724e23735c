/* alloc in a program that did not opt in: it links, and says that it does not count. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/alloc.h"

static void test_nothing_is_counted(void **state)
{
	void *volatile block = malloc(10);
	struct alloc_counts counts = { 1, 1, 1 };

	(void)state;
	free(block);
	assert_false(alloc_is_counted());
	alloc_read(&counts);
	assert_int_equal(counts.allocs_count, 0);
	alloc_read_thread(&counts);
	assert_int_equal(counts.frees_count, 0);
	assert_int_equal(alloc_set_hook(NULL), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_counted),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
