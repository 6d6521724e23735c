#include "daemon/test/stress/actor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/run.h"
#include "daemon/test/stress/target.h"

enum { SHOWN_BYTES = 160 };

#define NO_PROJECT "no project"

const struct actor *actor_at(size_t index)
{
	for (const struct actor *const *t = actor_tables; *t; t++)
		for (const struct actor *a = *t; a->name; a++)
			if (index-- == 0)
				return a;
	return NULL;
}

size_t actor_count(void)
{
	size_t n = 0;

	while (actor_at(n))
		n++;
	return n;
}

const struct actor *actor_find(const char *name)
{
	const struct actor *a;

	for (size_t i = 0; (a = actor_at(i)); i++)
		if (strcmp(a->name, name) == 0)
			return a;
	return NULL;
}

uint64_t player_limit_ns(const struct player *p, unsigned seconds)
{
	return (uint64_t)seconds * p->run->patience * NSEC_PER_SEC;
}

unsigned player_draw(struct player *p, unsigned low, unsigned high)
{
	return low + (unsigned)rng_below(&p->rng, high - low + 1u);
}

void player_wrong(struct player *p, const char *what, const struct link_reply *reply)
{
	int shown = reply->text.len < SHOWN_BYTES ? (int)reply->text.len : SHOWN_BYTES;

	report_fail(p->run->report, p->actor->name, what, "%.*s", shown, reply->text.ptr);
}

int player_lost(struct player *p, uint64_t begin_ns, const char *method, int rc)
{
	bool is_excused = (p->actor->uses & ACTOR_RUDE) || run_had_faults(p->run, begin_ns) ||
			  !target_is_alive(p->run->target);

	if (rc == 0 || rc == -ECANCELED)
		return rc;
	if (rc == -ETIMEDOUT)
		report_fail(p->run->report, p->actor->name, "no reply", "%s: after %.0f s", method,
			    (double)(clock_ns() - begin_ns) / 1e9);
	else if (!is_excused)
		report_fail(p->run->report, p->actor->name, "connection lost", "%s: %s", method,
			    strerrordesc_np(-rc));
	atomic_fetch_add(&p->cuts_count, 1);
	return rc;
}

int player_connect(struct player *p)
{
	uint64_t begin_ns = clock_ns();

	if (p->link.fd >= 0)
		return 0;
	return player_lost(p, begin_ns, "connect",
			   link_open(&p->link, &p->run->target->addr, p->run->stop_fd));
}

/* "Server busy" goes to the whole connection, which is closed then. */
static int judge(struct player *p, const struct link_reply *reply)
{
	switch (reply->kind) {
	case LINK_GARBLED:
		player_wrong(p, "wrong reply", reply);
		return -EPROTO;
	case LINK_ERROR:
		atomic_fetch_add(&p->errors_count, 1);
		if (reply->code == -32700 || reply->code == -32600)
			player_wrong(p, "correct request refused as malformed", reply);
		if (memmem(reply->text.ptr, reply->text.len, NO_PROJECT, strlen(NO_PROJECT)))
			p->project = 0; /* closed by another player */
		if (reply->code == -32000)
			link_close(&p->link);
		return 1;
	case LINK_RESULT:
		atomic_fetch_add(&p->results_count, 1);
		return 0;
	}
	return 0;
}

int player_call(struct player *p, uint64_t limit_ns, struct link_reply *reply, const char *method,
		const char *params, ...)
{
	uint64_t begin_ns = clock_ns();
	struct link_reply ignored;
	char text[1024];
	va_list args;
	int rc;

	/* A step of many requests ends with the one that is under way. */
	if (run_is_finishing(p->run))
		return -ECANCELED;
	rc = player_connect(p);
	if (rc < 0)
		return rc;
	va_start(args, params);
	vsnprintf(text, sizeof(text), params, args);
	va_end(args);
	rc = link_call(&p->link, method, text, limit_ns, reply ? reply : &ignored);
	if (rc < 0)
		return player_lost(p, begin_ns, method, rc);
	return judge(p, reply ? reply : &ignored);
}

int player_exchange(struct player *p, uint64_t limit_ns, const struct strbuf *request,
		    uint64_t *reply_bytes)
{
	uint64_t begin_ns = clock_ns();
	int rc = player_connect(p);

	if (rc == 0)
		rc = link_send(&p->link, request->ptr, request->len, limit_ns);
	if (rc == 0 || link_is_cut(rc))
		rc = link_skip_line(&p->link, limit_ns, reply_bytes);
	if (rc == 0)
		atomic_fetch_add(&p->results_count, 1);
	return player_lost(p, begin_ns, "exchange", rc);
}

int player_project(struct player *p)
{
	struct link_reply reply;
	int64_t id;
	int rc;

	if (p->project > 0)
		return 0;
	rc = player_call(p, player_limit_ns(p, 30), &reply, "create_project", "{\"name\":\"%s\"}",
			 p->actor->name);
	if (rc != 0)
		return rc < 0 ? rc : -EBUSY;
	id = link_number(reply.body, "\"project_id\":");
	if (id <= 0) {
		player_wrong(p, "wrong reply", &reply);
		return -EPROTO;
	}
	p->project = (int32_t)id;
	return 0;
}
