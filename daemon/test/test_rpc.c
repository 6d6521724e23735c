/*
 * The small parts of daemon/rpc: numbers read and written exactly, strings escaped, faults, values,
 * requests of web clients.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/rng.h"
#include "daemon/json/number.h"
#include "daemon/json/text.h"
#include "daemon/rpc/detect.h"
#include "daemon/rpc/fault.h"
#include "daemon/rpc/reply.h"

static double real_of(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

static void reads_as(const char *text, double want)
{
	const char *p = text;
	struct number n;

	assert_int_equal(number_read(&p, text + strlen(text), &n), 0);
	assert_true(*p == '\0');
	if (n.real != want)
		fail_msg("%s: read %a, wanted %a", text, n.real, want);
}

/* strtod is correctly rounded in glibc: every digit count and exponent must agree with it. */
static void test_numbers_are_read_exactly(void **state)
{
	char text[128];
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, 0);
	for (int i = 0; i < 300000; i++) {
		uint64_t digits = rng_next(&rng) >> rng_below(&rng, 64);
		int exponent = (int)rng_below(&rng, 60) - 30;

		sprintf(text, "%llue%d", (unsigned long long)digits, exponent);
		reads_as(text, strtod(text, NULL));
		sprintf(text, "%.*e", (int)rng_below(&rng, 20), real_of(rng_next(&rng) >> 2));
		reads_as(text, strtod(text, NULL));
	}
	/* Exactly between two doubles, and one digit to either side. */
	reads_as("9007199254740993.0", 9007199254740992.0);
	reads_as("9007199254740993.1", 9007199254740994.0);
	reads_as("9007199254740992.9", 9007199254740992.0);
	reads_as("0.500000000000000055511151231257827021181583404541015625", 0.5);
	reads_as("0.500000000000000055511151231257827021181583404541015626", nextafter(0.5, 1));
	reads_as("2.2250738585072011e-308", 2.2250738585072011e-308);
}

static void test_written_reals_read_back(void **state)
{
	char text[NUMBER_REAL_BYTES + 1];
	struct rng rng;

	(void)state;
	rng_init(&rng, 2, 0);
	for (int i = 0; i < 200000; i++) {
		double value =
			i % 3 == 0   ? real_of(rng_next(&rng))
			: i % 3 == 1 ? (double)((int64_t)rng_below(&rng, 2000000) - 1000000) / 1000
				     : rng_unit(&rng);
		size_t len = number_put_real(text, value);

		assert_true(len <= 24);
		text[len] = '\0';
		if (!isfinite(value))
			assert_string_equal(text, "null");
		else if (strtod(text, NULL) != value)
			fail_msg("%a was written %s", value, text);
	}
}

static void test_written_reals_are_short(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ -0.0, "0" },
		{ 1, "1" },
		{ -2.5, "-2.5" },
		{ 0.1, "0.1" },
		{ 1.25, "1.25" },
		{ 100.001, "100.001" },
		{ 0.3, "0.3" },
		{ 1e21, "1e+21" },
		{ 1e-7, "1e-07" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 123456789.125, "123456789.125" },
		{ NAN, "null" },
		{ INFINITY, "null" },
		{ 0.1 + 0.2, "0.30000000000000004" },
	};
	char text[NUMBER_REAL_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		text[number_put_real(text, cases[i].value)] = '\0';
		assert_string_equal(text, cases[i].text);
	}
}

static void test_written_integers(void **state)
{
	static const int64_t values[] = { 12345, INT64_MAX, INT64_MIN };
	char text[NUMBER_INTEGER_BYTES + 1], want[32];
	struct rng rng;

	(void)state;
	rng_init(&rng, 3, 0);
	for (int64_t i = -1100; i < 10000; i++) {
		int64_t value = i <= 1100 ? i : (int64_t)(rng_next(&rng) >> rng_below(&rng, 64));

		if (i > 9996)
			value = values[i - 9997];
		text[number_put_integer(text, value)] = '\0';
		sprintf(want, "%lld", (long long)value);
		assert_string_equal(text, want);
	}
}

static void escapes_to(struct span text, const char *want)
{
	struct outbuf out = { .grow = outbuf_grow_malloc };

	text_put_string(&out, text);
	outbuf_add(&out, "", 1);
	assert_string_equal(out.ptr, want);
	free(out.ptr);
}

static void test_strings_are_escaped(void **state)
{
	char plain[64], text[80], want[160];

	(void)state;
	escapes_to(SPAN_LIT(""), "\"\"");
	escapes_to(SPAN_LIT("plain"), "\"plain\"");
	escapes_to(SPAN_LIT("\"\\/\b\f\n\r\t"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
	escapes_to(SPAN_LIT("a\0b\x1f\x7f"), "\"a\\u0000b\\u001f\x7f\"");
	escapes_to(SPAN_LIT("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
	/* One mark for each longest beginning of a sequence (Unicode 15, section 3.9). */
	escapes_to(SPAN_LIT("\xff|\xc3|\xe2\x82|\xed\xa0\x80|\xf0\x9f\x98"),
		   "\"\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|"
		   "\xef\xbf\xbd\"");
	/* Every length and place around the eight bytes that are looked at together. */
	memset(plain, 'x', sizeof(plain));
	for (int len = 1; len < 40; len++) {
		for (int at = 0; at < len; at++) {
			sprintf(text, "%.*s\n%.*s", at, plain, len - at - 1, plain);
			sprintf(want, "\"%.*s\\n%.*s\"", at, plain, len - at - 1, plain);
			escapes_to(span_str(text), want);
		}
	}
}

static void test_fault_reply(void **state)
{
	struct outbuf out = { .grow = outbuf_grow_malloc };
	struct rpc_fault fault;

	(void)state;
	assert_int_equal(fault_set(&fault, RPC_INVALID_PARAMS, "no \"%s\"", "x"), -EPROTO);
	reply_fault(&out, &fault, SPAN_LIT("\"a\""));
	reply_fault(&out, &fault, span_of("", 0));
	outbuf_add(&out, "", 1);
	assert_string_equal(out.ptr, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32602,\"message\":"
				     "\"no \\\"x\\\"\"},\"id\":\"a\"}"
				     "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32602,\"message\":"
				     "\"no \\\"x\\\"\"},\"id\":null}");
	free(out.ptr);
}

static void test_web_requests_are_known_and_refused(void **state)
{
	static const struct {
		const char *text;
		bool is_http;
	} cases[] = {
		{ "", false },
		{ "GE", false },
		{ "GET / HTTP/1.1\r", true },
		{ "POST /rpc HTTP/1.1\r", true },
		{ "PRI * HTTP/2.0\r", true },
		{ "GETS", false },
		{ "hello", false },
		{ "\x16\x03\x01", false },
	};
	struct outbuf out = { .grow = outbuf_grow_malloc };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		/* From memory of exactly that size: nothing behind it is read. */
		size_t len = strlen(cases[i].text);
		char *text = malloc(len ? len : 1);

		assert_non_null(text);
		memcpy(text, cases[i].text, len);
		if (rpc_is_http(span_of(text, len)) != cases[i].is_http)
			fail_msg("%s", cases[i].text);
		free(text);
	}
	rpc_refuse_http(&out);
	outbuf_add(&out, "", 1);
	assert_ptr_equal(strstr(out.ptr, "HTTP/1.1 400 "), out.ptr);
	assert_non_null(strstr(out.ptr, "not serve HTTP.\n"));
	free(out.ptr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_read_exactly),
		cmocka_unit_test(test_written_reals_read_back),
		cmocka_unit_test(test_written_reals_are_short),
		cmocka_unit_test(test_written_integers),
		cmocka_unit_test(test_strings_are_escaped),
		cmocka_unit_test(test_fault_reply),
		cmocka_unit_test(test_web_requests_are_known_and_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
