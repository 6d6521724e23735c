/*
 * Differential: what every backend at every vector width makes of generated and damaged texts is
 * what the reference makes of them. The texts end at a guard page, behind exactly the
 * padding that the contract promises.
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
#include "daemon/test/parser_util.h"

enum { TEXT_BYTES_MAX = 1 << 16, SHAPES = 3000, MUTATIONS = 20000 };

static struct parsers parsers;
static struct guard guard;
static struct outbuf reference = { .grow = outbuf_grow_malloc };
static struct outbuf other = { .grow = outbuf_grow_malloc };
static uint64_t refused_count, accepted_count;

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
	free(reference.ptr);
	free(other.ptr);
	return 0;
}

static void agree(struct span text, char fill)
{
	reference.len = 0;
	dump_parse(&reference, parsers.list[0],
		   guard_put(&guard, text, PARSER_PADDING_BYTES, fill));
	if (memcmp(reference.ptr, "fault", 5) == 0)
		refused_count++;
	else
		accepted_count++;
	for (size_t i = 1; i < parsers.count; i++) {
		struct span put = guard_put(&guard, text, PARSER_PADDING_BYTES, fill);

		other.len = 0;
		dump_parse(&other, parsers.list[i], put);
		if (other.len != reference.len || memcmp(other.ptr, reference.ptr, other.len) != 0)
			fail_msg("%s disagrees on: %.*s\n%.*s\nreference:\n%.*s", parsers.names[i],
				 SPAN_ARG(text), (int)other.len, other.ptr, (int)reference.len,
				 reference.ptr);
	}
}

/* How the rows of a generated table look. */
struct shape {
	bool is_object;
	unsigned columns;
	const char *keys[16];
	const char *comma, *colon, *open, *close, *between;
	unsigned digits_max;
};

static const char *pick(struct rng *rng, const char *const *from, size_t count)
{
	return from[rng_below(rng, count)];
}

static void random_shape(struct rng *rng, struct shape *s)
{
	static const char *const keys[] = { "x",  "y", "z", "r",     "g",  "b",
					    "a1", "",  "k", "x-pos", "id", "a long key, longer" };
	static const char *const spaces[] = { "", "", "", " ", "  ", "\n\t", "\n            " };
	/* Spaced the same way throughout, or each place its own way. */
	bool is_plain = rng_below(rng, 2);

	s->is_object = rng_below(rng, 4) != 0;
	s->columns = 1 + (unsigned)rng_below(rng, rng_below(rng, 8) ? 9 : 17);
	for (unsigned i = 0; i < 16; i++)
		s->keys[i] = is_plain ? keys[i % 6] : pick(rng, keys, 12);
	s->comma = pick(rng, spaces, is_plain ? 3 : 7);
	s->colon = pick(rng, spaces, is_plain ? 3 : 7);
	s->open = pick(rng, spaces, is_plain ? 3 : 7);
	s->close = pick(rng, spaces, is_plain ? 3 : 7);
	s->between = pick(rng, spaces, is_plain ? 5 : 7);
	s->digits_max = 1 + (unsigned)rng_below(rng, rng_below(rng, 3) ? 4 : 11);
}

static size_t put_integer(char *to, struct rng *rng, unsigned digits_max)
{
	unsigned digits = 1 + (unsigned)rng_below(rng, digits_max);
	size_t len = 0;

	if (rng_below(rng, 4) == 0)
		to[len++] = '-';
	for (unsigned i = 0; i < digits; i++)
		to[len++] = (char)('0' + (i == 0 && digits > 1 ? 1 + rng_below(rng, 9)
							       : rng_below(rng, 10)));
	return len;
}

static size_t put_row(char *to, struct rng *rng, const struct shape *s)
{
	size_t len = (size_t)sprintf(to, "%c%s", s->is_object ? '{' : '[', s->open);

	for (unsigned i = 0; i < s->columns && i < 16; i++) {
		if (s->is_object)
			len += (size_t)sprintf(to + len, "\"%s\"%s:%s", s->keys[i], s->close,
					       s->colon);
		len += put_integer(to + len, rng, s->digits_max);
		if (i + 1 < s->columns && i + 1 < 16)
			len += (size_t)sprintf(to + len, ",%s", s->comma);
	}
	return len + (size_t)sprintf(to + len, "%s%c", s->close, s->is_object ? '}' : ']');
}

/* An element that is no row of the table, though some begin like one. */
static size_t put_odd(char *to, struct rng *rng, const struct shape *s)
{
	static const char *const odds[] = { "1",       "null",     "{}",
					    "[]",      "\"text\"", "{\"x\":1.5}",
					    "[1,[2]]", "[[[1]]]",  "{\"x\":1,\"w\":{}}" };
	size_t len;

	switch (rng_below(rng, 4)) {
	case 0:
		return (size_t)sprintf(to, "%s", pick(rng, odds, 9));
	case 1: /* a number that is none of the table's */
		len = put_row(to, rng, s);
		for (size_t i = 0; i < len; i++) {
			if (to[i] >= '1' && to[i] <= '9' && rng_below(rng, 3) == 0) {
				static const char *const tails[] = { ".5", "e1", "E+2",
								     "00000000000" };
				const char *tail = pick(rng, tails, 4);

				memmove(to + i + 1 + strlen(tail), to + i + 1, len - i - 1);
				return len + put_bytes(to + i + 1, span_str(tail));
			}
		}
		return len;
	case 2: { /* one column more or less */
		struct shape wider = *s;

		wider.columns += rng_below(rng, 2) || wider.columns == 1 ? 1 : -1u;
		return put_row(to, rng, &wider);
	}
	default: { /* other spacing */
		struct shape spaced = *s;

		spaced.comma = " ";
		return put_row(to, rng, &spaced);
	}
	}
}

static size_t put_table(char *to, struct rng *rng, const struct shape *s)
{
	size_t len = (size_t)sprintf(to, "{\"params\":{\"voxels\":[%s", s->between);
	unsigned rows = (unsigned)rng_below(rng, 12);
	unsigned odd_at = rng_below(rng, 2) ? (unsigned)rng_below(rng, 12) : 99;

	for (unsigned i = 0; i <= rows; i++) {
		if (i)
			len += (size_t)sprintf(to + len, "%s,%s", s->between, s->between);
		len += i == odd_at ? put_odd(to + len, rng, s) : put_row(to + len, rng, s);
	}
	return len + (size_t)sprintf(to + len, "%s]},\"id\":%u}", s->between, rows);
}

static void test_tables(void **state)
{
	static char text[TEXT_BYTES_MAX];
	struct shape shape;
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, 0);
	for (int i = 0; i < SHAPES; i++) {
		random_shape(&rng, &shape);
		agree(span_of(text, put_table(text, &rng, &shape)), (char)rng_next(&rng));
	}
	/* Only what a tail makes larger than a double. */
	assert_true(refused_count < SHAPES / 20);
}

/* Cut at every byte, and every byte replaced: what no guess may overlook. */
static void test_damaged_tables(void **state)
{
	static const char likely[] = "{}[]\",: 0159-.eE\\\xc3\n";
	static char text[TEXT_BYTES_MAX];
	struct shape shape;
	struct rng rng;

	(void)state;
	rng_init(&rng, 2, 0);
	for (int i = 0; i < 60; i++) {
		size_t len;

		random_shape(&rng, &shape);
		len = put_table(text, &rng, &shape);
		for (size_t at = 0; at < len; at++) {
			char kept = text[at];

			agree(span_of(text, at), ",}] 0"[rng_below(&rng, 5)]);
			text[at] = likely[rng_below(&rng, sizeof(likely) - 1)];
			agree(span_of(text, len), ' ');
			text[at] = kept;
		}
	}
	assert_true(refused_count > 1000 && accepted_count > 1000);
}

/* Five rows of so many columns; one number of the fourth row is not 7. */
static size_t put_numbers(char *to, unsigned columns, unsigned at, const char *number)
{
	size_t len = (size_t)sprintf(to, "[[");

	for (unsigned row = 0; row < 5; row++) {
		len += (size_t)sprintf(to + len, "%s", row ? ",[" : "[");
		for (unsigned i = 0; i < columns; i++)
			len += (size_t)sprintf(to + len, "%s%s", i ? "," : "",
					       row == 3 && i == at ? number : "7");
		to[len++] = ']';
	}
	return len + (size_t)sprintf(to + len, "],\"a tail\",[],[]]");
}

/* Every number length and sign at every column. */
static void test_numbers_of_tables(void **state)
{
	static const char *const numbers[] = {
		"0",       "-0",       "9",         "-9",         "10",         "255",
		"-128",    "1000",     "99999",     "-99999",     "123456",     "1234567",
		"7654321", "12345678", "-12345678", "123456789",  "2147483647", "-2147483648",
		"01",      "-01",      "00",        "2147483648", "-",          "--1",
		"1-2",     "+1",       "1.0",       "-2147483649"
	};
	char text[4096];

	(void)state;
	for (size_t n = 0; n < sizeof(numbers) / sizeof(*numbers); n++) {
		for (unsigned columns = 1; columns <= 10; columns++) {
			for (unsigned at = 0; at < columns; at++)
				agree(span_of(text, put_numbers(text, columns, at, numbers[n])), 0);
		}
	}
}

/* Six rows; the fourth has `count` bytes `stray` at byte `at`. Returns the text's length. */
static size_t put_stray(char *to, const char *row, size_t at, char stray, size_t count)
{
	size_t row_bytes = strlen(row);
	size_t len = (size_t)sprintf(to, "[[");

	for (unsigned i = 0; i < 6; i++) {
		len += (size_t)sprintf(to + len, "%s%s", i ? "," : "", row);
		if (i == 3) {
			char *place = to + len - (row_bytes - at);

			memmove(place + count, place, row_bytes - at);
			memset(place, stray, count);
			len += count;
		}
	}
	return len + (size_t)sprintf(to + len, "],\"a tail that is long enough for a block\"]");
}

/* Bytes that belong nowhere, at every place of a row that is read by its gaps: NUL above all, as it
 * is also what lies behind a short row in a register. */
static void test_stray_bytes_in_rows(void **state)
{
	static const char *const rows[] = {
		"[1]",
		"[1,2]",
		"[4,5,6]",
		"[ 4, 5, 6 ]",
		"[-1,22,-333]",
		"[1,2,3,4,5,6,7,8]",
		"[1,2,3,4,5,6,7,8,9]",
		"{\"x\":1,\"y\":2}",
		"{\"x\": 1, \"y\": 2, \"z\": 3}",
		"{\"x\":1,\"y\":2,\"z\":3,\"r\":4,\"g\":5,\"b\":6}",
		"{\"x\":1,\n\t\"y\":2,\n\t\"z\":3}",
	};
	static const char likely[] = "\0\1\t\n\r\x1f ,:[]{}\"-+.0e\\\x7f\x80\xff";
	char text[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (size_t at = 0; at <= strlen(rows[i]); at++) {
			for (size_t b = 0; b < sizeof(likely) - 1; b++) {
				for (size_t count = 1; count <= 3; count++)
					agree(span_of(text, put_stray(text, rows[i], at, likely[b],
								      count)),
					      0);
			}
			/* So many that a row fills its block. */
			agree(span_of(text, put_stray(text, rows[i], at, 0, 40)), 0);
		}
	}
}

/* Two to four bytes, at the edges of every rule of UTF-8, across the sixteen that go together. */
static void test_utf8(void **state)
{
	static const char next[] = "\x20\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc2\xe0\xf0\xff";
	char text[64];
	int turn = 0;

	(void)state;
	for (int lead = 0x7f; lead < 0x100; lead++) {
		for (const char *b = next; *b; b++) {
			for (const char *c = next; *c; c++) {
				const char *d = next + turn++ % (int)(sizeof(next) - 1);
				int len = sprintf(text, "[\"%.*s%c%c%c%c\"]", turn % 24,
						  "xxxxxxxxxxxxxxxxxxxxxxxx", lead, *b, *c, *d);

				agree(span_of(text, (size_t)len), (char)turn);
				agree(span_of(text, (size_t)len - 3), (char)(turn * 7));
			}
		}
	}
}

static void test_random_damage(void **state)
{
	static const char *const seeds[] = {
		"{\"jsonrpc\":\"2.0\",\"method\":\"add_voxels\",\"params\":{\"voxels\":[{\"x\":1,"
		"\"y\":22},"
		"{\"x\":4,\"y\":5},{\"x\":7,\"y\":8},{\"x\":-1,\"y\":0}]},\"id\":\"a\\u0041\"}",
		"[{\"jsonrpc\":\"2.0\",\"id\":1.50,\"method\":\"a\"},{\"tool\":\"b\",\"arguments\":"
		"{\"k\":[]}},7]",
		"{\"id\":12345678901234567890,\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[1,"
		"\"\\u0000\"]}",
		"{\"text\":\"a \\\"quoted\\\" one \\u00e9\\ud83d\\ude00 "
		"\xc3\xa9\xf0\x9f\x98\x80\",\"n\":[0,-0,1e5]}",
		" { \"a\" : [ { \"k\" : 1 } , { \"k\" : 2 } , { \"k\" : 3 } ] , \"id\" : null } ",
		"{\"id\":1,\"id\":2,\"method\":\"x\",\"jsonrpc\":\"2.0\",\"jsonrpc\":\"2.0\","
		"\"\\u0069d\":3}",
		"{\"tool\":\"ping\",\"arguments\":{\"a\":1.25e-3,\"b\":0.1,\"c\":1e22}}",
	};
	static const char likely[] = "{}[]\",:\\0123456789-+.eE \n\tutrnfal\x80\xc3\xff";
	char text[4096];
	struct rng rng;

	(void)state;
	rng_init(&rng, 3, 0);
	for (int i = 0; i < MUTATIONS; i++) {
		const char *seed = seeds[(size_t)i % (sizeof(seeds) / sizeof(*seeds))];
		size_t len = strlen(seed);

		put_bytes(text, span_str(seed));
		for (size_t n = rng_below(&rng, 4); n > 0 && len > 1; n--) {
			size_t at = rng_below(&rng, len);
			size_t from = rng_below(&rng, len);
			size_t span = rng_below(&rng, len - (at > from ? at : from));

			switch (rng_below(&rng, 4)) {
			case 0:
				text[at] = likely[rng_below(&rng, sizeof(likely) - 1)];
				break;
			case 1:
				memmove(text + at + 1, text + at, len++ - at);
				text[at] = likely[rng_below(&rng, sizeof(likely) - 1)];
				break;
			case 2:
				memmove(text + at, text + at + 1, --len - at);
				break;
			default:
				memmove(text + at, text + from, span);
				break;
			}
		}
		agree(span_of(text, len), (char)rng_next(&rng));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_damaged_tables),
		cmocka_unit_test(test_numbers_of_tables),
		cmocka_unit_test(test_stray_bytes_in_rows),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_random_damage),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
