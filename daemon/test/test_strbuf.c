/* strbuf: grows, stays terminated, fails once and for all, escapes for JSON. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/strbuf.h"

static void test_zeroed_is_empty(void **state)
{
	struct strbuf sb = { 0 };

	(void)state;
	assert_true(span_is(strbuf_span(&sb), ""));
	strbuf_clear(&sb);
	strbuf_deinit(&sb);
}

static void test_appends_are_terminated(void **state)
{
	struct strbuf sb = { 0 };

	(void)state;
	strbuf_add_str(&sb, "ab");
	strbuf_add_char(&sb, 'c');
	strbuf_add(&sb, "d\0e", 3);
	strbuf_addf(&sb, "%d-%s", 42, "x");
	assert_int_equal(sb.len, 10);
	assert_memory_equal(sb.ptr, "abcd\0e42-x", 11);
	strbuf_deinit(&sb);
}

static void test_formatted_text_longer_than_the_room(void **state)
{
	struct strbuf sb = { 0 };

	(void)state;
	for (int width = 0; width < 300; width++) {
		strbuf_clear(&sb);
		strbuf_addf(&sb, "<%*d>", width, 7);
		assert_int_equal(sb.len, strlen(sb.ptr));
		assert_int_equal(sb.len, (width > 1 ? width : 1) + 2);
		strbuf_deinit(&sb);
	}
}

static void test_integers_as_printf_writes_them(void **state)
{
	static const int64_t values[] = {
		0, 1, -1, 9, 10, -10, 1234567890123, INT64_MAX, INT64_MIN
	};
	char want[32];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct strbuf sb = { 0 };

		snprintf(want, sizeof(want), "%" PRId64, values[i]);
		strbuf_add_i64(&sb, values[i]);
		assert_string_equal(sb.ptr, want);
		strbuf_deinit(&sb);
	}
}

static void test_failure_to_grow_stays(void **state)
{
	struct strbuf sb = { 0 };

	(void)state;
	strbuf_add_str(&sb, "kept");
	assert_int_equal(strbuf_reserve(&sb, SIZE_MAX - 2), -ENOMEM);
	assert_true(sb.failed);
	strbuf_add_str(&sb, "lost");
	strbuf_addf(&sb, "%d", 1);
	assert_string_equal(sb.ptr, "kept");
	assert_null(strbuf_take(&sb));
	assert_null(sb.ptr);
	assert_false(sb.failed);
}

static void test_take_hands_over_even_an_empty_text(void **state)
{
	struct strbuf sb = { 0 };
	char *text = strbuf_take(&sb);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	strbuf_add_str(&sb, "x");
	text = strbuf_take(&sb);
	assert_string_equal(text, "x");
	assert_int_equal(sb.len, 0);
	free(text);
}

static void test_json_escapes(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "\"\\/", "\\\"\\\\/" },
		{ "\b\f\n\r\t", "\\b\\f\\n\\r\\t" },
		{ "\x01\x1f\x7f", "\\u0001\\u001f\x7f" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "a\xff"
		  "b",
		  "a\xef\xbf\xbd"
		  "b" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },                 /* overlong */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd" }, /* cut off */
		{ "\xe2\x82\"", "\xef\xbf\xbd\xef\xbf\xbd\\\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strbuf sb = { 0 };

		strbuf_add_json(&sb, span_str(cases[i].in));
		assert_true(span_is(strbuf_span(&sb), cases[i].out));
		strbuf_deinit(&sb);
	}
}

static void test_json_escapes_nul(void **state)
{
	struct strbuf sb = { 0 };

	(void)state;
	strbuf_add_json(&sb, span_of("a\0b", 3));
	assert_string_equal(sb.ptr, "a\\u0000b");
	strbuf_deinit(&sb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeroed_is_empty),
		cmocka_unit_test(test_appends_are_terminated),
		cmocka_unit_test(test_formatted_text_longer_than_the_room),
		cmocka_unit_test(test_integers_as_printf_writes_them),
		cmocka_unit_test(test_failure_to_grow_stays),
		cmocka_unit_test(test_take_hands_over_even_an_empty_text),
		cmocka_unit_test(test_json_escapes),
		cmocka_unit_test(test_json_escapes_nul),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
