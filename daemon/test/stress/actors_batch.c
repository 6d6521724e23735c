/* actors_batch.c - clients that ask for much in one message. */
#include <errno.h>
#include <stdio.h>

#include "daemon/base/clock.h"
#include "daemon/test/stress/actors.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/run.h"
#include "daemon/test/stress/target.h"

/* "[request,request,...]" */
static void format_batch(struct player *p, struct strbuf *sb, unsigned count, const char *method,
			 const char *params)
{
	strbuf_add_char(sb, '[');
	for (unsigned i = 0; i < count; i++) {
		if (i > 0)
			strbuf_add_char(sb, ',');
		link_format(&p->link, sb, method, params);
	}
	strbuf_add_char(sb, ']');
}

static int exchange_batch(struct player *p, unsigned count, const char *method, const char *params,
			  uint64_t *reply_bytes)
{
	struct strbuf sb = { 0 };
	int rc;

	format_batch(p, &sb, count, method, params);
	rc = sb.failed ? -ENOMEM : player_exchange(p, player_limit_ns(p, 60), &sb, reply_bytes);
	strbuf_deinit(&sb);
	return rc;
}

/* 10,000 pings: each answered, in one line. */
static int step_batch_pings(struct player *p)
{
	enum { PONG_BYTES_MIN = 60 };
	unsigned count = p->run->scale > 1 ? 10000 : 2000;
	uint64_t begin_ns = clock_ns();
	uint64_t bytes = 0;
	int rc = exchange_batch(p, count, "ping", "{}", &bytes);

	if (rc == 0 && bytes < (uint64_t)count * PONG_BYTES_MIN &&
	    !run_had_faults(p->run, begin_ns) && target_is_alive(p->run->target))
		report_fail(p->run->report, p->actor->name, "short reply",
			    "%llu bytes for %u pings", (unsigned long long)bytes, count);
	return rc;
}

/* Each verbose listing is 46 KB: 10,000 of them are 464 MB in one reply. */
static int step_batch_lists(struct player *p)
{
	uint64_t bytes;

	return exchange_batch(p, p->run->scale > 1 ? 10000 : 200, "list_methods",
			      "{\"verbose\":true}", &bytes);
}

/* The same, and nobody reads. */
static int step_batch_unread(struct player *p)
{
	struct strbuf sb = { 0 };
	int rc = player_connect(p);

	format_batch(p, &sb, p->run->scale > 1 ? 10000 : 500, "list_methods", "{\"verbose\":true}");
	if (rc == 0)
		link_send(&p->link, sb.ptr, sb.len, NSEC_PER_SEC);
	strbuf_deinit(&sb);
	run_sleep(p->run, player_draw(p, 200, 3000) * NSEC_PER_MSEC);
	link_close(&p->link);
	return 0;
}

/* Thousands of small pictures in one message; the client leaves in the middle, or stays. */
static int step_batch_renders(struct player *p)
{
	struct strbuf sb = { 0 };
	char params[96];
	int rc = player_project(p);

	snprintf(params, sizeof(params), "{\"width\":64,\"height\":64,\"project_id\":%d}",
		 p->project);
	format_batch(p, &sb, 2000, "render_scene", params);
	if (rc == 0)
		rc = player_connect(p);
	if (rc == 0)
		link_send(&p->link, sb.ptr, sb.len, NSEC_PER_SEC);
	strbuf_deinit(&sb);
	run_sleep(p->run, player_draw(p, 100, 4000) * NSEC_PER_MSEC);
	link_close(&p->link);
	return 0;
}

const struct actor actors_batch[] = {
	{ "batch-pings", "10,000 pings in a batch, the whole reply read", "", ACTOR_SOAK, 2,
	  step_batch_pings },
	{ "batch-lists", "10,000 verbose listings in a batch, the whole reply read", "review 1.1",
	  ACTOR_LONG | ACTOR_RUDE, 2, step_batch_lists },
	{ "batch-unread", "the same, never read", "F3 D5", ACTOR_LONG | ACTOR_RUDE, 3,
	  step_batch_unread },
	{ "batch-renders", "2,000 small pictures in a batch, left in the middle", "F4",
	  ACTOR_LONG | ACTOR_RUDE, 3, step_batch_renders },
	{ 0 },
};
