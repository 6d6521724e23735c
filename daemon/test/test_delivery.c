/*
 * The delivery axis: what a worker gets is what was read, with its parse, wherever the text is
 * then; and what follows it is answered once, by the worker or by the reading thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/err.h"
#include "daemon/buffers/buffers.h"
#include "daemon/delivery/delivery.h"
#include "daemon/json/outbuf.h"
#include "daemon/parser/parser.h"
#include "daemon/parser/parser_pool.h"
#include "daemon/test/parser_util.h"
#include "daemon/transport/inproc.h"

enum { TEXT_BYTES_MAX = 4096 };

static const char request[] =
	"{\"jsonrpc\":\"2.0\",\"id\":\"an id\",\"method\":\"add_voxels\",\"params\":{\"voxels\":["
	"{\"x\":1,\"y\":2,\"z\":3},{\"x\":4,\"y\":5,\"z\":6},{\"x\":7,\"y\":8,\"z\":9}],"
	"\"pl\\u0061in\":\"text\",\"esc\\naped\":\"\\u00e9\",\"real\":1.5,\"list\":[null,true,\"\"]"
	"}}";

/* A copy with the padding of a parsed text; free it. */
static char *padded(const char *text)
{
	char *copy = calloc(1, strlen(text) + PARSER_PADDING_BYTES);

	assert_non_null(copy);
	put_bytes(copy, span_str(text));
	return copy;
}

static void moves_with_its_parse(struct parser *p, const char *name)
{
	struct outbuf before = { .grow = outbuf_grow_malloc };
	struct outbuf after = { .grow = outbuf_grow_malloc };
	char *first = padded(request);
	char *second = padded(request);
	struct message m = { .conn = NULL };
	struct parse_fault fault;
	struct rpc_request again;

	message_start(&m, span_of(first, strlen(request)));
	assert_int_equal(parser_parse(p, m.text, &m.at, &fault), 0);
	m.parser = p;
	assert_int_equal(parser_envelope(p, m.at, &m.request), 0);
	dump_value(&before, m.at);
	delivery_move(&m, second);
	memset(first, '#', strlen(request));
	free(first);
	assert_ptr_equal(m.text.ptr, second);
	assert_true(span_is(m.request.id, "\"an id\""));
	assert_true(span_is(m.request.method, "add_voxels"));
	dump_value(&after, m.at);
	if (before.len != after.len || memcmp(before.ptr, after.ptr, after.len) != 0)
		fail_msg("%s: %.*s\nwas %.*s", name, (int)after.len, after.ptr, (int)before.len,
			 before.ptr);
	/* What is read from the parse from now on is of the new place, too. */
	assert_int_equal(parser_envelope(p, m.at, &again), 0);
	assert_true(span_is(again.id, "\"an id\""));
	parser_reset(p);
	free(second);
	free(before.ptr);
	free(after.ptr);
}

static void test_a_parse_moves_with_its_text(void **state)
{
	struct parsers ps;

	(void)state;
	parsers_open(&ps);
	for (size_t i = 0; i < ps.count; i++)
		moves_with_its_parse(ps.list[i], ps.names[i]);
	parsers_close(&ps);
}

/* A server of one connection that hands everything over and is its own worker. */
struct host {
	struct delivery *delivery;
	struct buffers *buffers;
	struct transport *transport;
	struct message message;
	size_t text_bytes; /* what a message is */
	int hold_rc;       /* of the last hold */
	char seen[TEXT_BYTES_MAX];
	size_t seen_bytes;
};

static void see(struct host *h, struct span text)
{
	assert_true(h->seen_bytes + text.len <= sizeof(h->seen));
	memcpy(h->seen + h->seen_bytes, text.ptr, text.len);
	h->seen_bytes += text.len;
}

/* On a worker's thread, if there were one. */
static void work(struct host *h, struct message *m)
{
	struct span rest = delivery_rest(h->delivery, m);

	assert_int_equal(delivery_open_text(h->delivery, m), 0);
	see(h, m->text);
	delivery_close_text(h->delivery, m);
	see(h, rest);
	delivery_release(h->delivery, m, rest.len);
}

static size_t on_data(void *ctx, struct conn *c, struct span bytes)
{
	struct host *h = ctx;
	struct message *m = &h->message;

	if (bytes.len < h->text_bytes)
		return 0;
	m->conn = c;
	message_start(m, span_of(bytes.ptr, h->text_bytes));
	h->hold_rc = delivery_hold(h->delivery, m, bytes);
	if (h->hold_rc < 0) {
		assert_ptr_equal(m->text.ptr, bytes.ptr);
		return bytes.len;
	}
	work(h, m);
	return TRANSPORT_HELD;
}

static int on_opened(void *ctx, struct conn *c)
{
	(void)ctx;
	(void)c;
	return 0;
}

static void on_closed(void *ctx, struct conn *c)
{
	(void)ctx;
	(void)c;
}

static void on_ended(void *ctx, struct conn *c, struct span rest)
{
	(void)ctx;
	(void)c;
	(void)rest;
}

static void *memory_get(void *ctx, size_t min_bytes, size_t *cap)
{
	return buffers_get(ctx, min_bytes, cap);
}

static void memory_put(void *ctx, void *ptr, size_t cap)
{
	buffers_put(ctx, ptr, cap);
}

static size_t sink(void *ctx, struct span bytes)
{
	(void)ctx;
	return bytes.len;
}

static void open_host(struct host *h, const char *name, size_t text_bytes)
{
	struct buffers_cfg buffers = { .clients_count = 1 };
	struct transport_cfg cfg = {
		.conns_max = 1,
		.events = { .ctx = h,
			    .opened = on_opened,
			    .data = on_data,
			    .ended = on_ended,
			    .closed = on_closed },
	};

	*h = (struct host){ .text_bytes = text_bytes };
	assert_int_equal(buffers_open("malloc", &buffers, &h->buffers, NULL), 0);
	assert_int_equal(delivery_open(name, h->buffers, &h->delivery, NULL), 0);
	cfg.memory.ctx = h->buffers;
	cfg.memory.get = memory_get;
	cfg.memory.put = memory_put;
	assert_int_equal(transport_open("inproc", &cfg, &h->transport, NULL), 0);
}

static void close_host(struct host *h)
{
	transport_close(h->transport);
	delivery_close(h->delivery);
	buffers_close(h->buffers); /* asserts that all came back */
}

/* Whoever answers what follows the first message: each byte once, in order. */
static void test_all_bytes_are_answered_once(void **state)
{
	(void)state;
	for (int i = 0; delivery_backends[i]; i++) {
		struct host h;
		struct conn *c;

		open_host(&h, delivery_backends[i]->head.name, 4);
		c = inproc_connect(h.transport, sink, NULL);
		assert_non_null(c);
		assert_true(inproc_feed(c, SPAN_LIT("aaaabbbbcccc")));
		assert_true(inproc_feed(c, SPAN_LIT("dddd")));
		assert_memory_equal(h.seen, "aaaabbbbccccdddd", 16);
		assert_int_equal(h.seen_bytes, 16);
		inproc_hangup(c);
		close_host(&h);
	}
}

/* A long copy is taken from the budget, and the message is as before where that has no more. */
static void test_a_copy_beyond_the_budget_is_refused(void **state)
{
	enum { BYTES = 100000 };
	char *text = calloc(1, BYTES);
	struct host h;
	struct conn *c;

	(void)state;
	assert_non_null(text);
	open_host(&h, "copied", BYTES);
	c = inproc_connect(h.transport, sink, NULL);
	assert_non_null(c);
	budget_set_limit(3 * BYTES / 2); /* what was read, and no copy of it */
	assert_true(inproc_feed(c, span_of(text, BYTES)));
	assert_int_equal(h.hold_rc, -ENOMEM);
	budget_set_limit(0);
	inproc_hangup(c);
	assert_int_equal(budget_used_of(BUDGET_REQUESTS), 0);
	close_host(&h);
	free(text);
}

static void test_unknown_name_says_which_there_are(void **state)
{
	struct err err = ERR_INIT;
	struct delivery *d;

	(void)state;
	assert_int_equal(delivery_open("carried", NULL, &d, &err), -ENOENT);
	assert_string_equal(err.msg, "--delivery: 'carried' is not one of copied, whole");
}

static void test_the_parser_pool_has_a_bound(void **state)
{
	struct parser *out[PARSER_POOL_OUT_MAX];
	struct parser_pool pool;

	(void)state;
	parser_pool_init(&pool, "scalar");
	for (int i = 0; i < PARSER_POOL_OUT_MAX; i++) {
		out[i] = parser_pool_get(&pool);
		assert_non_null(out[i]);
	}
	assert_null(parser_pool_get(&pool));
	parser_pool_put(&pool, out[0]);
	out[0] = parser_pool_get(&pool);
	assert_non_null(out[0]);
	for (int i = 0; i < PARSER_POOL_OUT_MAX; i++)
		parser_pool_put(&pool, out[i]);
	assert_int_equal(pool.idle_count, PARSER_POOL_IDLE_MAX);
	pool.name = "none";
	while (pool.idle_count)
		parser_close(pool.idle[--pool.idle_count]);
	assert_null(parser_pool_get(&pool)); /* cannot be made: it is not out */
	assert_int_equal(pool.out_count, 0);
	parser_pool_deinit(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_parse_moves_with_its_text),
		cmocka_unit_test(test_all_bytes_are_answered_once),
		cmocka_unit_test(test_a_copy_beyond_the_budget_is_refused),
		cmocka_unit_test(test_unknown_name_says_which_there_are),
		cmocka_unit_test(test_the_parser_pool_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
