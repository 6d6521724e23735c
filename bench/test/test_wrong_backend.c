/*
 * A backend that gives wrong answers is refused by the suite: an error, no speed. The
 * dispatch axis of this program is this file's: every name finds the first method.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/suite/suite.h"
#include "bench/test/seen.h"
#include "daemon/dispatch/dispatch.h"

static const struct method *first;

static int wrong_init(struct dispatch *d, const struct method *const *methods, size_t count,
		      struct err *err)
{
	(void)d;
	(void)err;
	first = count ? methods[0] : NULL;
	return 0;
}

static void wrong_deinit(struct dispatch *d)
{
	(void)d;
}

static const struct method *wrong_find(const struct dispatch *d, struct span name)
{
	(void)d;
	(void)name;
	return first;
}

static const struct dispatch_ops wrong_ops = {
	.head = { .name = "wrong", .summary = "always the first", .size = sizeof(struct dispatch) },
	.init = wrong_init,
	.deinit = wrong_deinit,
	.find = wrong_find
};
const struct dispatch_ops *const dispatch_backends[] = { &wrong_ops, NULL };

static const struct backend *at(size_t i)
{
	return i ? NULL : &wrong_ops.head;
}

const struct backend_axis dispatch_axis = { .name = "dispatch", .at = at };

int dispatch_open(const char *name, const struct method *const *methods, size_t count,
		  struct dispatch **out, struct err *err)
{
	struct dispatch *d = calloc(1, sizeof(*d));

	(void)name;
	if (!d)
		return -ENOMEM;
	d->ops = &wrong_ops;
	*out = d;
	return wrong_init(d, methods, count, err);
}

void dispatch_close(struct dispatch *d)
{
	free(d);
}

static void test_wrong_backend_is_refused(void **state)
{
	const struct seen *s;

	(void)state;
	suite_dispatch.add();
	s = seen_run("method_", NULL);
	assert_int_equal(s->count, 3);
	assert_int_equal(s->failed_count, 3);
	for (size_t i = 0; i < s->count; i++)
		assert_ptr_equal(strstr(s->list[i].error, "wrong answer: '"), s->list[i].error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_backend_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
