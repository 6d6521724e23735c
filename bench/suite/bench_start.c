/*
 * bench_start.c - the real daemon as a process: from its start to its first reply, and from the
 * connection to that reply.
 *
 * Each iteration starts a daemon, sends it a ping and ends it. Only the named part is timed (manual
 * time); the start includes fork and exec. Between attempts to connect the client sleeps 50 us.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/suite/launch.h"
#include "bench/suite/suite.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/server/preset.h"

enum { DEADLINE_S = 10 };

struct times {
	double start_s;   /* until the reply */
	double request_s; /* from the connection to the reply */
};

/* One life of a daemon. */
static int launch_once(struct launch *l, const char *preset, struct times *out,
		       struct strbuf *reply, struct err *err)
{
	uint64_t start_ns = clock_ns(), connect_ns, reply_ns;
	int rc = launch_start(l, preset, err);
	int fd = rc < 0 ? rc : launch_connect(l, start_ns + DEADLINE_S * NSEC_PER_SEC, err);

	if (fd < 0) {
		launch_end(l);
		return fd;
	}
	connect_ns = clock_ns();
	rc = launch_ask(fd, SPAN_LIT("{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}\n"), reply,
			err);
	reply_ns = clock_ns();
	close(fd);
	launch_end(l);
	out->start_s = (double)(reply_ns - start_ns) * 1e-9;
	out->request_s = (double)(reply_ns - connect_ns) * 1e-9;
	return rc;
}

static void tear_down(struct bench_state *s, void *arg)
{
	(void)s;
	launch_deinit(arg);
	free(arg);
}

static int check(struct bench_state *s, struct launch *l)
{
	struct strbuf reply = { 0 };
	struct err err = ERR_INIT;
	struct times times;
	int rc = launch_once(l, bench_context(s), &times, &reply, &err);

	if (rc < 0)
		rc = suite_fail(s, rc, "%s", err.msg);
	else if (!strstr(reply.ptr, "\"result\":"))
		rc = suite_wrong(s, "ping answers '%.100s'", reply.ptr);
	strbuf_deinit(&reply);
	return rc;
}

static int set_up(struct bench_state *s, void **out)
{
	struct launch *l = malloc(sizeof(*l));
	struct err err = ERR_INIT;
	int rc;

	if (!l)
		return -ENOMEM;
	rc = launch_init(l, &err);
	if (rc < 0) {
		free(l);
		return suite_fail(s, rc, "%s", err.msg);
	}
	rc = check(s, l);
	if (rc < 0)
		tear_down(s, l);
	else
		*out = l;
	return rc;
}

static void time_lives(struct bench_state *s, bool whole_start)
{
	struct launch *l = bench_shared(s);
	struct strbuf reply = { 0 };
	struct times times = { 0 };

	BENCH_LOOP(s) {
		struct err err = ERR_INIT;

		if (launch_once(l, bench_context(s), &times, &reply, &err) < 0) {
			suite_fail(s, err.code, "%s", err.msg);
			break;
		}
		bench_iteration_time_s(s, whole_start ? times.start_s : times.request_s);
	}
	strbuf_deinit(&reply);
}

static void startup(struct bench_state *s)
{
	time_lives(s, true);
}

static void first_request(struct bench_state *s)
{
	time_lives(s, false);
}

static struct bench *add_one(bench_body *body, const char *family, const char *preset)
{
	static const struct bench_fixture fixture = { .setup = set_up, .teardown = tear_down };
	struct bench *b = suite_add(body, &fixture, preset, "%s/%s", family, preset);

	/* A fixed number: the library would start thousands to fill its time with first
	 * requests. */
	return bench_time_unit(bench_iterations(bench_use_manual_time(b), 20), BENCH_US);
}

static void add(void)
{
	for (size_t i = 0; preset_names[i]; i++) {
		add_one(startup, "startup_time", preset_names[i]);
		add_one(first_request, "first_request", preset_names[i]);
	}
}

const struct suite suite_start = {
	.name = "start",
	.summary = "the daemon's process: start to first reply, connection to first reply",
	.add = add,
};
