#include "daemon/test/stress/bystander.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "daemon/base/thread.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/run.h"
#include "daemon/test/stress/target.h"

enum {
	CELLS = BYSTANDER_EDGE * BYSTANDER_EDGE * BYSTANDER_EDGE,
	PACE_MS = 5,
	RENDER_EVERY = 40, /* rounds */
	KNOCK_EVERY = 60,
	NO_REPLY_S = 10, /* then there is no reply: a failure */
	SHOWN_BYTES = 160,
};

const char *const bystander_names[BYSTANDER_KINDS] = { "get_voxel", "add_voxel", "render 32x32",
						       "connect+ping", "timer" };

int bystander_open(struct bystander *b, struct run *run, struct err *err)
{
	memset(b, 0, sizeof(*b));
	b->run = run;
	b->link = LINK_INIT;
	rng_init(&b->rng, run->seed, 0);
	pthread_mutex_init(&b->lock, NULL);
	for (int i = 0; i < BYSTANDER_KINDS; i++) {
		b->total[i] = hist_new();
		b->window[i] = hist_new();
		if (!b->total[i] || !b->window[i])
			return err_set(err, -ENOMEM, "histograms");
	}
	return 0;
}

void bystander_close(struct bystander *b)
{
	link_deinit(&b->link);
	for (int i = 0; i < BYSTANDER_KINDS; i++) {
		hist_free(b->total[i]);
		hist_free(b->window[i]);
	}
	pthread_mutex_destroy(&b->lock);
}

static void record(struct bystander *b, enum bystander_kind kind, uint64_t ns)
{
	pthread_mutex_lock(&b->lock);
	hist_record(b->total[kind], ns);
	hist_record(b->window[kind], ns);
	b->requests_count += kind != BYSTANDER_WAKE;
	pthread_mutex_unlock(&b->lock);
}

void bystander_forget(struct bystander *b)
{
	pthread_mutex_lock(&b->lock);
	for (int i = 0; i < BYSTANDER_KINDS; i++) {
		hist_reset(b->total[i]);
		hist_reset(b->window[i]);
	}
	b->requests_count = 0;
	b->errors_count = 0;
	b->refused_count = 0;
	pthread_mutex_unlock(&b->lock);
}

void bystander_take_window(struct bystander *b, struct hist *const out[BYSTANDER_KINDS])
{
	pthread_mutex_lock(&b->lock);
	for (int i = 0; i < BYSTANDER_KINDS; i++) {
		hist_add(out[i], b->window[i]);
		hist_reset(b->window[i]);
	}
	pthread_mutex_unlock(&b->lock);
}

static void fail(struct bystander *b, const char *what, const char *method, struct span text)
{
	int shown = text.len < SHOWN_BYTES ? (int)text.len : SHOWN_BYTES;

	report_fail(b->run->report, "bystander", what, "%s: %.*s", method, shown, text.ptr);
}

static uint64_t limit_ns(const struct bystander *b)
{
	return (uint64_t)NO_REPLY_S * b->run->patience * NSEC_PER_SEC;
}

/* A failure, or, in times of faults, what may happen then: only counted. */
static void lost(struct bystander *b, uint64_t begin_ns, const char *what, const char *method,
		 struct span text)
{
	if (run_had_faults(b->run, begin_ns)) {
		pthread_mutex_lock(&b->lock);
		b->errors_count++;
		pthread_mutex_unlock(&b->lock);
		return;
	}
	fail(b, what, method, text);
}

static struct span text_of(const char *text)
{
	return span_of(text, strlen(text));
}

/*
 * One request. 0: a result, in reply. 1: an error reply. Negative: no reply, and the link is closed
 * then. What must not be is reported here.
 */
static int ask(struct bystander *b, enum bystander_kind kind, const char *method,
	       const char *params, struct link_reply *reply)
{
	uint64_t begin_ns = clock_ns();
	int rc;

	if (b->link.fd < 0) {
		rc = link_open(&b->link, &b->run->target->addr, b->run->stop_fd);
		if (rc < 0) {
			if (target_is_alive(b->run->target))
				lost(b, begin_ns, "cannot connect", method,
				     text_of(strerrordesc_np(-rc)));
			return rc;
		}
	}
	rc = link_call(&b->link, method, params, limit_ns(b), reply);
	if (rc == 0) {
		record(b, kind, clock_ns() - begin_ns);
		if (reply->kind == LINK_GARBLED)
			fail(b, "wrong reply", method, reply->text);
		if (reply->kind == LINK_ERROR)
			lost(b, begin_ns, "error reply", method, reply->text);
		return reply->kind == LINK_RESULT ? 0 : 1;
	}
	if (rc == -ETIMEDOUT)
		fail(b, "no reply", method, text_of("within the time limit"));
	else if (rc != -ECANCELED && target_is_alive(b->run->target))
		lost(b, begin_ns, "connection lost", method, text_of(strerrordesc_np(-rc)));
	link_close(&b->link);
	return rc;
}

static bool has_head(struct span text, const char *head)
{
	return text.len >= strlen(head) && memcmp(text.ptr, head, strlen(head)) == 0;
}

static int make_project(struct bystander *b)
{
	struct link_reply reply;
	int rc = ask(b, BYSTANDER_EDIT, "create_project", "{\"name\":\"bystander\"}", &reply);
	int64_t id;

	if (rc != 0)
		return rc;
	id = link_number(reply.body, "\"project_id\":");
	if (id <= 0) {
		fail(b, "wrong reply", "create_project", reply.text);
		return -EPROTO;
	}
	b->project = (int32_t)id;
	memset(b->model, 0, sizeof(b->model));
	memset(b->is_doubtful, 0, sizeof(b->is_doubtful));
	return 0;
}

static void place_of(unsigned cell, unsigned at[3])
{
	at[0] = cell % BYSTANDER_EDGE;
	at[1] = cell / BYSTANDER_EDGE % BYSTANDER_EDGE;
	at[2] = cell / (BYSTANDER_EDGE * BYSTANDER_EDGE);
}

static int write_voxel(struct bystander *b)
{
	unsigned cell = (unsigned)rng_below(&b->rng, CELLS);
	uint32_t color = 1 + (uint32_t)rng_below(&b->rng, 0xffffff);
	unsigned at[3];
	char params[160];
	struct link_reply reply;
	int rc;

	place_of(cell, at);
	snprintf(params, sizeof(params),
		 "{\"x\":%u,\"y\":%u,\"z\":%u,\"color\":[%u,%u,%u,255],\"project_id\":%d}", at[0],
		 at[1], at[2], color >> 16, color >> 8 & 255, color & 255, b->project);
	rc = ask(b, BYSTANDER_EDIT, "add_voxel", params, &reply);
	if (rc == 0 && !has_head(reply.body, "{\"success\":true,"))
		fail(b, "wrong reply", "add_voxel", reply.text);
	/* Without a reply nobody knows whether it was done; with an error it was not, unless the
	 * error is about the reply itself. */
	if (rc < 0 || (rc == 1 && (reply.kind == LINK_GARBLED ||
				   memmem(reply.text.ptr, reply.text.len, "reply", 5))))
		b->is_doubtful[cell] = true;
	if (rc == 0) {
		b->model[cell] = color;
		b->is_doubtful[cell] = false;
	}
	return rc;
}

static int read_voxel(struct bystander *b)
{
	unsigned cell = (unsigned)rng_below(&b->rng, CELLS);
	uint32_t color = b->model[cell];
	unsigned at[3];
	char params[96];
	char want[128];
	struct link_reply reply;
	int rc;

	place_of(cell, at);
	snprintf(params, sizeof(params), "{\"x\":%u,\"y\":%u,\"z\":%u,\"project_id\":%d}", at[0],
		 at[1], at[2], b->project);
	snprintf(want, sizeof(want),
		 "{\"x\":%u,\"y\":%u,\"z\":%u,\"exists\":%s,\"color\":[%u,%u,%u,%u]}", at[0], at[1],
		 at[2], color ? "true" : "false", color >> 16, color >> 8 & 255, color & 255,
		 color ? 255u : 0u);
	rc = ask(b, BYSTANDER_GET, "get_voxel", params, &reply);
	if (rc == 0 && !b->is_doubtful[cell] &&
	    (reply.body.len != strlen(want) || memcmp(reply.body.ptr, want, reply.body.len) != 0)) {
		fail(b, "wrong voxel", want, reply.text);
		b->is_doubtful[cell] = true;
	}
	return rc;
}

static int draw(struct bystander *b)
{
	static const char head[] =
		"{\"success\":true,\"width\":32,\"height\":32,\"format\":\"png\"";
	static const char png[] = "\"image\":\"iVBORw0KGgo"; /* the signature in base64 */
	char params[80];
	struct link_reply reply;
	int rc;

	snprintf(params, sizeof(params), "{\"width\":32,\"height\":32,\"project_id\":%d}",
		 b->project);
	rc = ask(b, BYSTANDER_RENDER, "render_scene", params, &reply);
	if (rc == 0 && (!has_head(reply.body, head) ||
			!memmem(reply.body.ptr, reply.body.len, png, sizeof(png) - 1)))
		fail(b, "wrong reply", "render_scene", reply.text);
	return rc;
}

static void knock(struct bystander *b)
{
	uint64_t begin_ns = clock_ns();
	struct link l = LINK_INIT;
	struct link_reply reply = { 0 };
	int rc = link_open(&l, &b->run->target->addr, b->run->stop_fd);

	if (rc == 0)
		rc = link_call(&l, "ping", "{}", limit_ns(b), &reply);
	if (rc == 0 && reply.kind == LINK_GARBLED) {
		fail(b, "wrong reply", "ping", reply.text);
	} else if (rc == 0 && reply.kind == LINK_ERROR) {
		pthread_mutex_lock(&b->lock);
		b->refused_count++;
		pthread_mutex_unlock(&b->lock);
	} else if (rc == 0) {
		record(b, BYSTANDER_KNOCK, clock_ns() - begin_ns);
	} else if (rc == -ETIMEDOUT) {
		/* With no descriptor to spare, who knocks waits in the queue of the kernel. */
		lost(b, begin_ns, "no reply", "connect, ping", text_of("within the time limit"));
	} else if (rc != -ECANCELED && target_is_alive(b->run->target)) {
		lost(b, begin_ns, "connection lost", "connect, ping",
		     text_of(strerrordesc_np(-rc)));
	}
	link_deinit(&l);
}

static void *live(void *arg)
{
	struct bystander *b = arg;
	uint64_t due_ns = clock_ns();

	for (unsigned round = 0;; round++) {
		uint64_t now = clock_ns();

		/* Rounds that a slow reply has swallowed are not made up for. */
		due_ns += PACE_MS * NSEC_PER_MSEC;
		if (due_ns < now)
			due_ns = now;
		if (!run_sleep_until_stop(b->run, due_ns - now))
			return NULL;
		record(b, BYSTANDER_WAKE, clock_ns() - due_ns);
		if (!target_is_alive(b->run->target))
			continue;
		if (b->project == 0 && make_project(b) != 0)
			continue;
		if (write_voxel(b) < 0 || read_voxel(b) < 0)
			continue;
		if (round % RENDER_EVERY == 0)
			draw(b);
		if (round % KNOCK_EVERY == 0)
			knock(b);
	}
}

int bystander_start(struct bystander *b, struct err *err)
{
	int rc = thread_start(&b->thread, "bystander", 0, live, b, err);

	b->is_running = rc == 0;
	return rc;
}

void bystander_join(struct bystander *b)
{
	if (b->is_running)
		pthread_join(b->thread, NULL);
	b->is_running = false;
}

/* Each voxel of a listing is {"x":X,"y":Y,"z":Z,"color":[R,G,B,A]}; the numbers of one, false when
 * it is not of that form. */
static bool read_listed(const char *at, long out[7])
{
	static const char *const between[7] = { "{\"x\":", ",\"y\":", ",\"z\":", ",\"color\":[",
						",",       ",",       "," };

	for (int i = 0; i < 7; i++) {
		char *end;

		if (strncmp(at, between[i], strlen(between[i])) != 0)
			return false;
		out[i] = strtol(at + strlen(between[i]), &end, 10);
		at = end;
	}
	return true;
}

static void compare_list(struct bystander *b, struct span body)
{
	unsigned listed = 0;
	unsigned wrong = 0;
	unsigned want = 0;
	unsigned doubtful = 0;
	char *text = strndup(body.ptr, body.len);
	long v[7];

	for (const char *at = text; at && (at = strstr(at, "{\"x\":")); at++) {
		if (!read_listed(at, v))
			continue;
		listed++;

		size_t cell = (size_t)(v[0] + BYSTANDER_EDGE * (v[1] + BYSTANDER_EDGE * v[2]));

		wrong += cell >= CELLS ||
			 (!b->is_doubtful[cell] &&
			  b->model[cell] != (uint32_t)(v[3] << 16 | v[4] << 8 | v[5]));
	}
	free(text);
	for (unsigned i = 0; i < CELLS; i++) {
		want += b->model[i] != 0;
		doubtful += b->is_doubtful[i];
	}
	if (wrong > 0 || listed + doubtful < want || listed > want + doubtful)
		report_fail(b->run->report, "bystander", "wrong voxels at the end",
			    "%u listed, %u expected (%u in doubt), %u wrong", listed, want,
			    doubtful, wrong);
}

void bystander_check_all(struct bystander *b)
{
	char params[128];
	struct link_reply reply;

	if (b->project == 0)
		return;
	snprintf(params, sizeof(params),
		 "{\"min\":[0,0,0],\"max\":[15,15,15],\"limit\":%d,\"project_id\":%d}", CELLS,
		 b->project);
	if (ask(b, BYSTANDER_GET, "get_voxels_region", params, &reply) == 0)
		compare_list(b, reply.body);
	snprintf(params, sizeof(params), "{\"project_id\":%d}", b->project);
	if (ask(b, BYSTANDER_EDIT, "close_project", params, &reply) == 0)
		b->project = 0;
}
