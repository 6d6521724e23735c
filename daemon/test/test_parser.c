/*
 * Conformance of the parser axis: every backend, simd at every vector width, judges the same texts
 * alike, sees the same values and names the same byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/parser/parser.h"
#include "daemon/rpc/limits.h"
#include "daemon/test/parser_util.h"

static struct parsers parsers;
static struct guard guard;

static int open_all(void **state)
{
	(void)state;
	parsers_open(&parsers);
	guard_open(&guard, 4 << 20);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	guard_close(&guard);
	parsers_close(&parsers);
	return 0;
}

/* What the reference makes of it; all others must agree, whatever stands behind the text. */
static void agree(struct span text, struct outbuf *reference)
{
	static const char fills[] = { ' ', '0', '"', '}', ']', ',', '\\', '\xff' };
	struct outbuf other = { .grow = outbuf_grow_malloc };

	reference->len = 0;
	dump_parse(reference, parsers.list[0], guard_put(&guard, text, PARSER_PADDING_BYTES, 0));
	for (size_t i = 0; i < parsers.count; i++) {
		for (size_t k = 0; k < sizeof(fills); k++) {
			other.len = 0;
			dump_parse(&other, parsers.list[i],
				   guard_put(&guard, text, PARSER_PADDING_BYTES, fills[k]));
			if (other.len == reference->len &&
			    memcmp(other.ptr, reference->ptr, other.len) == 0)
				continue;
			fail_msg("%s, padded with %02x, disagrees on: %.*s\n%.*s\nreference:\n%.*s",
				 parsers.names[i], (unsigned char)fills[k], SPAN_ARG(text),
				 (int)other.len, other.ptr, (int)reference->len, reference->ptr);
		}
	}
	free(other.ptr);
}

static void accepted(struct span text)
{
	struct outbuf out = { .grow = outbuf_grow_malloc };

	agree(text, &out);
	if (out.len >= 5 && memcmp(out.ptr, "fault", 5) == 0)
		fail_msg("refused: %.*s: %.*s", SPAN_ARG(text), (int)out.len, out.ptr);
	free(out.ptr);
}

static void refused(struct span text, const char *why, size_t byte_index)
{
	struct outbuf out = { .grow = outbuf_grow_malloc };
	char want[128];

	agree(text, &out);
	outbuf_add(&out, "", 1);
	snprintf(want, sizeof(want), "fault -71: %s at %zu", why, byte_index);
	if (strcmp(out.ptr, want) != 0)
		fail_msg("%.*s\n  got    %s\n  wanted %s", SPAN_ARG(text), out.ptr, want);
	free(out.ptr);
}

static void test_valid_texts(void **state)
{
	static const char *const texts[] = {
		"null",
		"true",
		" false ",
		"0",
		"-0",
		"-0.0",
		"12",
		"\t\r\n 12345678 \n",
		"123456789",
		"9223372036854775807",
		"-9223372036854775808",
		"9223372036854775808",
		"-9223372036854775809",
		"18446744073709551616",
		"9007199254740993",
		"1234567890123456",
		"0.1",
		"2.0",
		"2e3",
		"2E+3",
		"-2.50e-1",
		"1e22",
		"1e23",
		"0.3333333333333333",
		"179769313486231570000000000000000000000",
		"1.7976931348623157e308",
		"4.9e-324",
		"1e-400",
		"0e999999999999",
		"123456789012345678901234567890123456789012345678901234567890123456789012345",
		"0.000000000000000000000000000000000000000000000000000000000000000000000000001",
		"[9,12345678901234567890123456789012345678901234567890123456789.5,-1]",
		"\"\"",
		"\"a\"",
		"\"exactly fifteen\"",
		"\"exactly sixteen!\"",
		"\"a string that is longer than any vector that is looked at at once, I believe\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
		"\"\\u0000\"",
		"\"a\\u0000b\\u0000\"",
		"{\"a\\u0000b\":\"\\u0000\",\"\\u0000\":1}",
		"\"\\u00e9\\u20ac\\ud83d\\ude00\\uD83D\\uDE00\"",
		"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf\xed\x9f\xbf\"",
		"\"\x7f\"",
		"\"sixteen bytes ..\\\\\"",
		"\"fifteen bytes .\\\\\"",
		"[]",
		"[ ]",
		"{}",
		"{ }",
		"[[],{},[[]],{\"a\":{}}]",
		"[1,2,3]",
		"[1 , 2\n,\t3 ]",
		"{\"a\":1,\"a\":2}",
		"{\"\":0}",
		"{ \"a\" : [ true , false , null ] }",
		"{\"\\u0061\":1,\"a\":2}",
		"{\"a key that is longer than sixteen bytes\":\"and a value that is, too\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		accepted(span_str(texts[i]));
}

static const char end[] = "unexpected end of text";
static const struct {
	const char *text;
	const char *why;
	size_t byte_index;
} fault_cases[] = {
	{ "", end, 0 },
	{ "  ", end, 2 },
	{ "[", end, 1 },
	{ "{", end, 1 },
	{ "[1", end, 2 },
	{ "[1,", end, 3 },
	{ "{\"a\"", end, 4 },
	{ "{\"a\":", end, 5 },
	{ "{\"a\":1", end, 6 },
	{ "{\"a\":1,", end, 7 },
	{ "\"abc", end, 4 },
	{ "\"abc\\", end, 5 },
	{ "\"\\u12", end, 5 },
	{ "\"\\ud83d", end, 7 },
	{ "\"\xe2\x82", end, 3 },
	{ "tru", end, 3 },
	{ "-", end, 1 },
	{ "1.", end, 2 },
	{ "1e", end, 2 },
	{ "1e+", end, 3 },
	{ "[1,]", "expected a value", 3 },
	{ "[,1]", "expected a value", 1 },
	{ "{\"a\":}", "expected a value", 5 },
	{ "]", "expected a value", 0 },
	{ "'a'", "expected a value", 0 },
	{ "NaN", "expected a value", 0 },
	{ "\xef\xbb\xbf[]", "expected a value", 0 },
	{ "+1", "expected a value", 0 },
	{ ".5", "expected a value", 0 },
	{ "{,}", "expected a key", 1 },
	{ "{\"a\":1,}", "expected a key", 7 },
	{ "{1:2}", "expected a key", 1 },
	{ "{\"a\" 1}", "expected ':'", 5 },
	{ "{\"a\"}", "expected ':'", 4 },
	{ "[1 2]", "expected ',' or ']'", 3 },
	{ "[1}", "expected ',' or ']'", 2 },
	{ "[01]", "expected ',' or ']'", 2 },
	{ "[0x1]", "expected ',' or ']'", 2 },
	{ "[1.5.2]", "expected ',' or ']'", 4 },
	{ "{\"a\":1]", "expected ',' or '}'", 6 },
	{ "[nulL]", "unknown word", 4 },
	{ "[truefalse]", "expected ',' or ']'", 5 },
	{ "[1.x]", "malformed number", 3 },
	{ "[-x]", "malformed number", 2 },
	{ "[1e5.2]", "expected ',' or ']'", 4 },
	{ "[1ex]", "malformed number", 3 },
	{ "[1e400]", "number out of range", 1 },
	{ "[-1e309]", "number out of range", 1 },
	{ "1 2", "text after the value", 2 },
	{ "{}}", "text after the value", 2 },
	{ "[]x", "text after the value", 2 },
	{ "\"a\nb\"", "control character in a string", 2 },
	{ "\"\x1f\"", "control character in a string", 1 },
	{ "\"\\x\"", "unknown escape", 2 },
	{ "\"\\U0041\"", "unknown escape", 2 },
	{ "\"\\u12g4\"", "expected a hexadecimal digit", 5 },
	{ "\"\\ud83d\"", "unpaired surrogate", 7 },
	{ "\"\\ud83dx\"", "unpaired surrogate", 7 },
	{ "\"\\ud83d\\n\"", "unpaired surrogate", 8 },
	{ "\"\\ud83d\\u0041\"", "unpaired surrogate", 9 },
	{ "\"\\ude00\"", "unpaired surrogate", 1 },
	{ "\"\xff\"", "not UTF-8", 1 },
	{ "\"\x80\"", "not UTF-8", 1 },
	{ "\"\xc0\x80\"", "not UTF-8", 1 },
	{ "\"\xc1\xbf\"", "not UTF-8", 1 },
	{ "\"\xe0\x9f\xbf\"", "not UTF-8", 2 },
	{ "\"\xed\xa0\x80\"", "not UTF-8", 2 },
	{ "\"\xf0\x8f\xbf\xbf\"", "not UTF-8", 2 },
	{ "\"\xf4\x90\x80\x80\"", "not UTF-8", 2 },
	{ "\"\xf5\x80\x80\x80\"", "not UTF-8", 1 },
	{ "\"\xe2\x82\"", "not UTF-8", 3 },
	{ "{\"\xe2\x28\":1}", "not UTF-8", 3 },
	{ "[\xc3\xa9]", "expected a value", 1 },
	{ "{\"a key that is longer than sixteen\n\":1}", "control character in a string", 35 },
};

static void test_faults_and_their_bytes(void **state)
{
	static const char nul[] = "[1,\0 2]";

	(void)state;
	for (size_t i = 0; i < sizeof(fault_cases) / sizeof(*fault_cases); i++)
		refused(span_str(fault_cases[i].text), fault_cases[i].why,
			fault_cases[i].byte_index);
	refused(span_of(nul, sizeof(nul) - 1), "expected a value", 3);
}

/* depth at the limit, one above, and far above. */
static void test_depth_has_a_limit(void **state)
{
	static const size_t depths[] = { RPC_DEPTH_MAX, RPC_DEPTH_MAX + 1, 10000 };
	struct outbuf out = { .grow = outbuf_grow_malloc };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (int mixed = 0; mixed < 2; mixed++) {
			size_t len = 0;
			char *text = malloc(depths[i] * 6);

			assert_non_null(text);
			for (size_t k = 0; k < depths[i]; k++)
				len += (size_t)sprintf(
					text + len, "%s",
					mixed && k % 2 == 0 && k + 1 < depths[i] ? "{\"a\":" : "[");
			for (size_t k = depths[i]; k-- > 0;)
				text[len++] = mixed && k % 2 == 0 && k + 1 < depths[i] ? '}' : ']';
			agree(span_of(text, len), &out);
			if (depths[i] > RPC_DEPTH_MAX)
				refused(span_of(text, len), "nested too deeply",
					mixed ? RPC_DEPTH_MAX / 2 * 6 : RPC_DEPTH_MAX);
			else
				accepted(span_of(text, len));
			free(text);
		}
	}
	free(out.ptr);
}

/* Strings of every length around the vector widths, plain and with something at every place. */
static void test_strings_of_every_length(void **state)
{
	static const struct span specials[] = {
		SPAN_LIT("\\n"), SPAN_LIT("\\\\"),    SPAN_LIT("\\\""), SPAN_LIT("\xc3\xa9"),
		SPAN_LIT("\n"),  SPAN_LIT("\\u00e9"), SPAN_LIT("\xff"), SPAN_LIT("\\"),
	};
	struct outbuf out = { .grow = outbuf_grow_malloc };
	char text[512];

	(void)state;
	for (size_t len = 0; len <= 140; len++) {
		int n = sprintf(text, "{\"%0*d\":\"%0*d\"}", (int)len, 0, (int)len, 0);

		if (len == 0)
			n = sprintf(text, "{\"\":\"\"}");
		accepted(span_of(text, (size_t)n));
	}
	for (size_t len = 1; len <= 70; len += len < 20 ? 1 : 7) {
		for (size_t at = 0; at < len; at++) {
			for (size_t i = 0; i < sizeof(specials) / sizeof(*specials); i++) {
				char inside[128];

				memset(inside, 'x', sizeof(inside));
				memcpy(inside + at, specials[i].ptr, specials[i].len);
				sprintf(text, "[\"%.*s\",{\"%.*s\":1}]",
					(int)(len + specials[i].len), inside,
					(int)(len + specials[i].len), inside);
				agree(span_str(text), &out);
			}
		}
	}
	free(out.ptr);
}

static void test_numbers_of_every_length(void **state)
{
	struct outbuf out = { .grow = outbuf_grow_malloc };
	char text[1024];

	(void)state;
	for (int len = 1; len <= 80; len++) {
		for (int first = 0; first <= 9; first += 9) {
			char digits[96];

			memset(digits, '7', sizeof(digits));
			digits[0] = (char)('0' + first);
			digits[len] = '\0';
			sprintf(text, "[%s,-%s,%s.%s,%se1,0.%s]", digits, digits, digits, digits,
				digits, digits);
			agree(span_str(text), &out);
			sprintf(text, "%s", digits);
			agree(span_str(text), &out);
		}
	}
	free(out.ptr);
}

static void test_integers_keep_all_bits(void **state)
{
	(void)state;
	for (size_t i = 0; i < parsers.count; i++) {
		static const char text[] =
			"[9007199254740993,-9223372036854775808,9223372036854775807,2.0,1e3]";
		static const int64_t want[] = { 9007199254740993, INT64_MIN, INT64_MAX, 2, 1000 };
		struct parser *p = parsers.list[i];
		struct parse_fault fault;
		struct value root = { 0 }, v = { 0 };

		assert_int_equal(
			parser_parse(p, guard_put(&guard, SPAN_LIT(text), PARSER_PADDING_BYTES, 0),
				     &root, &fault),
			0);
		if (!value_first(root, &v))
			fail_msg("%s: no children", parsers.names[i]);
		for (size_t k = 0; k < 5 && v.doc; k++) {
			assert_int_equal(value_kind(v), VALUE_INT);
			assert_true(value_integer(v) == want[k]);
			value_next(v, &v);
		}
		parser_reset(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_texts),
		cmocka_unit_test(test_faults_and_their_bytes),
		cmocka_unit_test(test_depth_has_a_limit),
		cmocka_unit_test(test_strings_of_every_length),
		cmocka_unit_test(test_numbers_of_every_length),
		cmocka_unit_test(test_integers_keep_all_bits),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
