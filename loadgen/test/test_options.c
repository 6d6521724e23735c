/* Words of the command line become exactly the value that they name, and back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/base/err.h"
#include "loadgen/options.h"
#include "loadgen/workload/plan.h"
#include "loadgen/workload/workload.h"

static int parse(struct options *o, const char *option, const char *value)
{
	/* The options keep pointing at them. */
	static char words[5][32];
	char *argv[6] = { 0 };
	const char *from[5] = { "goxel-load", "--unix", "/none", option, value };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 5; i++) {
		snprintf(words[i], sizeof(words[i]), "%s", from[i]);
		argv[i] = words[i];
	}
	return options_parse(o, 5, argv, &err);
}

static void test_every_word_is_its_value(void **state)
{
	static const char *const progress[] = { "auto", "on", "off" };
	struct options o;

	(void)state;
	for (int i = 0; i < ARRIVAL_KINDS; i++) {
		assert_non_null(arrival_names[i]);
		assert_int_equal(parse(&o, "--arrival", arrival_names[i]), 0);
		assert_int_equal(o.arrival, i);
	}
	for (int i = 0; i < VERIFY_DEPTHS; i++) {
		assert_non_null(verify_names[i]);
		assert_int_equal(parse(&o, "--check", verify_names[i]), 0);
		assert_int_equal(o.check, i);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(parse(&o, "--progress", progress[i]), 0);
		assert_int_equal(o.progress, i);
	}
	assert_int_equal(parse(&o, "--arrival", "bursts"), -EINVAL);
	assert_int_equal(parse(&o, "--check", ""), -EINVAL);
}

/* The effective configuration as text, to be freed. */
static char *dump(const char *workload_name, const char *option, const char *value)
{
	struct workload *workload = NULL;
	struct options o;
	struct plan plan;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(parse(&o, option, value), 0);
	assert_int_equal(workload_open(workload_name, &workload, NULL), 0);
	assert_int_equal(plan_init(&plan, &o, workload, NULL), 0);
	plan_dump(&plan, out);
	fclose(out);
	plan_deinit(&plan);
	workload_close(workload);
	return text;
}

static void test_times_that_were_not_given_are_shown_as_they_hold(void **state)
{
	char *text = dump("ping", "--seed", "2");

	(void)state;
	assert_non_null(strstr(text, "\nduration=10s\nwarmup=2s\n"));
	assert_non_null(strstr(text, "phase.measure=10.000s\n"));
	/* A closed loop has no rate. */
	assert_null(strstr(text, "rate="));
	assert_non_null(strstr(text, "loop=closed\n"));
	free(text);
	text = dump("ping", "--duration", "3s");
	assert_non_null(strstr(text, "\nduration=3s\nwarmup=2s\n"));
	free(text);
	text = dump("ping", "--rate", "20k");
	assert_non_null(strstr(text, "\nrate=20000\n"));
	free(text);
}

static void test_phases_of_the_workload_leave_no_times_of_options(void **state)
{
	char path[] = "/tmp/test_options.XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");
	char *text;

	(void)state;
	assert_non_null(file);
	fputs("[op a]\nmethod = ping\nweight = 1\n[phase first]\nduration = 4s\n", file);
	fclose(file);
	text = dump(path, "--seed", "2");
	remove(path);
	assert_null(strstr(text, "\nduration="));
	assert_null(strstr(text, "\nwarmup="));
	assert_non_null(strstr(text, "phase.first=4.000s\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_word_is_its_value),
		cmocka_unit_test(test_times_that_were_not_given_are_shown_as_they_hold),
		cmocka_unit_test(test_phases_of_the_workload_leave_no_times_of_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
