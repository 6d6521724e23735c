/* json_out: what it writes, jansson reads back equal. */
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/json_out.h"
#include "daemon/base/rng.h"

static void write_sample(struct json_out *j)
{
	json_object_open(j, NULL);
	json_i64(j, "ops_count", -7);
	json_array_open(j, "samples_ns");
	json_u64(j, NULL, UINT64_MAX);
	json_put_null(j, NULL);
	json_object_open(j, NULL);
	json_close(j);
	json_close(j);
	json_array_open(j, "empty");
	json_close(j);
	json_str(j, "text \"quoted\"", "a\nb");
	json_str(j, "none", NULL);
	json_span(j, "span", span_of("xyz", 2));
	json_bool(j, "yes", true);
	json_raw(j, "raw", SPAN_LIT("[1,2]"));
	json_close(j);
}

static void test_one_line_form(void **state)
{
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb };

	(void)state;
	write_sample(&j);
	assert_string_equal(sb.ptr,
			    "{\"ops_count\":-7,\"samples_ns\":[18446744073709551615,null,{}],"
			    "\"empty\":[],\"text \\\"quoted\\\"\":\"a\\nb\",\"none\":null,"
			    "\"span\":\"xy\",\"yes\":true,\"raw\":[1,2]}");
	strbuf_deinit(&sb);
}

static void test_indented_form(void **state)
{
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb, .indent = 2 };

	(void)state;
	json_object_open(&j, NULL);
	json_array_open(&j, "a");
	json_i64(&j, NULL, 1);
	json_i64(&j, NULL, 2);
	json_close(&j);
	json_object_open(&j, "o");
	json_close(&j);
	json_close(&j);
	assert_string_equal(sb.ptr, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"o\": {}\n}\n");
	strbuf_deinit(&sb);
}

static void test_both_forms_read_back_equal(void **state)
{
	struct strbuf a = { 0 };
	struct strbuf b = { 0 };
	struct json_out line = { .sb = &a };
	struct json_out pretty = { .sb = &b, .indent = 4 };
	json_t *read_a;
	json_t *read_b;

	(void)state;
	json_object_open(&line, NULL);
	json_f64(&line, "x", 0.1);
	json_str(&line, "s", "\x01\xff");
	json_close(&line);
	json_object_open(&pretty, NULL);
	json_f64(&pretty, "x", 0.1);
	json_str(&pretty, "s", "\x01\xff");
	json_close(&pretty);
	read_a = json_loads(a.ptr, 0, NULL);
	read_b = json_loads(b.ptr, 0, NULL);
	assert_non_null(read_a);
	assert_true(json_equal(read_a, read_b));
	json_decref(read_a);
	json_decref(read_b);
	strbuf_deinit(&a);
	strbuf_deinit(&b);
}

static void expect_f64(double value, const char *text)
{
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb };

	json_f64(&j, NULL, value);
	assert_string_equal(sb.ptr, text);
	strbuf_deinit(&sb);
}

static void test_doubles_are_short_where_they_can_be(void **state)
{
	(void)state;
	expect_f64(0.1, "0.1");
	expect_f64(1.0, "1");
	expect_f64(-0.0, "-0");
	expect_f64(1.0 / 3, "0.3333333333333333");
	expect_f64(0.1 + 0.2, "0.30000000000000004");
	expect_f64(1e300, "1e+300");
	expect_f64(NAN, "null");
	expect_f64(INFINITY, "null");
	expect_f64(-INFINITY, "null");
}

static void test_any_double_reads_back_equal(void **state)
{
	struct strbuf sb = { 0 };
	struct rng rng;

	(void)state;
	rng_init(&rng, 11, 0);
	for (int i = 0; i < 20000; i++) {
		struct json_out j = { .sb = &sb };
		uint64_t bits = rng_next(&rng);
		double value;

		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value))
			continue;
		strbuf_clear(&sb);
		json_f64(&j, NULL, value);
		assert_true(strtod(sb.ptr, NULL) == value);
	}
	strbuf_deinit(&sb);
}

static void test_deepest_nesting(void **state)
{
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb };

	(void)state;
	for (int i = 0; i < JSON_OUT_DEPTH_MAX; i++)
		json_array_open(&j, NULL);
	for (int i = 0; i < JSON_OUT_DEPTH_MAX; i++)
		json_close(&j);
	assert_int_equal(sb.len, 2 * JSON_OUT_DEPTH_MAX);
	strbuf_deinit(&sb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_line_form),
		cmocka_unit_test(test_indented_form),
		cmocka_unit_test(test_both_forms_read_back_equal),
		cmocka_unit_test(test_doubles_are_short_where_they_can_be),
		cmocka_unit_test(test_any_double_reads_back_equal),
		cmocka_unit_test(test_deepest_nesting),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
