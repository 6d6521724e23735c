/*
 * The server whole, without sockets: every axis alone answers a corpus byte for byte like the
 * others, groups stop for a client that does not read, v15 allocates nothing
 * and many clients at once get each their own answers (run it under tsan).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/alloc.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "daemon/base/strbuf.h"
#include "daemon/buffers/buffers.h"
#include "daemon/context/context.h"
#include "daemon/delivery/delivery.h"
#include "daemon/dispatch/dispatch.h"
#include "daemon/parser/parser.h"
#include "daemon/queue/queue.h"
#include "daemon/server/options.h"
#include "daemon/server/server.h"
#include "daemon/telemetry/metrics.h"
#include "daemon/telemetry/stages.h"
#include "daemon/test/skip.h"
#include "daemon/transport/inproc.h"

#define CREATE "{\"jsonrpc\":\"2.0\",\"method\":\"create_project\",\"params\":[\"p\"],\"id\":0}"

/* Everything here has one right answer; {} is none of a notification. */
/* NOLINTBEGIN(bugprone-suspicious-missing-comma): long texts are broken on purpose */
static const char *const corpus[] = {
	CREATE,
	"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":{\"a\":[1,2.5,\"\\u00e9\\n\"]},\"id\":"
	"1}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"goxel.add_voxel\",\"params\":[1,2,3,10,20,30,255],"
	"\"id\":2}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"get_voxel\",\"params\":{\"x\":1,\"y\":2,\"z\":3},\"id\":"
	"\"s\"}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"add_voxel\",\"params\":[1,2,4,1,1,1,255]}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"get_voxel\",\"params\":[1,2,4],\"id\":null}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"get_voxels_region\",\"params\":{\"min\":[0,0,0],"
	"\"max\":[9,9,9]},\"id\":3}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"get_bounding_box\",\"id\":4}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"list_layers\",\"id\":5}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"no such\",\"id\":6}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"add_voxel\",\"params\":[1,2,3,\"#zz\"],\"id\":7}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"add_voxel\",\"params\":7,\"id\":8}",
	"{\"jsonrpc\":\"1.0\",\"method\":\"echo\",\"id\":9}",
	"{\"method\":\"echo\",\"id\":10}",
	"[]",
	"[1,{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":11},{\"jsonrpc\":\"2.0\",\"method\":"
	"\"echo\"},"
	"{\"jsonrpc\":\"2.0\",\"method\":\"list_methods\",\"id\":12},"
	"{\"jsonrpc\":\"2.0\",\"method\":\"add_voxels\",\"params\":{\"voxels\":[{\"x\":1,\"y\":1,"
	"\"z\":1,"
	"\"r\":1,\"g\":2,\"b\":3},{\"x\":2,\"y\":1,\"z\":1,\"r\":1,\"g\":2,\"b\":3}]},\"id\":13}]",
	"[{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}]",
	"{\"tool\":\"goxel_get_voxel\",\"arguments\":{\"position\":{\"x\":1,\"y\":1,\"z\":1}}}",
	"{\"tool\":\"goxel_nothing\"}",
	"{\"tool\":7}",
	"{this is no json}",
	"nor is this\n",
	"\"a text\"\n",
	"[1,2,\n",
	"}\n",
	"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[\"\xff\"],\"id\":14}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[1e400,01],\"id\":15}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[-0.0,1e3,12345678901234567890],"
	"\"id\":16}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[],\"id\":1.25}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[],\"id\":[]}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[],\"id\":17,\"id\":18}",
};
/* NOLINTEND(bugprone-suspicious-missing-comma) */

enum { CORPUS_COUNT = sizeof(corpus) / sizeof(corpus[0]) };

struct client {
	struct conn *conn;
	struct strbuf got;
	size_t room; /* the sink takes no more than this */
};

static size_t sink(void *ctx, struct span bytes)
{
	struct client *c = ctx;
	size_t n = bytes.len < c->room ? bytes.len : c->room;

	strbuf_add(&c->got, bytes.ptr, n);
	c->room -= n;
	return n;
}

static void connect_client(struct server *s, struct client *c)
{
	*c = (struct client){ .room = SIZE_MAX };
	c->conn = inproc_connect(s->transport, sink, c);
	assert_non_null(c->conn);
}

static void leave(struct client *c)
{
	if (c->conn)
		inproc_hangup(c->conn);
	strbuf_deinit(&c->got);
}

static void feed(struct client *c, const char *text)
{
	assert_true(inproc_feed(c->conn, span_str(text)));
}

static void open_axes(struct server *s, const struct axes *axes)
{
	struct server_cfg cfg = {
		.axes = axes,
		.queue_size = 64,
		.connections_max = 16,
		.request_bytes_max = 65536,
	};
	struct err err = ERR_INIT;

	if (server_open(s, &cfg, &err) < 0)
		fail_msg("%s", err.msg);
}

static struct axes preset(const char *name)
{
	struct options o = { .preset = name };
	struct axes axes;
	struct err err = ERR_INIT;

	assert_int_equal(preset_resolve(&o, &axes, &err), 0);
	axes.transport = "inproc";
	axes.workers.min = 2;
	axes.workers.max = 4;
	return axes;
}

/* The one thing that differs from one second to the next. */
static void blank_times(char *text)
{
	static const char key[] = "\"created_at\":\"";

	for (char *at = text; (at = strstr(at, key)); at += sizeof(key))
		for (char *c = at + sizeof(key) - 1; *c != '"'; c++)
			*c = '-';
}

/* What these axes answer to the corpus, all at once or one by one. Free it. */
static char *replies(const struct axes *axes, bool is_pipelined)
{
	struct server s;
	struct client c;
	struct strbuf all = { 0 };
	char *text;

	open_axes(&s, axes);
	connect_client(&s, &c);
	for (int i = 0; i < CORPUS_COUNT; i++) {
		if (is_pipelined)
			strbuf_add_str(&all, corpus[i]);
		else
			feed(&c, corpus[i]);
	}
	if (is_pipelined)
		feed(&c, all.ptr);
	strbuf_deinit(&all);
	text = strbuf_take(&c.got);
	assert_non_null(text);
	blank_times(text);
	leave(&c);
	server_close(&s);
	return text;
}

static char *expected;

static void same(const struct axes *axes, const char *what)
{
	for (int is_pipelined = 0; is_pipelined < 2; is_pipelined++) {
		char *got = replies(axes, is_pipelined != 0);

		if (strcmp(got, expected) != 0)
			fail_msg("%s %s%s answers\n%s\nand not\n%s", axes->preset, what,
				 is_pipelined ? ", pipelined," : "", got, expected);
		free(got);
	}
}

#define SAME_FOR_EACH(preset_name, field, backends)      \
	for (size_t i_ = 0; (backends)[i_]; i_++) {      \
		struct axes axes_ = preset(preset_name); \
		axes_.field = (backends)[i_]->head.name; \
		same(&axes_, (backends)[i_]->head.name); \
	}

static void each_axis(const char *name)
{
	struct axes axes = preset(name);

	same(&axes, "as it is");
	axes.has_fast_path = !axes.has_fast_path;
	same(&axes, "with the other fast path");
	axes.delivery = strcmp(axes.delivery, "whole") ? "whole" : "copied";
	same(&axes, "with the other fast path and the other delivery");
	axes.has_fast_path = !axes.has_fast_path;
	same(&axes, "with the other delivery");
	SAME_FOR_EACH(name, queue, queue_backends)
	SAME_FOR_EACH(name, parser, parser_backends)
	SAME_FOR_EACH(name, dispatch, dispatch_backends)
	SAME_FOR_EACH(name, buffers, buffers_backends)
	SAME_FOR_EACH(name, context, context_backends)
}

static void test_every_axis_answers_alike(void **state)
{
	struct axes axes = preset("v15");

	(void)state;
	expected = replies(&axes, false);
	each_axis("v14");
	each_axis("v15");
	free(expected);
}

static size_t count_lines(const struct client *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->got.len; i++)
		n += c->got.ptr[i] == '\n';
	return n;
}

/* A client that takes nothing: its group stops, and goes on where it stopped. */
static void stalled_group(const char *name)
{
	enum { REQUESTS = 500 };
	struct axes axes = preset(name);
	struct server s;
	struct client c;
	struct strbuf many = { 0 };
	int rounds = 0;

	open_axes(&s, &axes);
	connect_client(&s, &c);
	c.room = 100;
	for (int i = 0; i < REQUESTS; i++)
		strbuf_addf(&many, "{\"jsonrpc\":\"2.0\",\"method\":\"list_methods\",\"id\":%d}",
			    i);
	feed(&c, many.ptr);
	assert_int_equal(c.got.len, 100);
	/* No more is worked on than one write's worth and what a single reply goes beyond it. */
	assert_true(c.conn->unsent != NULL);
	while (count_lines(&c) < REQUESTS && rounds++ < 100000) {
		c.room = 50000;
		assert_true(inproc_drain(c.conn));
	}
	assert_int_equal(count_lines(&c), REQUESTS);
	for (int i = 0, at = 0; i < REQUESTS; i++) {
		char id[32];
		const char *line = c.got.ptr + at;
		const char *end = strchr(line, '\n');

		snprintf(id, sizeof(id), "\"id\":%d}\n", i);
		assert_memory_equal(end + 1 - strlen(id), id, strlen(id));
		at = (int)(end + 1 - c.got.ptr);
	}
	strbuf_deinit(&many);
	leave(&c);
	server_close(&s);
}

static void test_a_group_stops_for_a_client_that_does_not_read(void **state)
{
	(void)state;
	stalled_group("v14");
	stalled_group("v15");
}

/* a line end behind a request is not the beginning of the next one. */
static void test_waiting_for_a_request_is_no_stage_of_it(void **state)
{
	static const char *const names[] = { "v14", "v15" };
	enum { REQUESTS = 3 };
	/* What is tested is time that passes without an event: it must not count. */
	const struct timespec gap = { .tv_nsec = 200 * NSEC_PER_MSEC };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct axes axes = preset(names[i]);
		struct hist *total = hist_new();
		struct server s;
		struct client c;

		assert_non_null(total);
		open_axes(&s, &axes);
		connect_client(&s, &c);
		stages_set_every(1);
		stages_reset();
		for (int k = 0; k < REQUESTS; k++) {
			feed(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}\n");
			nanosleep(&gap, NULL);
		}
		stages_set_every(0);
		leave(&c);
		server_close(&s);
		stages_read(STAGE_TOTAL, total);
		assert_int_equal(total->total, REQUESTS);
		assert_true(total->max_ns < 200 * NSEC_PER_MSEC);
		hist_free(total);
	}
}

static void test_too_long_is_answered_in_its_turn(void **state)
{
	static const char *const names[] = { "v14", "v15" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct axes axes = preset(names[i]);
		struct server s;
		struct client c;
		char *blanks = malloc(70001);

		assert_non_null(blanks);
		memset(blanks, ' ', 70000);
		blanks[70000] = '\0';
		open_axes(&s, &axes);
		connect_client(&s, &c);
		feed(&c, CREATE "{\"jsonrpc\":\"2.0\",");
		feed(&c, blanks);
		feed(&c, "\"method\":\"echo\",\"id\":1}" CREATE);
		assert_int_equal(count_lines(&c), 3);
		assert_non_null(strstr(c.got.ptr, "JSON message too large: more than 65536 bytes"));
		free(blanks);
		leave(&c);
		server_close(&s);
	}
}

/* Needs the counting malloc. */
static void test_v15_allocates_nothing_in_steady_state(void **state)
{
	static const char group[] =
		"{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}"
		"{\"jsonrpc\":\"2.0\",\"method\":\"add_voxel\",\"params\":[1,2,3,4,5,6,255],\"id\":"
		"2}"
		"{\"jsonrpc\":\"2.0\",\"method\":\"get_voxel\",\"params\":[1,2,3],\"id\":\"x\"}"
		"[{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1},{\"jsonrpc\":\"2.0\","
		"\"method\":\"get_voxel\",\"params\":{\"x\":1,\"y\":1,\"z\":1},\"id\":3}]"
		"{\"jsonrpc\":\"2.0\",\"method\":\"nope\",\"id\":1}";
	struct axes axes = preset("v15");
	struct alloc_counts before;
	struct alloc_counts after;
	struct server s;
	struct client c;

	(void)state;
	if (!alloc_is_counted())
		skip_because(NO_ALLOC_COUNTS);
	open_axes(&s, &axes);
	connect_client(&s, &c);
	feed(&c, CREATE);
	for (int i = 0; i < 2000; i++) {
		if (i == 1000)
			alloc_read(&before);
		strbuf_clear(&c.got);
		feed(&c, group);
	}
	alloc_read(&after);
	/* The engine gathers undo steps: a page of them for every few hundred edits. */
	assert_true(after.allocs_count - before.allocs_count <= 8);
	leave(&c);
	server_close(&s);
}

/* A batch of short and long requests, in which the thread changes. */
static const char mixed_batch[] =
	"[{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[1],\"id\":1},"
	"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[2]},7,"
	"{\"jsonrpc\":\"2.0\",\"method\":\"get_bounding_box\",\"id\":3},"
	"{\"jsonrpc\":\"2.0\",\"method\":\"get_bounding_box\"},"
	"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[4],\"id\":4}]";

#define MIXED_REPLY                                                   \
	"[{\"jsonrpc\":\"2.0\",\"result\":[1],\"id\":1},"             \
	"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,"            \
	"\"message\":\"Invalid Request\"},\"id\":null},"              \
	"{\"jsonrpc\":\"2.0\",\"result\":{\"empty\":true},\"id\":3}," \
	"{\"jsonrpc\":\"2.0\",\"result\":[4],\"id\":4}]\n"

static atomic_int parses_count;

static int count_parse(struct parser *p, struct span text, struct value *root,
		       struct parse_fault *fault)
{
	atomic_fetch_add(&parses_count, 1);
	return parser_simd_ops.parse(p, text, root, fault);
}

/* The parse of a request that is handed over goes with it, in its parser. */
static void test_a_request_is_parsed_once(void **state)
{
	struct parser_ops counting = parser_simd_ops;
	struct axes axes = preset("v15");
	struct parser *counted;
	struct worker *reader;
	struct server s;
	struct client c;

	(void)state;
	counting.parse = count_parse;
	axes.workers.min = axes.workers.max = 1;
	open_axes(&s, &axes);
	connect_client(&s, &c);
	feed(&c, CREATE);
	reader = s.readers.idle[0];
	for (int i = 0; i < 3; i++) {
		counted = reader->parser;
		counted->ops = &counting;
		strbuf_clear(&c.got);
		feed(&c, mixed_batch);
		assert_int_equal(count_lines(&c), 1);
		assert_ptr_not_equal(reader->parser, counted);
		assert_int_equal(atomic_load(&parses_count), i + 1);
	}
	assert_int_equal(s.parsers.out_count, 0);
	leave(&c);
	server_close(&s);
}

/* Too many parses are on their way: the worker parses again, and goes on where the other was. */
static void test_a_parse_that_cannot_go_along_is_made_again(void **state)
{
	char expected_text[] = MIXED_REPLY;
	struct axes axes = preset("v15");

	(void)state;
	for (int i = 0; delivery_backends[i]; i++) {
		for (unsigned out_max = 0; out_max < 2; out_max++) {
			struct server s;
			struct client c;

			axes.delivery = delivery_backends[i]->head.name;
			open_axes(&s, &axes);
			s.parsers.out_max = out_max;
			connect_client(&s, &c);
			feed(&c, CREATE);
			strbuf_clear(&c.got);
			feed(&c, mixed_batch);
			assert_string_equal(c.got.ptr, expected_text);
			leave(&c);
			server_close(&s);
		}
	}
}

struct feeder {
	struct client *client;
	const char *text;
};

static void *feed_text(void *arg)
{
	struct feeder *f = arg;

	feed(f->client, f->text);
	return NULL;
}

static uint64_t enqueued_count(void)
{
	struct metrics metrics;

	metrics_read(&metrics);
	return metrics.counts[METRIC_ENQUEUED];
}

/* A reading thread never waits for a project that a worker is busy with: it has other clients. Not
 * in the middle of a batch either. */
static void test_a_locked_project_does_not_stop_a_reader(void **state)
{
	/* clang-format off */
	static const char *const texts[][2] = {
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"add_voxel\",\"params\":[1,1,1],\"id\":1}"
		  "[{\"jsonrpc\":\"2.0\",\"method\":\"add_voxel\",\"params\":[1,1,2],\"id\":2}]",
		  "\"id\":1}\n[" },
		{ "[{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[1],\"id\":1},"
		  "{\"jsonrpc\":\"2.0\",\"method\":\"add_voxel\",\"params\":[1,1,3],\"id\":2}]"
		  "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":3}",
		  "\n[{\"jsonrpc\":\"2.0\",\"result\":[1],\"id\":1},{" },
	};
	/* clang-format on */
	struct axes axes = preset("v15");

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct context_lease lease = { 0 };
		struct project *project;
		struct feeder feeder;
		pthread_t thread;
		uint64_t before;
		struct server s;
		struct client c;

		open_axes(&s, &axes);
		connect_client(&s, &c);
		feed(&c, CREATE);
		feeder = (struct feeder){ &c, texts[i][0] };
		before = enqueued_count();
		assert_int_equal(context_attach(s.context, &lease, NULL), 0);
		assert_int_equal(context_enter(&lease, 0, &project), 0);
		assert_int_equal(pthread_create(&thread, NULL, feed_text, &feeder), 0);
		while (enqueued_count() == before) /* bounded by the test's own deadline */
			sched_yield();
		context_leave(&lease);
		context_detach(&lease);
		pthread_join(thread, NULL);
		assert_int_equal(count_lines(&c), 3);
		assert_non_null(strstr(c.got.ptr, texts[i][1]));
		leave(&c);
		server_close(&s);
	}
}

struct visitor {
	struct server *server;
	int number;
	atomic_int *wrong;
};

static void *visit(void *arg)
{
	struct visitor *v = arg;
	struct client c;

	connect_client(v->server, &c);
	for (int i = 0; i < 60; i++) {
		char text[512];
		char want[128];

		snprintf(text, sizeof(text),
			 "{\"jsonrpc\":\"2.0\",\"method\":\"add_voxel\",\"params\":[%d,%d,0,1,1,1],"
			 "\"id\":1}"
			 "{\"jsonrpc\":\"2.0\",\"method\":\"list_layers\",\"id\":2}"
			 "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[%d,%d],\"id\":3}",
			 v->number, i, v->number, i);
		snprintf(want, sizeof(want), "{\"jsonrpc\":\"2.0\",\"result\":[%d,%d],\"id\":3}\n",
			 v->number, i);
		strbuf_clear(&c.got);
		feed(&c, text);
		if (count_lines(&c) != 3 || c.got.len < strlen(want) ||
		    strcmp(c.got.ptr + c.got.len - strlen(want), want) != 0)
			atomic_fetch_add(v->wrong, 1);
	}
	leave(&c);
	return NULL;
}

static void crowd(const struct axes *axes)
{
	enum { VISITORS = 6 };
	atomic_int wrong = 0;
	struct visitor visitors[VISITORS];
	pthread_t threads[VISITORS];
	struct server s;
	struct client c;

	open_axes(&s, axes);
	connect_client(&s, &c);
	feed(&c, CREATE);
	for (int i = 0; i < VISITORS; i++) {
		visitors[i] = (struct visitor){ &s, i, &wrong };
		assert_int_equal(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
	}
	for (int i = 0; i < VISITORS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&wrong), 0);
	strbuf_clear(&c.got);
	feed(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"get_bounding_box\",\"id\":1}");
	assert_non_null(strstr(c.got.ptr, "\"max\":[5,59,0]"));
	leave(&c);
	server_close(&s);
}

static void test_many_clients_at_once(void **state)
{
	struct axes axes = preset("v14");

	(void)state;
	crowd(&axes);
	axes = preset("v15");
	crowd(&axes);
	axes.has_fast_path = false;
	axes.queue = "priority";
	crowd(&axes);
}

static void test_what_cannot_be_opened_says_why(void **state)
{
	struct axes axes = preset("v15");
	struct server_cfg cfg = {
		.axes = &axes,
		.queue_size = 0,
		.connections_max = 1,
		.request_bytes_max = 1024,
	};
	struct err err = ERR_INIT;
	struct server s;

	(void)state;
	assert_true(server_open(&s, &cfg, &err) < 0);
	assert_non_null(strstr(err.msg, "queue"));
}

/* Its parts are freed once (run it under asan). */
static void test_a_worker_that_cannot_be_made_leaves_nothing(void **state)
{
	struct axes axes = preset("v15");
	struct server s;
	struct worker w;

	(void)state;
	open_axes(&s, &axes);
	s.context->cfg.leases_count = 0; /* the last of the three parts fails */
	assert_int_equal(worker_init(&w, &s.worker_cfg, false, NULL), -ENOSPC);
	worker_deinit(&w);
	s.worker_cfg.parser = "none";
	assert_int_equal(worker_init(&w, &s.worker_cfg, false, NULL), -ENOENT);
	worker_deinit(&w);
	server_close(&s);
}

/* Its request must not wait for the next client's. */
static void test_a_request_without_a_worker_is_refused(void **state)
{
	static const char request[] = "{\"jsonrpc\":\"2.0\",\"method\":\"list_methods\",\"id\":1}";

	(void)state;
	for (int i = 0; delivery_backends[i]; i++) {
		struct axes axes = preset("v15");
		struct server s;
		struct client c;

		axes.delivery = delivery_backends[i]->head.name;
		open_axes(&s, &axes);
		connect_client(&s, &c);
		feed(&c,
		     "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":0}"); /* by the reader's */
		s.worker_cfg.parser = "none";                               /* of workers to come */
		assert_false(inproc_feed(c.conn, span_str(request)));       /* hung up */
		c.conn = NULL;
		assert_non_null(strstr(c.got.ptr, "-32000"));
		assert_non_null(strstr(c.got.ptr, "out of memory for a worker"));
		leave(&c);
		server_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_axis_answers_alike),
		cmocka_unit_test(test_a_group_stops_for_a_client_that_does_not_read),
		cmocka_unit_test(test_waiting_for_a_request_is_no_stage_of_it),
		cmocka_unit_test(test_too_long_is_answered_in_its_turn),
		cmocka_unit_test(test_v15_allocates_nothing_in_steady_state),
		cmocka_unit_test(test_a_request_is_parsed_once),
		cmocka_unit_test(test_a_parse_that_cannot_go_along_is_made_again),
		cmocka_unit_test(test_a_locked_project_does_not_stop_a_reader),
		cmocka_unit_test(test_many_clients_at_once),
		cmocka_unit_test(test_what_cannot_be_opened_says_why),
		cmocka_unit_test(test_a_worker_that_cannot_be_made_leaves_nothing),
		cmocka_unit_test(test_a_request_without_a_worker_is_refused),
	};

	alarm(120); /* a thread that never comes back ends the test */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
