/*
 * Both reply builders write the same bytes, jansson reads them back as what was
 * said, and the v15 way allocates nothing once it is warm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/alloc.h"
#include "daemon/base/rng.h"
#include "daemon/parser/parser.h"
#include "daemon/test/parser_util.h"

static struct parsers parsers;

static int open_all(void **state)
{
	(void)state;
	parsers_open(&parsers);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	parsers_close(&parsers);
	return 0;
}

static const struct reply_piece form_pieces[] = {
	REPLY_PIECE("{\"yes\":true,\"one\":"),
	REPLY_PIECE(",\"list\":["),
	REPLY_PIECE(",null,{\"none\":[],\"four\":"),
	REPLY_PIECE("},"),
	REPLY_PIECE("],\"no\":false}"),
};
static const struct reply_form form = REPLY_FORM(form_pieces);

/* Says the same things to any builder. */
static void say(struct reply *r)
{
	reply_object(r);
	reply_key_integer(r, "small", -7);
	reply_key_integer(r, "large", INT64_MIN);
	reply_key_integer(r, "beyond int", 2147483648);
	reply_key_real(r, "real", 0.25);
	reply_key_real(r, "nan", NAN);
	reply_key_bool(r, "yes", true);
	reply_key(r, SPAN_LIT("nothing"));
	reply_null(r);
	reply_key_string(r, "text", SPAN_LIT("a\"b\\\n\0\x01\xc3\xa9\xff"));
	reply_key_array(r, "empty");
	reply_array_end(r);
	reply_key_object(r, "none");
	reply_object_end(r);
	reply_key_array(r, "nested");
	for (int i = 0; i < 3; i++) {
		reply_array(r);
		reply_integer(r, i);
		reply_integer(r, (int64_t)i * 1000);
		reply_array_end(r);
	}
	reply_array_end(r);
	reply_key(r, SPAN_LIT("form"));
	reply_form(r, &form, (int64_t[]){ 0, -999, 1000, INT64_MIN });
	reply_key(r, SPAN_LIT("k\0y\"\xff"));
	reply_raw(r, SPAN_LIT("[1,{\"a\":null}]"));
	reply_object_end(r);
}

static const char said[] =
	"{\"jsonrpc\":\"2.0\",\"result\":{\"small\":-7,\"large\":-9223372036854775808,"
	"\"beyond int\":2147483648,\"real\":0.25,\"nan\":null,\"yes\":true,\"nothing\":null,"
	"\"text\":\"a\\\"b\\\\\\n\\u0000\\u0001\xc3\xa9\xef\xbf\xbd\",\"empty\":[],\"none\":{},"
	"\"nested\":[[0,0],[1,1000],[2,2000]],"
	"\"form\":{\"yes\":true,\"one\":0,\"list\":[-999,null,{\"none\":[],\"four\":1000},"
	"-9223372036854775808],\"no\":false},"
	"\"k\\u0000y\\\"\xef\xbf\xbd\":[1,{\"a\":null}]},"
	"\"id\":\"i\\u0064\"}";

static void test_same_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < parsers.count; i++) {
		struct outbuf out = { .grow = outbuf_grow_malloc };
		struct reply *r = NULL;

		assert_int_equal(parser_reply_open(parsers.list[i], &r, NULL), 0);
		for (int again = 0; again < 3; again++) {
			out.len = 0;
			r->ops->begin(r, &out);
			say(r);
			/* A method that failed half way: the worker cuts the text, the builder
			 * starts anew. */
			if (again == 1) {
				reply_array(r);
				out.len = 0;
				r->ops->begin(r, &out);
				say(r);
			}
			assert_int_equal(r->ops->end(r, SPAN_LIT("\"i\\u0064\"")), 0);
			outbuf_add(&out, "", 1);
			assert_string_equal(out.ptr, said);
		}
		/* Several replies in one buffer. */
		out.len = 0;
		for (int k = 0; k < 2; k++) {
			r->ops->begin(r, &out);
			reply_integer(r, k);
			r->ops->end(r, SPAN_LIT("1"));
			outbuf_add(&out, "\n", 1);
		}
		outbuf_add(&out, "", 1);
		assert_string_equal(out.ptr, "{\"jsonrpc\":\"2.0\",\"result\":0,\"id\":1}\n"
					     "{\"jsonrpc\":\"2.0\",\"result\":1,\"id\":1}\n");
		parser_reply_close(r);
		free(out.ptr);
	}
}

static int grow_at_most(struct outbuf *out, size_t need)
{
	return need > *(size_t *)out->owner ? -12 : outbuf_grow_malloc(out, need);
}

/* Memory that ends anywhere in a reply: it fails, and nothing is written past it. */
static void test_no_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < parsers.count; i++) {
		for (size_t most = 0; most < sizeof(said); most += 16) {
			struct outbuf out = { .grow = grow_at_most, .owner = &most };
			struct reply *r = NULL;
			int rc;

			assert_int_equal(parser_reply_open(parsers.list[i], &r, NULL), 0);
			r->ops->begin(r, &out);
			say(r);
			rc = r->ops->end(r, SPAN_LIT("1"));
			assert_true(rc == -12 || (!out.failed && out.len <= out.cap));
			assert_true(most > 256 || rc == -12);
			parser_reply_close(r);
			free(out.ptr);
		}
	}
}

/* What was parsed, written, read by jansson, and written by it is the same document. */
static void test_jansson_reads_it_back(void **state)
{
	static const char *const texts[] = {
		"[]",
		"{\"a\":[1,-2,3.5,1e300,0.1,true,false,null,\"x\"],\"b\":{\"c\":{}}}",
		"[\"\\u0001\\u001f\\\"\\\\/\xc3\xa9\\ud83d\\ude00\",\"\"]",
		"[[1,2,3],[4,5,6],[7,8,9]]",
		"[9007199254740993,-9223372036854775808,9223372036854775807]",
	};
	struct guard guard;

	(void)state;
	guard_open(&guard, 4096);
	for (size_t i = 0; i < parsers.count; i++) {
		for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++) {
			struct outbuf out = { .grow = outbuf_grow_malloc };
			struct span text =
				guard_put(&guard, span_str(texts[k]), PARSER_PADDING_BYTES, 0);
			json_t *want = json_loadb(text.ptr, text.len, JSON_ALLOW_NUL, NULL);
			struct parse_fault fault;
			struct reply *r = NULL;
			struct value root;
			json_t *got;

			assert_non_null(want);
			assert_int_equal(parser_reply_open(parsers.list[i], &r, NULL), 0);
			assert_int_equal(parser_parse(parsers.list[i], text, &root, &fault), 0);
			r->ops->begin(r, &out);
			write_value(r, root);
			assert_int_equal(r->ops->end(r, SPAN_LIT("1")), 0);
			got = json_loadb(out.ptr, out.len, JSON_ALLOW_NUL, NULL);
			assert_non_null(got);
			/* 1e300 comes back as 1e+300, a real; 3.5 as itself. */
			assert_true(json_equal(json_object_get(got, "result"), want));
			json_decref(got);
			json_decref(want);
			parser_reset(parsers.list[i]);
			parser_reply_close(r);
			free(out.ptr);
		}
	}
	guard_close(&guard);
}

/* One request in and out. */
static void serve(struct parser *p, struct reply *r, struct outbuf *out, struct span text)
{
	struct rpc_request request;
	struct parse_fault fault;
	struct value root;

	out->len = 0;
	assert_int_equal(parser_parse(p, text, &root, &fault), 0);
	assert_int_equal(parser_envelope(p, root, &request), 0);
	r->ops->begin(r, out);
	write_value(r, request.params);
	assert_int_equal(r->ops->end(r, request.id), 0);
	parser_reset(p);
}

static uint64_t allocs_of(struct parser *p, struct reply *r, struct outbuf *out, struct span text)
{
	struct alloc_counts before, after;

	alloc_read_thread(&before);
	serve(p, r, out, text);
	alloc_read_thread(&after);
	return after.allocs_count - before.allocs_count;
}

/* no allocation in steady state; R-101: v14 allocates, as its design does. */
static void test_steady_state_allocates_nothing(void **state)
{
	static const struct span texts[] = {
		SPAN_LIT("{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}"),
		SPAN_LIT("{\"jsonrpc\":\"2.0\",\"method\":\"add_voxels\",\"params\":{\"voxels\":["
			 "{\"x\":1,\"y\":2},{\"x\":3,\"y\":4},{\"x\":5,\"y\":6}]},\"id\":\"a\"}"),
		SPAN_LIT("{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[\"\\u00e9\\n\",1.5,"
			 "[[1,2],[3,4],[5,6.5]],{\"\\u0061\":null}],\"id\":1.5}"),
	};
	struct guard guard;

	(void)state;
	assert_true(alloc_is_counted());
	guard_open(&guard, 4096);
	for (size_t i = 0; i < parsers.count; i++) {
		struct outbuf out = { .grow = outbuf_grow_malloc };
		bool is_tree = strcmp(parsers.names[i], "dom") == 0;
		struct reply *r = NULL;

		assert_int_equal(parser_reply_open(parsers.list[i], &r, NULL), 0);
		for (int round = 0; round < 5; round++) {
			for (size_t k = 0; k < 3; k++) {
				struct span text =
					guard_put(&guard, texts[k], PARSER_PADDING_BYTES, 0);
				uint64_t count = allocs_of(parsers.list[i], r, &out, text);

				/* cJSON's are counted, too: it was handed our malloc. */
				if (is_tree)
					assert_true(count >= 10);
				else if (round > 0)
					assert_int_equal(count, 0);
			}
		}
		parser_reply_close(r);
		free(out.ptr);
	}
	guard_close(&guard);
}

/* A giant request does not stay in memory; the smaller ones after it still allocate nothing. */
static void test_memory_comes_down_after_a_giant(void **state)
{
	enum { ITEMS = 2000000 };
	char *text = malloc(ITEMS * 3 + 2 + PARSER_PADDING_BYTES);
	size_t len = 0;

	(void)state;
	assert_non_null(text);
	text[len++] = '[';
	for (int i = 0; i < ITEMS; i++)
		len += put_bytes(text + len, i ? SPAN_LIT(",{}") : SPAN_LIT("  7"));
	text[len++] = ']';
	memset(text + len, 0, PARSER_PADDING_BYTES);
	for (size_t i = 0; i < parsers.count; i++) {
		struct alloc_counts before, after;
		struct parse_fault fault;
		struct value root;

		alloc_read_thread(&before);
		assert_int_equal(parser_parse(parsers.list[i], span_of(text, len), &root, &fault),
				 0);
		parser_reset(parsers.list[i]);
		alloc_read_thread(&after);
		/* Every block larger than the bounds that was taken was given back. */
		if (strcmp(parsers.names[i], "dom") != 0)
			assert_true(after.frees_count > before.frees_count);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_jansson_reads_it_back),
		cmocka_unit_test(test_steady_state_allocates_nothing),
		cmocka_unit_test(test_memory_comes_down_after_a_giant),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
