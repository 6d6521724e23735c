/* actors_net.c - clients that misuse connections. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/test/stress/actors.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/run.h"
#include "daemon/test/stress/target.h"

/* Connect, ping, hang up; one in four with the reply unread. */
static int step_connect_ping(struct player *p)
{
	int rc = 0;

	if (player_draw(p, 0, 3) > 0) {
		rc = player_call(p, player_limit_ns(p, 30), NULL, "ping", "{}");
	} else if (player_connect(p) == 0) {
		struct strbuf sb = { 0 };

		link_format(&p->link, &sb, "ping", "{}");
		link_send(&p->link, sb.ptr, sb.len, player_limit_ns(p, 1));
		strbuf_deinit(&sb);
	}
	link_close(&p->link);
	return rc < 0 ? rc : 0;
}

/* ---- requests that never become whole ------------------------------------------ */

enum { HALF_LINKS = 24, FLOOD_LINKS = 300 };

/* Half a request of the given size: an array that is never closed. */
static int send_half(struct player *p, struct link *l, size_t bytes)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[";
	char *text;
	/* Every other one over TCP, where nobody has shown the token yet. */
	int rc = link_open(l, player_draw(p, 0, 1) ? &p->run->target->addr : &p->run->target->tcp,
			   p->run->stop_fd);

	if (rc < 0)
		return rc;
	text = malloc(bytes);
	if (!text)
		return -ENOMEM;
	memset(text, ' ', bytes);
	memcpy(text, head, bytes < sizeof(head) - 1 ? bytes : sizeof(head) - 1);
	rc = link_send(l, text, bytes, NSEC_PER_SEC);
	free(text);
	return rc;
}

static int step_half_requests(struct player *p)
{
	struct link links[HALF_LINKS];
	unsigned shift = p->run->scale > 1 ? 23 : 18; /* up to 15 MB, or 0.5 MB */

	for (int i = 0; i < HALF_LINKS; i++) {
		links[i] = LINK_INIT;
		send_half(p, &links[i], player_draw(p, 1, 2) << player_draw(p, 0, shift - 1));
	}
	run_sleep(p->run, player_draw(p, 100, 1500) * NSEC_PER_MSEC);
	for (int i = 0; i < HALF_LINKS; i++)
		link_close(&links[i]);
	return 0;
}

/* More connections than the daemon serves, each with half a request, held for long: others must
 * still find a place. */
static int step_half_flood(struct player *p)
{
	struct link *links = calloc(FLOOD_LINKS, sizeof(*links));

	if (!links)
		return -ENOMEM;
	for (int i = 0; i < FLOOD_LINKS; i++) {
		links[i] = LINK_INIT;
		if (!run_is_finishing(p->run))
			send_half(p, &links[i], player_draw(p, 20, 200));
	}
	run_sleep(p->run, 60 * NSEC_PER_SEC);
	for (int i = 0; i < FLOOD_LINKS; i++)
		link_close(&links[i]);
	free(links);
	return 0;
}

/* One byte at a time, as a slow line brings them; the reply must still be right. */
static int step_byte_wise(struct player *p)
{
	struct strbuf sb = { 0 };
	struct link_reply reply;
	struct span line = { 0 };
	uint64_t id;
	uint64_t begin_ns = clock_ns();
	int rc = player_connect(p);

	if (rc < 0)
		return rc;
	id = link_format(&p->link, &sb, "ping", "{}");
	for (size_t i = 0; i < sb.len && rc == 0; i++) {
		rc = link_send(&p->link, sb.ptr + i, 1, player_limit_ns(p, 30));
		run_sleep(p->run, NSEC_PER_MSEC);
	}
	strbuf_deinit(&sb);
	if (rc == 0)
		rc = link_line(&p->link, player_limit_ns(p, 30), &line);
	if (rc < 0)
		return player_lost(p, begin_ns, "ping, byte by byte", rc);
	link_classify(line, id, &reply);
	if (reply.kind == LINK_GARBLED)
		player_wrong(p, "wrong reply", &reply);
	return 0;
}

/* ---- replies that nobody reads ------------------------------------------------- */

/* Many listings, asked for one by one, and left in the daemon for a while. */
static int step_never_reads(struct player *p)
{
	struct strbuf sb = { 0 };
	int rc = player_connect(p);

	for (int i = 0; i < 200; i++)
		link_format(&p->link, &sb, "list_methods", "{\"verbose\":true}");
	if (rc == 0)
		link_send(&p->link, sb.ptr, sb.len, player_draw(p, 1, 3) * NSEC_PER_SEC / 2);
	strbuf_deinit(&sb);
	run_sleep(p->run, player_draw(p, 200, 2000) * NSEC_PER_MSEC);
	link_close(&p->link);
	return 0;
}

/* ---- what is no request at all -------------------------------------------------- */

static const char tls_hello[] = "\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03"
				"0123456789abcdef0123456789abcdef\x20";
static const char http_get[] = "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
static const char *const broken[] = {
	"{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1,}",
	"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
	"{\"jsonrpc\":\"2.0\",\"method\":7,\"id\":1}",
	"[]",
	"[1,2,{\"jsonrpc\":\"2.0\"}]",
	"}}}}]]]]",
	"{\"method\":\"add_voxels\",\"params\":{\"voxels\":[[1,2,3],[1,2]],\"project_id\":99999}}",
	"\"\\u0000\\ud800\"",
	"{\"tool\":\"goxel_nothing\",\"arguments\":3}",
};

static int step_garbage(struct player *p)
{
	char bytes[4096];
	size_t len = player_draw(p, 1, sizeof(bytes));
	unsigned kind = player_draw(p, 0, 3);
	const char *text = bytes;
	uint64_t ignored;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)rng_next(&p->rng);
	if (kind == 1) {
		text = tls_hello;
		len = sizeof(tls_hello) - 1;
	} else if (kind == 2) {
		text = http_get;
		len = sizeof(http_get) - 1;
	} else if (kind == 3) {
		text = broken[player_draw(p, 0, sizeof(broken) / sizeof(broken[0]) - 1)];
		len = strlen(text);
	}
	if (link_open(&p->link, &p->run->target->addr, p->run->stop_fd) == 0) {
		link_send(&p->link, text, len, NSEC_PER_SEC);
		/* Whatever comes back, or nothing: the daemon and the others go on. */
		if (player_draw(p, 0, 1))
			link_skip_line(&p->link, 20 * NSEC_PER_MSEC, &ignored);
	}
	link_close(&p->link);
	return 0;
}

/* 17 MB, one more than a request may have: told so, and the connection lives. */
static int step_oversize(struct player *p)
{
	size_t bytes = 17u << 20;
	char *text = malloc(bytes);
	struct strbuf sb = { .ptr = text, .len = bytes, .cap = bytes };
	uint64_t reply_bytes;
	int rc;

	if (!text)
		return -ENOMEM;
	memset(text, ' ', bytes);
	text[0] = '[';
	text[1] = '"';
	text[bytes - 2] = '"';
	text[bytes - 1] = ']';
	rc = player_exchange(p, player_limit_ns(p, 20), &sb, &reply_bytes);
	free(text);
	link_close(&p->link);
	return rc;
}

/* ---- over TCP, with a token ------------------------------------------------------ */

static int step_wrong_token(struct player *p)
{
	bool is_right = player_draw(p, 0, 3) == 0;
	struct link_reply reply;
	int rc = link_open(&p->link, &p->run->target->tcp, p->run->stop_fd);

	if (rc == 0)
		rc = link_call(&p->link, "authenticate",
			       is_right ? "{\"token\":\"" TARGET_TOKEN "\"}"
					: "{\"token\":\"wrong\"}",
			       player_limit_ns(p, 30), &reply);
	if (rc == 0 && !is_right && reply.kind == LINK_RESULT)
		player_wrong(p, "wrong token accepted", &reply);
	if (rc == 0 && is_right && reply.kind == LINK_RESULT)
		rc = player_call(p, player_limit_ns(p, 30), NULL, "ping", "{}");
	else if (rc == 0)
		rc = link_call(&p->link, "ping", "{}", player_limit_ns(p, 30), &reply);
	if (rc == 0 && !is_right && reply.kind == LINK_RESULT)
		player_wrong(p, "served without a token", &reply);
	if (player_draw(p, 0, 1))
		link_reset(&p->link);
	link_close(&p->link);
	return 0;
}

/* As many guesses as one batch holds: none may be taken, nothing after a wrong one answered. */
static int step_token_guesses(struct player *p)
{
	struct strbuf sb = { 0 };
	struct span line = { 0 };
	int rc = link_open(&p->link, &p->run->target->tcp, p->run->stop_fd);

	strbuf_add_char(&sb, '[');
	for (int i = 0; i < 1000; i++) {
		link_format(&p->link, &sb, "authenticate", "{\"token\":\"guess\"}");
		strbuf_add_char(&sb, ',');
	}
	link_format(&p->link, &sb, "authenticate", "{\"token\":\"" TARGET_TOKEN "\"}");
	strbuf_add_char(&sb, ',');
	link_format(&p->link, &sb, "list_projects", "{}");
	strbuf_add_char(&sb, ']');
	if (rc == 0)
		rc = link_send(&p->link, sb.ptr, sb.len, NSEC_PER_SEC);
	if (rc == 0)
		rc = link_line(&p->link, player_limit_ns(p, 5), &line);
	if (rc == 0 && memmem(line.ptr, line.len, "\"projects\":", 11))
		report_fail(p->run->report, p->actor->name, "served after wrong tokens",
			    "list_projects was answered after 1,000 guesses in a batch");
	strbuf_deinit(&sb);
	link_close(&p->link);
	return 0;
}

const struct actor actors_net[] = {
	{ "connect-ping", "connects, pings, hangs up; one in four leaves the reply unread", "F1 D1",
	  ACTOR_SOAK, 4, step_connect_ping },
	{ "half-requests", "24 connections a thread with half a request each, then leaves",
	  "F3 slow clients", ACTOR_SOAK | ACTOR_RUDE, 4, step_half_requests },
	{ "half-flood", "300 connections with half a request each, held", "slow clients",
	  ACTOR_ALONE | ACTOR_LONG | ACTOR_RUDE, 1, step_half_flood },
	{ "byte-wise", "sends a ping byte by byte, 1 ms apart; the reply must be right", "",
	  ACTOR_SOAK, 4, step_byte_wise },
	{ "never-reads", "200 verbose listings, asked for one by one, never read", "F3",
	  ACTOR_SOAK | ACTOR_RUDE, 4, step_never_reads },
	{ "garbage", "random bytes, TLS hello, HTTP, broken JSON", "", ACTOR_SOAK | ACTOR_RUDE, 4,
	  step_garbage },
	{ "oversize", "a request of 17 MB", "", ACTOR_RUDE, 2, step_oversize },
	{ "wrong-token", "TCP: wrong tokens are never served, the right one is", "F14",
	  ACTOR_SOAK | ACTOR_RUDE, 2, step_wrong_token },
	{ "token-guesses", "TCP: 1,000 guesses in a batch, then the right token", "F14", ACTOR_RUDE,
	  2, step_token_guesses },
	{ 0 },
};
