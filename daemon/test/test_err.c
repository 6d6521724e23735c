/* err: the message is kept whole where it fits, and the cause survives where it does not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/err.h"

static void test_set_returns_code_and_sentence(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&err, -EINVAL, "capacity %d", 3), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.msg, "capacity 3");
}

static void test_null_wants_code_only(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, -ENOENT, "x"), -ENOENT);
	assert_int_equal(err_wrap(NULL, -ENOENT, "x"), -ENOENT);
}

static void test_wrap_puts_prefix_before(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, -ENOENT, "no such name");
	assert_int_equal(err_wrap(&err, -EINVAL, "open queue '%s'", "ring"), -EINVAL);
	assert_string_equal(err.msg, "open queue 'ring': no such name");
	assert_int_equal(err.code, -EINVAL);
}

static void test_long_message_is_cut_and_terminated(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, -EINVAL, "%0*d", ERR_MSG_MAX * 2, 7);
	assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
}

static void test_long_prefix_keeps_the_cause(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, -EINVAL, "the cause");
	err_wrap(&err, -EINVAL, "%0*d", ERR_MSG_MAX * 2, 7);
	assert_non_null(strstr(err.msg, ": the cause"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_returns_code_and_sentence),
		cmocka_unit_test(test_null_wants_code_only),
		cmocka_unit_test(test_wrap_puts_prefix_before),
		cmocka_unit_test(test_long_message_is_cut_and_terminated),
		cmocka_unit_test(test_long_prefix_keeps_the_cause),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
