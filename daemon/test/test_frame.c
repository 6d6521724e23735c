/*
 * Framing: however the stream is cut into reads, the same messages come out (R-200: pipelined,
 * split and merged segments, over-long requests), at every vector width and without one byte being
 * read behind the data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cpu.h"
#include "daemon/base/rng.h"
#include "daemon/rpc/frame.h"
#include "daemon/test/parser_util.h"

enum { STREAM_BYTES_MAX = 1 << 16, MAX_BYTES = 1 << 20 };

static struct guard guard;
static enum cpu_simd best;

static int open_all(void **state)
{
	(void)state;
	best = cpu_simd_level();
	guard_open(&guard, STREAM_BYTES_MAX);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	guard_close(&guard);
	return 0;
}

static void use_level(int level)
{
	cpu_simd_set_limit((enum cpu_simd)level);
	frame_choose_level();
}

/* A connection: what has come and was not consumed. */
struct stream {
	struct frame_scan scan;
	size_t from, upto; /* of the whole text */
	size_t max_bytes;
};

/* Takes what is complete; appends "<message>" or "!" for one that is too long. */
static void take(struct stream *s, struct span text, struct outbuf *out)
{
	for (;;) {
		struct span data = span_of(text.ptr + s->from, s->upto - s->from);
		struct span put = guard_put(&guard, data, 0, 0);
		struct span message;
		size_t consumed = 0;
		enum frame_result result =
			frame_next(&s->scan, put, s->max_bytes, &message, &consumed);

		assert_true(consumed <= put.len);
		s->from += consumed;
		if (result == FRAME_MORE) {
			/* What is kept is the unfinished message, already looked at. */
			assert_int_equal(s->upto - s->from, s->scan.scanned_bytes);
			return;
		}
		if (result == FRAME_TOO_LONG) {
			outbuf_add(out, "!", 1);
			continue;
		}
		outbuf_add(out, "<", 1);
		outbuf_add(out, message.ptr, message.len);
		outbuf_add(out, ">", 1);
	}
}

/* All of the text in reads that end at the given places. */
static void read_all(struct span text, const size_t *ends, size_t count, size_t max_bytes,
		     struct outbuf *out)
{
	struct stream s = { .max_bytes = max_bytes };

	out->len = 0;
	for (size_t i = 0; i <= count; i++) {
		s.upto = i < count ? ends[i] : text.len;
		take(&s, text, out);
	}
	outbuf_add(out, "", 1);
}

static void expect(struct span text, size_t max_bytes, const char *want)
{
	struct outbuf out = { .grow = outbuf_grow_malloc };

	for (int level = CPU_SCALAR; level <= (int)best; level++) {
		use_level(level);
		read_all(text, &text.len, 0, max_bytes, &out);
		assert_string_equal(out.ptr, want);
		for (size_t cut = 0; cut <= text.len; cut++) {
			read_all(text, &cut, 1, max_bytes, &out);
			assert_string_equal(out.ptr, want);
		}
	}
	free(out.ptr);
}

static void test_messages_split_anywhere(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ " \r\n\t ", "" },
		{ "{}", "<{}>" },
		{ "{}\n[]\r\n{\"a\":[1]}", "<{}><[]><{\"a\":[1]}>" },
		{ "{}{}[[]]", "<{}><{}><[[]]>" },
		{ "{\"a\":", "" },
		{ "{\n  \"a\": [\n 1 ]\n}\n\n{}", "<{\n  \"a\": [\n 1 ]\n}><{}>" },
		{ "{\"}\":\"]\\\"}\"}{}", "<{\"}\":\"]\\\"}\"}><{}>" },
		{ "{\"\\\\\":\"\\\\\"}{}", "<{\"\\\\\":\"\\\\\"}><{}>" },
		{ "{\"\\\\\\\"}\":1}{}", "<{\"\\\\\\\"}\":1}><{}>" },
		{ "{1]{}", "<{1]><{}>" },
		{ "nonsense\n{}", "<nonsense><{}>" },
		{ "}\n{}", "<}><{}>" },
		{ "GET / HTTP/1.1\r\n\r\n{}", "<GET / HTTP/1.1\r><{}>" },
		{ "\"{\"\n17\n{}", "<\"{\"><17><{}>" },
		{ "unfinished", "" },
		{ "{\"a\":\"not closed\n{\"b\":1}\n", "<{\"a\":\"not closed><{\"b\":1}>" },
		{ "{\"a\":\"esc\\\n{\"b\":1}", "<{\"a\":\"esc\\><{\"b\":1}>" },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"goxel.ping\",\"params\":{\"payload\":"
		  "\"0123456789a"
		  "bcdefghijklmnopqrstuvwxyz\"},\"id\":10}\n"
		  "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[[[1,2],[3,4]],\"\\\\\\\"]\"],"
		  "\"id\":11}",
		  "<{\"jsonrpc\":\"2.0\",\"method\":\"goxel.ping\",\"params\":{\"payload\":"
		  "\"0123456789a"
		  "bcdefghijklmnopqrstuvwxyz\"},\"id\":10}>"
		  "<{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[[[1,2],[3,4]],\"\\\\\\\"]\"],"
		  "\"id\":11}"
		  ">" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect(span_str(cases[i].text), MAX_BYTES, cases[i].want);
}

static void test_too_long_is_said_once_and_swallowed(void **state)
{
	(void)state;
	/* At the limit, and one above. */
	expect(SPAN_LIT("[123456]{}"), 8, "<[123456]><{}>");
	expect(SPAN_LIT("[1234567]{}"), 8, "!<{}>");
	expect(SPAN_LIT("12345678\n{}"), 8, "<12345678><{}>");
	expect(SPAN_LIT("123456789\n{}"), 8, "!<{}>");
	expect(SPAN_LIT("{\"12345\n{}"), 8, "<{\"12345><{}>");
	/* Brackets in strings, escapes and newlines of what is swallowed are followed, too. */
	expect(SPAN_LIT("{\"a\":\"1234567}\\\"}\",\"b\":[{}]}{\"a\":1}"), 8, "!<{\"a\":1}>");
	expect(SPAN_LIT("{\"a\":\"1234567890\n{\"a\":1}"), 8, "!<{\"a\":1}>");
	expect(SPAN_LIT("garbage that is long\n[1]"), 8, "!<[1]>");
	expect(SPAN_LIT("[1,2,3,4,5,6,7,8,9] [1,2,3,4,5,6,7,8,9]\n[1]"), 8, "!!<[1]>");
}

/* Random streams in random reads: what comes out does not depend on the reads, nor on the width. */
/* Wherever a message is given up, the one behind it is found. */
static void test_given_up_is_swallowed(void **state)
{
	static const char *const texts[] = { "{\"a\":[1,\"}\\\"\"]}", "some words\n" };
	static const char next[] = " {\"b\":2}\n";

	(void)state;
	for (size_t t = 0; t < 2; t++) {
		for (size_t cut = 1; cut < strlen(texts[t]) - 1; cut++) {
			struct frame_scan scan = { 0 };
			struct span message;
			size_t used;
			size_t rest;

			assert_int_equal(
				frame_next(&scan, span_of(texts[t], cut), 1000, &message, &used),
				FRAME_MORE);
			assert_int_equal(used, 0);
			assert_false(frame_give_up(&scan, cut + 1));
			assert_true(frame_give_up(&scan, cut));
			assert_false(frame_give_up(&scan, cut));
			rest = strlen(texts[t]) - cut;
			assert_int_equal(frame_next(&scan, span_of(texts[t] + cut, rest), 1000,
						    &message, &used),
					 FRAME_MORE);
			assert_int_equal(used, rest);
			assert_int_equal(frame_next(&scan, span_str(next), 1000, &message, &used),
					 FRAME_MESSAGE);
			assert_int_equal(message.len, strlen(next) - 2);
		}
	}
}

static void test_reads_do_not_matter(void **state)
{
	static const char *const pieces[] = {
		"{",  "}",    "[",         "]",    "\"",   "\\",     "\n",  " ",          "a",
		"{}", "[{}]", "\"{\\\"\"", "\\\\", "\\\"", "\"}]\"", "1,2", "0123456789", "\r\n",
	};
	struct outbuf whole = { .grow = outbuf_grow_malloc };
	struct outbuf cut = { .grow = outbuf_grow_malloc };
	struct rng rng;
	char text[4096];

	(void)state;
	rng_init(&rng, 1, 0);
	for (int i = 0; i < 3000; i++) {
		size_t max_bytes = 1 + rng_below(&rng, 300);
		size_t count = rng_below(&rng, 200);
		size_t ends[8] = { 0 };
		size_t from = 0, len = 0;

		for (size_t k = 0; k < count; k++)
			len += (size_t)sprintf(text + len, "%s", pieces[rng_below(&rng, 18)]);
		use_level(CPU_SCALAR);
		read_all(span_of(text, len), ends, 0, max_bytes, &whole);
		for (size_t k = 0; k < 8; k++) {
			from += rng_below(&rng, (len - from) / 2 + 1);
			ends[k] = from;
		}
		for (int level = CPU_SCALAR; level <= (int)best; level++) {
			use_level(level);
			read_all(span_of(text, len), ends, 8, max_bytes, &cut);
			if (strcmp(whole.ptr, cut.ptr) != 0)
				fail_msg("%s: %.*s\nwhole %s\ncut   %s",
					 cpu_simd_name((enum cpu_simd)level), (int)len, text,
					 whole.ptr, cut.ptr);
		}
	}
	free(whole.ptr);
	free(cut.ptr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_split_anywhere),
		cmocka_unit_test(test_too_long_is_said_once_and_swallowed),
		cmocka_unit_test(test_given_up_is_swallowed),
		cmocka_unit_test(test_reads_do_not_matter),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
