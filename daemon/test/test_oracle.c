/*
 * A second opinion: simdjson accepts and refuses the same texts and reads the same numbers.
 *
 * "test_oracle --speed [ROUNDS]" measures instead: every parser against simdjson on-demand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/rng.h"
#include "daemon/parser/parser.h"
#include "daemon/test/json_speed.h"
#include "daemon/test/oracle_simdjson.h"
#include "daemon/test/parser_util.h"

enum { TEXT_BYTES_MAX = 4096, MUTATIONS = 60000 };

static struct parsers parsers;
static struct guard guard;

static int open_all(void **state)
{
	(void)state;
	parsers_open(&parsers);
	guard_open(&guard, TEXT_BYTES_MAX);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	guard_close(&guard);
	parsers_close(&parsers);
	return 0;
}

static bool we_accept(struct parser *p, struct span text)
{
	struct parse_fault fault;
	struct value root;
	int rc = parser_parse(p, text, &root, &fault);

	parser_reset(p);
	return rc == 0;
}

static const char *const seeds[] = {
	"{\"jsonrpc\":\"2.0\",\"method\":\"add_voxels\",\"params\":{\"voxels\":[{\"x\":1,\"y\":22,"
	"\"z\":-3},"
	"{\"x\":4,\"y\":5,\"z\":6},{\"x\":7,\"y\":8,\"z\":900},{\"x\":-1,\"y\":0,\"z\":12345678}]},"
	"\"id\":1}",
	"[[[1,2,3],[4,5,6],[7,8,9],[10,11,12]],{\"a\":[true,false,null,1.5e3,-0.25]}]",
	("{\"text\":\"a \\\"quoted\\\" one \\u00e9\\ud83d\\ude00 "
	 "\xc3\xa9\xf0\x9f\x98\x80\",\"n\":[0,-0,1e5]}"),
	"  { \"a\" : [ { \"k\" : 1 } , { \"k\" : 2 } , { \"k\" : 3 } ] , \"b\" : \"\" }  ",
};

static void mutate(char *text, size_t *len, struct rng *rng)
{
	static const char likely[] = "{}[]\",:\\0123456789-+.eE \n\tutrnfal\x80\xc3\xff";
	size_t changes = 1 + rng_below(rng, 3);

	while (changes--) {
		size_t at = rng_below(rng, *len);
		char c = likely[rng_below(rng, sizeof(likely) - 1)];

		switch (rng_below(rng, 3)) {
		case 0:
			text[at] = c;
			break;
		case 1:
			memmove(text + at + 1, text + at, (*len)++ - at);
			text[at] = c;
			break;
		default:
			if (*len > 1)
				memmove(text + at, text + at + 1, --(*len) - at);
			break;
		}
	}
}

static void test_same_texts_are_valid(void **state)
{
	char text[TEXT_BYTES_MAX];
	struct rng rng;
	size_t valid = 0;

	(void)state;
	rng_init(&rng, 1, 0);
	for (int i = 0; i < MUTATIONS; i++) {
		const char *seed = seeds[i % 4];
		size_t len = strlen(seed);
		bool theirs;

		put_bytes(text, span_str(seed));
		mutate(text, &len, &rng);
		theirs = oracle_accepts(guard_put(&guard, span_of(text, len), 64, 0).ptr, len);
		valid += theirs;
		for (size_t k = 0; k < parsers.count; k++) {
			struct span put = guard_put(&guard, span_of(text, len), 64, ' ');

			if (we_accept(parsers.list[k], put) != theirs)
				fail_msg("%s disagrees; simdjson says %d: %.*s", parsers.names[k],
					 theirs, (int)len, text);
		}
	}
	/* The test must see both sides. */
	assert_in_range(valid, MUTATIONS / 50, MUTATIONS - MUTATIONS / 50);
}

static void test_same_numbers(void **state)
{
	struct rng rng;
	char text[128];

	(void)state;
	rng_init(&rng, 2, 0);
	for (int i = 0; i < 200000; i++) {
		uint64_t digits = rng_next(&rng) >> rng_below(&rng, 64);
		int decimals = (int)rng_below(&rng, 25);
		int exponent = (int)rng_below(&rng, 40) - 20;
		struct parse_fault fault;
		struct value root = { 0 }, v = { 0 };
		struct span put;
		double theirs;
		int len;

		if (i % 3 == 0)
			len = sprintf(text, "[%.*g]", decimals ? decimals : 1,
				      (double)digits * 0x1p-40);
		else if (i % 3 == 1)
			len = sprintf(text, "[%llue%d]", (unsigned long long)digits, exponent);
		else
			len = sprintf(text, "[-%llu.%llu]", (unsigned long long)digits >> 40,
				      (unsigned long long)rng_next(&rng));
		put = guard_put(&guard, span_of(text, (size_t)len), 64, 0);
		assert_true(oracle_number(put.ptr, put.len, 0, &theirs));
		assert_int_equal(parser_parse(parsers.list[0], put, &root, &fault), 0);
		if (!value_first(root, &v) || value_real(v) != theirs)
			fail_msg("%s: simdjson reads %.17g", text, theirs);
		parser_reset(parsers.list[0]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_texts_are_valid),
		cmocka_unit_test(test_same_numbers),
	};

	if (argc > 1 && strcmp(argv[1], "--speed") == 0)
		return json_speed(argc > 2 ? (int)strtol(argv[2], NULL, 10) : 200);
	return cmocka_run_group_tests(tests, open_all, close_all);
}
