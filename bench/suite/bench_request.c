/*
 * bench_request.c - whole requests through a server of each preset without sockets: framing,
 * parsing, queue and worker or fast path, method, reply. goxel-load measures with sockets.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/suite/suite.h"
#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"
#include "daemon/rpc/limits.h"
#include "daemon/server/options.h"
#include "daemon/server/preset.h"
#include "daemon/server/server.h"
#include "daemon/transport/inproc.h"

enum { DEPTH = 16, BATCH_VOXELS = 100 };

enum kind { PING, ADD_VOXEL, GET_VOXEL, BATCH, PIPELINE, KINDS };

static const char *const kind_names[KINDS] = { "ping", "add_voxel", "get_voxel", "batch_100",
					       "ping_pipeline_16" };

struct request {
	const char *preset;
	enum kind kind;
};

struct served {
	struct server server;
	struct axes axes;
};

/* State of one thread, with its own connection. */
struct client {
	struct conn *conn;
	struct strbuf text;
	uint64_t replies_count; /* lines received */
	bool keeps_reply;
	struct strbuf reply;
};

static size_t take_reply(void *ctx, struct span bytes)
{
	struct client *client = ctx;
	const char *at = bytes.ptr, *end = bytes.ptr + bytes.len;

	if (client->keeps_reply)
		strbuf_add(&client->reply, bytes.ptr, bytes.len);
	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		client->replies_count++;
		at++;
	}
	return bytes.len;
}

static void write_batch(struct strbuf *sb)
{
	strbuf_add_str(sb,
		       "{\"jsonrpc\":\"2.0\",\"method\":\"add_voxels\",\"params\":{\"voxels\":[");
	for (int i = 0; i < BATCH_VOXELS; i++)
		strbuf_addf(sb, "%s{\"x\":%d,\"y\":%d,\"z\":%d,\"r\":255,\"g\":%d,\"b\":0}",
			    i ? "," : "", i % 10, i / 10, i % 7, i);
	strbuf_add_str(sb, "]},\"id\":1}\n");
}

static void write_request(struct strbuf *sb, enum kind kind)
{
	static const char ping[] = "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}\n";

	switch (kind) {
	case PING:
		strbuf_add_str(sb, ping);
		break;
	case ADD_VOXEL:
		strbuf_add_str(sb,
			       "{\"jsonrpc\":\"2.0\",\"method\":\"add_voxel\",\"params\":{"
			       "\"x\":1,\"y\":2,\"z\":3,\"r\":255,\"g\":0,\"b\":0},\"id\":1}\n");
		break;
	case GET_VOXEL:
		strbuf_add_str(sb, "{\"jsonrpc\":\"2.0\",\"method\":\"get_voxel\",\"params\":{"
				   "\"x\":1,\"y\":2,\"z\":3},\"id\":1}\n");
		break;
	case BATCH:
		write_batch(sb);
		break;
	case PIPELINE:
		for (int i = 0; i < DEPTH; i++)
			strbuf_add_str(sb, ping);
		break;
	case KINDS:
		break;
	}
}

/* Sends text, keeps the reply, and looks for `want` in it. */
static int ask(struct bench_state *s, struct client *client, struct span text, const char *want,
	       uint64_t replies_count)
{
	bool is_alive;
	int rc = 0;

	client->keeps_reply = true;
	client->replies_count = 0;
	strbuf_clear(&client->reply);
	is_alive = inproc_feed(client->conn, text);
	client->keeps_reply = false;
	if (!is_alive)
		rc = suite_fail(s, -EPIPE, "the server closed the connection");
	else if (client->replies_count != replies_count || client->reply.failed ||
		 !strstr(client->reply.ptr, want))
		rc = suite_wrong(s, "the reply is '%.100s', without %s",
				 client->reply.ptr ? client->reply.ptr : "", want);
	return rc;
}

static int open_server(struct bench_state *s, struct served *served, const char *preset)
{
	struct options options = { .preset = preset };
	struct server_cfg cfg = {
		.axes = &served->axes,
		.queue_size = 1024,
		.connections_max = 16,
		.request_bytes_max = RPC_REQUEST_BYTES_MAX,
	};
	struct err err = ERR_INIT;
	int rc = preset_resolve(&options, &served->axes, &err);

	served->axes.transport = "inproc"; /* which no command line may ask for */
	if (rc == 0)
		rc = server_open(&served->server, &cfg, &err);
	if (rc < 0)
		return suite_fail(s, rc, "%s", err.msg);
	return 0;
}

static void tear_down(struct bench_state *s, void *arg)
{
	struct served *served = arg;

	(void)s;
	if (served->server.transport)
		server_close(&served->server);
	free(served);
}

static int check(struct bench_state *s, struct client *client, enum kind kind)
{
	static const char paint[] =
		"{\"jsonrpc\":\"2.0\",\"method\":\"add_voxel\",\"params\":{"
		"\"x\":1,\"y\":2,\"z\":3,\"r\":255,\"g\":0,\"b\":0},\"id\":1}\n";
	int rc = ask(s, client, span_str(paint), "\"result\":", 1);

	write_request(&client->text, kind);
	if (rc == 0 && client->text.failed)
		rc = -ENOMEM;
	if (rc == 0)
		rc = ask(s, client, strbuf_span(&client->text),
			 "\"result\":", kind == PIPELINE ? DEPTH : 1);
	return rc;
}

static void disconnect(struct bench_state *s, void *arg)
{
	struct client *client = arg;

	(void)s;
	if (client->conn)
		inproc_hangup(client->conn);
	strbuf_deinit(&client->text);
	strbuf_deinit(&client->reply);
	free(client);
}

/* Connects and sends question; NULL: the measured request, to check that it works. */
static int open_client(struct bench_state *s, struct served *served, const char *question,
		       struct client **out)
{
	const struct request *what = bench_context(s);
	struct client *client = calloc(1, sizeof(*client));
	int rc;

	if (!client)
		return -ENOMEM;
	client->conn = inproc_connect(served->server.transport, take_reply, client);
	if (!client->conn)
		rc = suite_fail(s, -ENOMEM, "no connection");
	else if (question)
		rc = ask(s, client, span_str(question), "\"result\":", 1);
	else
		rc = check(s, client, what->kind);
	if (rc < 0)
		disconnect(s, client);
	else
		*out = client;
	return rc;
}

static int connect_client(struct bench_state *s, void *shared, void **out)
{
	struct client *client;
	int rc = open_client(s, shared, NULL, &client);

	if (rc == 0)
		*out = client;
	return rc;
}

static int set_up(struct bench_state *s, void **out)
{
	static const char create[] = "{\"jsonrpc\":\"2.0\",\"method\":\"create_project\","
				     "\"params\":{\"name\":\"bench\"},\"id\":1}\n";
	const struct request *what = bench_context(s);
	struct client *first;
	struct served *served = calloc(1, sizeof(*served));
	int rc;

	if (!served)
		return -ENOMEM;
	rc = open_server(s, served, what->preset);
	if (rc == 0)
		rc = open_client(s, served, create, &first);
	if (rc == 0)
		disconnect(s, first);
	if (rc < 0)
		tear_down(s, served);
	else
		*out = served;
	return rc;
}

static void send_requests(struct bench_state *s)
{
	const struct request *what = bench_context(s);
	struct client *client = bench_local(s);
	struct span text = strbuf_span(&client->text);
	uint64_t each = what->kind == PIPELINE ? DEPTH : 1, want;

	client->replies_count = 0;
	BENCH_LOOP(s) {
		if (!inproc_feed(client->conn, text)) {
			suite_fail(s, -EPIPE, "the server closed the connection");
			break;
		}
	}
	want = each * bench_iterations_done(s);
	if (!bench_is_skipped(s) && client->replies_count != want)
		suite_wrong(s, "%llu replies to %llu requests",
			    (unsigned long long)client->replies_count, (unsigned long long)want);
	bench_items_processed(s, want);
}

static void add(void)
{
	static const struct bench_fixture fixture = { .setup = set_up,
						      .teardown = tear_down,
						      .thread_setup = connect_client,
						      .thread_teardown = disconnect };
	struct request *what;

	for (size_t p = 0; preset_names[p]; p++) {
		what = suite_keep(KINDS, sizeof(*what));
		for (enum kind k = 0; k < KINDS; k++) {
			what[k] = (struct request){ preset_names[p], k };
			/* The worker's time is part of the request. */
			bench_use_real_time(suite_add(send_requests, &fixture, &what[k],
						      "request_inproc/%s/%s", preset_names[p],
						      kind_names[k]));
			bench_use_real_time(
				bench_threads(suite_add(send_requests, &fixture, &what[k],
							"request_contended/%s/%s", preset_names[p],
							kind_names[k]),
					      2));
		}
	}
}

const struct suite suite_request = {
	.name = "request",
	.summary = "whole requests through a server of each preset, without sockets",
	.add = add,
};
