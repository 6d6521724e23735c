#include "daemon/test/method_checks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct caller method_caller;

void want(const char *method, const char *params, const char *result)
{
	assert_string_equal(caller_call(&method_caller, method, params), result);
}

void want_start(const char *method, const char *params, const char *start)
{
	const char *got = caller_call(&method_caller, method, params);

	if (strncmp(got, start, strlen(start)) != 0)
		fail_msg("%s %s\n  got  %s\n  want %s", method, params, got, start);
}

void want_part(const char *method, const char *params, const char *part)
{
	const char *got = caller_call(&method_caller, method, params);

	if (!strstr(got, part))
		fail_msg("%s %s\n  got  %s\n  want %s", method, params, got, part);
}

void want_code(const char *method, const char *params, int code, const char *field)
{
	char start[64];

	snprintf(start, sizeof(start), "{\"code\":%d,\"message\":\"", code);
	want_start(method, params, start);
	want_part(method, params, field);
}

void fresh(void)
{
	want_start("create_project", "[\"t\"]", SUCCESS);
}

void want_color(const char *place, const char *color)
{
	char part[64];

	snprintf(part, sizeof(part), "\"color\":%s}", color);
	want_part("get_voxel", place, part);
}

static const char *const contexts[] = { "per-worker", "shared" };

static int open_caller(void **state)
{
	const char *const *names = *state;

	caller_open(&method_caller, names[0], names[1]);
	return 0;
}

static int close_caller(void **state)
{
	(void)state;
	caller_close(&method_caller);
	return 0;
}

int method_checks_run_with(const char *context, const char *parser, const struct CMUnitTest *tests,
			   size_t count)
{
	const char *names[2] = { context, parser };
	struct CMUnitTest *these = calloc(count, sizeof(*these));
	int failed;

	assert_non_null(these);
	for (size_t t = 0; t < count; t++) {
		these[t] = tests[t];
		these[t].setup_func = open_caller;
		these[t].teardown_func = close_caller;
		these[t].initial_state = names;
	}
	failed = _cmocka_run_group_tests(parser, these, count, NULL, NULL);
	free(these);
	return failed;
}

int method_checks_run(const struct CMUnitTest *tests, size_t count)
{
	int failed = 0;

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; parser_backends[k]; k++)
			failed += method_checks_run_with(contexts[i], parser_backends[k]->head.name,
							 tests, count);
	return failed;
}
