/* test_others.c - reading hyperfine, k6, Google Benchmark and .hlog files, and what may be claimed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/err.h"
#include "reports/read/others.h"
#include "reports/test/fixture.h"
#include "reports/test/near.h"

static int read_text(const char *text, struct others *out, struct err *err)
{
	char dir[64], path[128];
	int rc;

	fixture_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/results", dir);
	fixture_write(path, text);
	rc = others_read(path, out, err);
	fixture_remove(dir);
	return rc;
}

static struct others read_good(const char *text)
{
	struct others o;
	struct err err = ERR_INIT;
	int rc = read_text(text, &o, &err);

	if (rc < 0)
		print_message("%s\n", err.msg);
	assert_int_equal(rc, 0);
	return o;
}

#define HYPERFINE(name, times) \
	"{\"results\":[{\"command\":\"" name "\",\"mean\":0.5,\"times\":" times "}]}"

static void test_hyperfine(void **state)
{
	struct others a = read_good(HYPERFINE("./old", "[0.5, 0.4, 0.6]"));
	struct others b = read_good(HYPERFINE("./new", "[0.3, 0.2, 0.4, 0.5]"));
	struct others_row row;

	(void)state;
	assert_int_equal(a.kind, OTHERS_HYPERFINE);
	assert_int_equal(a.count, 1);
	assert_near(a.metrics[0].values[1], 0.4e9, 1);
	/* One command each: compared whatever their names. */
	assert_int_equal(others_compare(&a, &b, &row, 1), 1);
	assert_near(row.a.median, 0.5e9, 1);
	assert_near(row.b.median, 0.35e9, 1);
	assert_near(row.b.min, 0.2e9, 1);
	assert_near(row.b.max, 0.5e9, 1);
	assert_near(row.change_ratio, -0.3, 1e-9);
	assert_non_null(strstr(others_design(&a, &b), "measured after the other"));
	others_deinit(&b);
	b = read_good("{\"results\":[{\"command\":\"./new\",\"mean\":0.25}]}");
	assert_int_equal(b.metrics[0].count, 1);
	assert_non_null(strstr(others_design(&a, &b), "One value"));
	others_deinit(&a);
	others_deinit(&b);
}

/* Both shapes of the summary. */
static void test_k6(void **state)
{
	struct others a = read_good("{\"metrics\":{\"http_req_duration\":{\"avg\":1.5,\"med\":1,"
				    "\"p(90)\":2,\"p(95)\":3,\"min\":0.1,\"max\":9},"
				    "\"http_reqs\":{\"count\":100,\"rate\":50}}}");
	struct others b = read_good(
		"{\"metrics\":{\"http_req_duration\":{\"type\":\"trend\",\"values\":{\"med\":2}},"
		"\"http_reqs\":{\"type\":\"counter\",\"values\":{\"count\":80,\"rate\":40}},"
		"\"vus\":{\"type\":\"gauge\",\"values\":{\"value\":1}}}}");
	struct others_row rows[8];

	(void)state;
	assert_int_equal(a.count, 5);
	assert_int_equal(b.count, 2);
	assert_int_equal(others_compare(&a, &b, rows, 8), 2);
	assert_string_equal(rows[0].metric->name, "http_req_duration p50");
	assert_near(rows[0].a.median, 1e6, 1e-6);
	assert_near(rows[0].change_ratio, 1, 1e-12);
	assert_true(rows[1].metric->is_bigger_better);
	assert_near(rows[1].change_ratio, -0.2, 1e-12);
	assert_non_null(strstr(others_design(&a, &b), "no verdict"));
	others_deinit(&a);
	others_deinit(&b);
}

static void test_gbench(void **state)
{
	static const char text[] =
		"{\"context\":{\"host_name\":\"m1\"},\"benchmarks\":["
		"{\"name\":\"f/8\",\"run_name\":\"f/8\",\"run_type\":\"iteration\",\"cpu_time\":2,"
		"\"real_time\":3,\"time_unit\":\"us\"},"
		"{\"name\":\"f/8\",\"run_name\":\"f/8\",\"run_type\":\"iteration\",\"cpu_time\":4,"
		"\"real_time\":5,\"time_unit\":\"us\"},"
		"{\"name\":\"g\",\"run_type\":\"iteration\",\"error_occurred\":true},"
		"{\"name\":\"f/8_median\",\"run_name\":\"f/8\",\"run_type\":\"aggregate\","
		"\"aggregate_name\":\"median\",\"cpu_time\":3,\"real_time\":4,\"time_unit\":\"us\"}]}";
	char elsewhere[sizeof(text)];
	struct others a, b;

	(void)state;
	snprintf(elsewhere, sizeof(elsewhere), "%s", text);
	strstr(elsewhere, "m1")[1] = '2';
	a = read_good(text);
	b = read_good(elsewhere);
	assert_int_equal(a.kind, OTHERS_GBENCH);
	assert_int_equal(a.count, 2);
	assert_string_equal(a.metrics[0].name, "f/8 cpu_time");
	assert_int_equal(a.metrics[0].count, 2);
	assert_near(a.metrics[0].values[1], 4000, 1e-9);
	assert_near(a.metrics[1].values[0], 3000, 1e-9);
	assert_non_null(strstr(others_design(&a, &b), "different machines"));
	assert_non_null(strstr(others_design(&a, &a), "in turns"));
	others_deinit(&a);
	others_deinit(&b);
}

static void test_gbench_of_aggregates_only(void **state)
{
	struct others a = read_good(
		"{\"benchmarks\":[{\"name\":\"f_mean\",\"run_name\":\"f\",\"run_type\":\"aggregate\","
		"\"aggregate_name\":\"mean\",\"cpu_time\":7,\"time_unit\":\"ns\"},"
		"{\"name\":\"f_median\",\"run_name\":\"f\",\"run_type\":\"aggregate\","
		"\"aggregate_name\":\"median\",\"cpu_time\":5,\"time_unit\":\"ns\"}]}");

	(void)state;
	assert_int_equal(a.count, 1);
	assert_int_equal(a.metrics[0].count, 1);
	assert_near(a.metrics[0].values[0], 5, 0);
	assert_non_null(strstr(others_design(&a, &a), "One value"));
	others_deinit(&a);
}

/* Logs of other programs, where they are here. */
static void test_interval_logs(void **state)
{
	const char *path = fixture_data("hlog/jHiccup-2.0.7S.logV2.hlog");
	struct others a;
	struct err err = ERR_INIT;

	(void)state;
	if (!path)
		skip();
	assert_int_equal(others_read(path, &a, &err), 0);
	assert_int_equal(a.kind, OTHERS_HLOG);
	assert_true(a.count >= 3);
	for (size_t i = 0; i < a.count; i++) {
		assert_int_equal(a.metrics[i].count, 1);
		assert_true(a.metrics[i].values[0] > 0);
	}
	assert_non_null(strstr(others_design(&a, &a), "each quantile is one value"));
	others_deinit(&a);
}

static void refuse(const char *text, const char *want)
{
	struct err err = ERR_INIT;
	struct others o;
	int rc = read_text(text, &o, &err);

	assert_int_equal(rc, -EPROTO);
	if (!strstr(err.msg, want))
		print_message("%s\n", err.msg);
	assert_non_null(strstr(err.msg, want));
}

static void test_bad_input_is_refused_with_a_sentence(void **state)
{
	struct others o;
	struct err err;

	(void)state;
	refuse("{", "results:1: ");
	refuse("{}", "no results of");
	refuse("{\"results\":[]}", "no value");
	refuse("{\"results\":[{\"times\":[1]}]}", "no command");
	refuse("{\"results\":[{\"command\":\"x\"}]}", "no times");
	refuse(HYPERFINE("x", "[1, -1]"), "run 2 of 'x'");
	refuse(HYPERFINE("x", "[1, \"2\"]"), "run 2 of 'x'");
	refuse("{\"metrics\":{}}", "no value");
	refuse("{\"metrics\":{\"a_duration\":{\"med\":\"1\"}}}", "is no number");
	refuse("{\"metrics\":{\"a_duration\":7}}", "no value");
	refuse("{\"benchmarks\":[7]}", "no name");
	refuse("{\"benchmarks\":[{\"name\":\"f\",\"cpu_time\":1,\"time_unit\":\"days\"}]}",
	       "no time");
	refuse("{\"benchmarks\":[{\"name\":\"f\",\"cpu_time\":-1}]}", "no time");
	assert_true(read_text("what is this\n", &o, &err) < 0);
	assert_true(read_text("", &o, &err) < 0);
	assert_int_equal(others_read("/nonexistent", &o, &err), -ENOENT);
}

static void test_kinds_do_not_mix(void **state)
{
	struct others a = read_good(HYPERFINE("x", "[1, 2]"));
	struct others b = read_good("{\"metrics\":{\"a_duration\":{\"med\":1}}}");
	struct others_row row;

	(void)state;
	assert_int_equal(others_compare(&a, &b, &row, 1), -EINVAL);
	others_deinit(&a);
	others_deinit(&b);
}

static void test_runs_that_alternate_are_pairs(void **state)
{
	/* A B, B A, A B */
	const uint64_t a[] = { 10, 40, 50 }, b[] = { 60, 20, 30 };
	const uint64_t early[] = { 1, 2, 3 }, late[] = { 4, 5, 6 }, same[] = { 1, 2, 3 };
	size_t pairs[3][2];

	(void)state;
	assert_int_equal(others_pairs(a, 3, b, 3, pairs), 3);
	assert_true(pairs[0][0] == 0 && pairs[0][1] == 1);
	assert_true(pairs[1][0] == 1 && pairs[1][1] == 2);
	assert_true(pairs[2][0] == 2 && pairs[2][1] == 0);
	assert_int_equal(others_pairs(early, 3, late, 3, pairs), 0);
	assert_int_equal(others_pairs(early, 3, same, 3, pairs), 0);
	assert_int_equal(others_pairs(a, 3, b, 2, pairs), 0);
	assert_int_equal(others_pairs(a, 0, b, 0, pairs), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hyperfine),
		cmocka_unit_test(test_k6),
		cmocka_unit_test(test_gbench),
		cmocka_unit_test(test_gbench_of_aggregates_only),
		cmocka_unit_test(test_interval_logs),
		cmocka_unit_test(test_bad_input_is_refused_with_a_sentence),
		cmocka_unit_test(test_kinds_do_not_mix),
		cmocka_unit_test(test_runs_that_alternate_are_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
