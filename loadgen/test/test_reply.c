/*
 * Replies: the short cut says what the general pass says, both accept what JSON-RPC 2.0 allows and
 * nothing else, and a wrong answer is never taken for a right one.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/base/err.h"
#include "loadgen/engine/verify.h"
#include "loadgen/protocol/protocol.h"

#define HEAD "{\"jsonrpc\":\"2.0\","

static struct reply read_ok(const char *line)
{
	struct reply fast, slow;

	assert_int_equal(protocol_read_reply(span_str(line), &fast), 0);
	assert_int_equal(protocol_scan_reply(span_str(line), &slow), 0);
	assert_int_equal(fast.is_error, slow.is_error);
	assert_int_equal(fast.has_id, slow.has_id);
	assert_true(!fast.has_id || fast.id == slow.id);
	assert_true(!fast.is_error || fast.error_code == slow.error_code);
	assert_true(span_eq(fast.body, slow.body));
	return fast;
}

static void assert_refused(const char *line)
{
	struct reply r;

	assert_int_equal(protocol_read_reply(span_str(line), &r), -EPROTO);
	assert_int_equal(protocol_scan_reply(span_str(line), &r), -EPROTO);
}

static void test_compact_result(void **state)
{
	struct reply r = read_ok(HEAD "\"result\":{\"pong\":true},\"id\":12345678}");

	(void)state;
	assert_true(r.has_id);
	assert_int_equal(r.id, 12345678);
	assert_true(span_is(r.body, "{\"pong\":true}"));
}

static void test_every_digit_of_an_id_counts(void **state)
{
	char line[] = HEAD "\"result\":1,\"id\":00000000}";
	char *digits = line + sizeof(line) - 10;

	(void)state;
	for (int place = 0; place < 8; place++) {
		for (int digit = 0; digit < 10; digit++) {
			int64_t want = 0;

			memcpy(digits, "91827364", 8);
			digits[place] = (char)('0' + digit);
			for (int i = 0; i < 8; i++)
				want = want * 10 + (digits[i] - '0');
			assert_int_equal(read_ok(line).id, want);
		}
	}
	/* No digit: the neighbours of '0' and '9', and bytes that share their halves. */
	for (const char *c = "/:;@?p\x80\xb0 \""; *c; c++) {
		struct reply r;

		memcpy(digits, "12345678", 8);
		digits[3] = *c;
		if (protocol_read_reply(span_str(line), &r) == 0)
			assert_false(r.has_id);
	}
}

static void test_other_spellings(void **state)
{
	struct reply r;

	(void)state;
	r = read_ok("{ \"jsonrpc\": \"2.0\", \"result\": { \"a\": [ 1, 2 ] }, \"id\": 7 }\r");
	assert_int_equal(r.id, 7);
	assert_true(span_is(r.body, "{ \"a\": [ 1, 2 ] }"));
	r = read_ok("{\"id\":3,\"result\":\"}]\\\"{\",\"jsonrpc\":\"2.0\",\"extra\":null}");
	assert_int_equal(r.id, 3);
	r = read_ok(HEAD "\"result\":null,\"id\":-9223372036854775808}");
	assert_true(r.id == INT64_MIN);
	assert_false(read_ok(HEAD "\"result\":1,\"id\":\"12345678\"}").has_id);
	assert_false(read_ok(HEAD "\"result\":1,\"id\":1.5}").has_id);
	assert_false(read_ok(HEAD "\"result\":1,\"id\":9223372036854775808}").has_id);
}

static void test_errors(void **state)
{
	struct reply r = read_ok(
		HEAD
		"\"error\":{\"message\":\"code: \\\"1\\\"\",\"code\":-32601},\"id\":12345678}");

	(void)state;
	assert_true(r.is_error);
	assert_int_equal(r.error_code, -32601);
	r = read_ok(HEAD "\"error\":{\"code\":-32700,\"message\":\"x\"},\"id\":null}");
	assert_true(r.is_error);
	assert_false(r.has_id);
}

static void test_no_reply(void **state)
{
	(void)state;
	assert_refused("");
	assert_refused("pong");
	assert_refused("{}");
	assert_refused("[]");
	assert_refused(HEAD "\"id\":12345678}");
	assert_refused(HEAD "\"result\":1}");
	assert_refused("{\"result\":1,\"id\":12345678}");
	assert_refused("{\"jsonrpc\":\"1.0\",\"result\":1,\"id\":12345678}");
	assert_refused(HEAD "\"error\":{\"code\":1},\"result\":1,\"id\":12345678}");
	assert_refused(HEAD "\"error\":\"text\",\"id\":12345678}");
	assert_refused(HEAD "\"error\":{\"message\":\"x\"},\"id\":12345678}");
	assert_refused(HEAD "\"result\":1,\"id\":12345678");
	assert_refused(HEAD "\"result\":1,\"id\":12345678}x");
	assert_refused(HEAD "\"result\":\"\\");
}

static struct workload *workload_of(const char *keys)
{
	char text[512];
	struct workload *w = NULL;

	snprintf(text, sizeof(text), "[op a]\nmethod = m\n%s", keys);
	assert_int_equal(workload_parse("t", span_str(text), &w, NULL), 0);
	return w;
}

static enum verify_verdict judge(const char *keys, enum verify_depth depth, const char *line)
{
	struct workload *w = workload_of(keys);
	struct verifier v;
	struct reply r;
	enum verify_verdict verdict;

	verifier_init(&v, depth);
	/* The sampled first look is not what is tested here. */
	if (depth == VERIFY_FAST)
		v.until_sample = 100;
	assert_int_equal(protocol_read_reply(span_str(line), &r), 0);
	verdict = verify_reply(&v, &w->ops[0], 0, span_str(line), &r);
	workload_close(w);
	return verdict;
}

static void test_expectations(void **state)
{
	static const char good[] = HEAD "\"result\":{\"success\":true,\"n\":2},\"id\":1}";
	static const char padded[] =
		"{ \"jsonrpc\": \"2.0\", \"result\": { \"success\": true }, \"id\": 1 }";
	static const char bad[] = HEAD "\"result\":{\"success\":false},\"id\":1}";

	(void)state;
	assert_int_equal(judge("", VERIFY_FAST, bad), VERIFY_OK);
	assert_int_equal(judge("expect = \"success\":true\n", VERIFY_FAST, good), VERIFY_OK);
	assert_int_equal(judge("expect = \"success\":true\n", VERIFY_FAST, padded), VERIFY_OK);
	assert_int_equal(judge("expect = \"success\": true\n", VERIFY_FAST, good), VERIFY_OK);
	assert_int_equal(judge("expect = \"success\":true\n", VERIFY_FAST, bad), VERIFY_MISMATCH);
	assert_int_equal(judge("expect = \"success\":true\nexpect = \"n\":3\n", VERIFY_FAST, good),
			 VERIFY_MISMATCH);
	assert_int_equal(judge("expect = \"success\":true\n", VERIFY_NONE, bad), VERIFY_OK);
}

static void test_error_replies(void **state)
{
	static const char line[] = HEAD "\"error\":{\"code\":-1004,\"message\":\"x\"},\"id\":1}";
	static const char good[] = HEAD "\"result\":1,\"id\":1}";

	(void)state;
	assert_int_equal(judge("", VERIFY_FAST, line), VERIFY_RPC_ERROR);
	assert_int_equal(judge("may_fail = on\n", VERIFY_FAST, line), VERIFY_OK);
	assert_int_equal(judge("expect_error = -1004\n", VERIFY_FAST, line), VERIFY_OK);
	assert_int_equal(judge("expect_error = -1005\n", VERIFY_FAST, line), VERIFY_MISMATCH);
	assert_int_equal(judge("expect_error = -1004\n", VERIFY_FAST, good), VERIFY_MISMATCH);
}

/* What the short cut does not look at, the sampled look finds. */
static void test_full_look_finds_broken_json(void **state)
{
	static const char line[] = HEAD "\"result\":{\"a\":tru},\"id\":12345678}";
	static const char open[] = HEAD "\"result\":[1,\"id\":12345678}";
	static const char both[] = HEAD "\"result\":1,\"error\":{\"code\":1},\"id\":12345678}";

	(void)state;
	assert_int_equal(judge("", VERIFY_FAST, line), VERIFY_OK);
	assert_int_equal(judge("", VERIFY_FULL, line), VERIFY_UNPARSABLE);
	assert_int_equal(judge("", VERIFY_FULL, open), VERIFY_UNPARSABLE);
	assert_int_equal(judge("", VERIFY_FULL, both), VERIFY_UNPARSABLE);
}

static void test_fast_takes_its_samples(void **state)
{
	static const char line[] = HEAD "\"result\":1,\"id\":12345678}";
	struct workload *w = workload_of("");
	struct verifier v;
	struct reply r;

	(void)state;
	verifier_init(&v, VERIFY_FAST);
	assert_int_equal(protocol_read_reply(span_str(line), &r), 0);
	for (int i = 0; i < 3 * VERIFY_SAMPLE_EVERY; i++)
		assert_int_equal(verify_reply(&v, &w->ops[0], 0, span_str(line), &r), VERIFY_OK);
	assert_int_equal(v.full_count, 3);
	workload_close(w);
}

static void test_contains_ignores_blanks_outside_strings_only(void **state)
{
	uint32_t hint = 0;

	(void)state;
	assert_true(
		verify_contains(SPAN_LIT("{\"a\" : [ 1 , 2 ]}"), SPAN_LIT("\"a\":[1,2]"), &hint));
	assert_false(verify_contains(SPAN_LIT("{\"a b\":1}"), SPAN_LIT("\"ab\":1"), &hint));
	assert_false(verify_contains(SPAN_LIT("{\"ab\":1}"), SPAN_LIT("\"a b\":1"), &hint));
	assert_true(verify_contains(SPAN_LIT("[\"\\\" x\", 5]"), SPAN_LIT("\"\\\" x\",5"), &hint));
	assert_false(verify_contains(SPAN_LIT(""), SPAN_LIT("x"), &hint));
	/* A hint from a longer reply must not be trusted. */
	hint = 4000;
	assert_true(verify_contains(SPAN_LIT("abc"), SPAN_LIT("bc"), &hint));
	assert_int_equal(hint, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compact_result),
		cmocka_unit_test(test_every_digit_of_an_id_counts),
		cmocka_unit_test(test_other_spellings),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_no_reply),
		cmocka_unit_test(test_expectations),
		cmocka_unit_test(test_error_replies),
		cmocka_unit_test(test_full_look_finds_broken_json),
		cmocka_unit_test(test_fast_takes_its_samples),
		cmocka_unit_test(test_contains_ignores_blanks_outside_strings_only),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
