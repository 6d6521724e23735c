/* Work that is asked whether it should go on (base/cancel.h). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"

struct asker {
	unsigned calls_count;
	int answer;
};

static int ask(void *ctx)
{
	struct asker *a = ctx;

	a->calls_count++;
	return a->answer;
}

/* Checks until the asker was called or a second has passed. */
static int check_until_asked(const struct asker *a)
{
	uint64_t end_ns = clock_ns() + NSEC_PER_SEC;
	unsigned before = a->calls_count;
	int rc = 0;

	while (a->calls_count == before && clock_ns() < end_ns)
		rc = cancel_check();
	return rc;
}

static void test_without_a_question_work_goes_on(void **state)
{
	(void)state;
	assert_int_equal(cancel_check(), 0);
}

static void test_an_answer_stays_until_the_end(void **state)
{
	struct asker a = { .answer = -ECANCELED };

	(void)state;
	cancel_begin(ask, &a);
	assert_int_equal(cancel_check(), 0); /* work this short is not asked about */
	assert_int_equal(check_until_asked(&a), -ECANCELED);
	a.answer = 0;
	assert_int_equal(cancel_check(), -ECANCELED);
	assert_int_equal(a.calls_count, 1);
	cancel_end();
	assert_int_equal(cancel_check(), 0);
}

static void test_asks_again_while_work_goes_on(void **state)
{
	struct asker a = { 0 };

	(void)state;
	cancel_begin(ask, &a);
	assert_int_equal(check_until_asked(&a), 0);
	assert_int_equal(cancel_check(), 0);
	a.answer = -ETIMEDOUT;
	assert_int_equal(check_until_asked(&a), -ETIMEDOUT);
	cancel_end();
}

static void test_without_a_pace_every_check_asks(void **state)
{
	struct asker a = { 0 };

	(void)state;
	cancel_set_pace_ms(0);
	cancel_begin(ask, &a);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(cancel_check(), 0);
		assert_int_equal(a.calls_count, i);
	}
	cancel_end();
	cancel_set_pace_ms(CANCEL_ASK_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_question_work_goes_on),
		cmocka_unit_test(test_an_answer_stays_until_the_end),
		cmocka_unit_test(test_asks_again_while_work_goes_on),
		cmocka_unit_test(test_without_a_pace_every_check_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
