/* worker_receive.c - reads replies and checks them. */
#include <errno.h>
#include <sys/socket.h>

#include "loadgen/engine/worker_private.h"

static enum error_kind kind_of(enum verify_verdict verdict)
{
	switch (verdict) {
	case VERIFY_MISMATCH:
		return ERROR_MISMATCH;
	case VERIFY_UNPARSABLE:
		return ERROR_UNPARSABLE;
	default:
		return ERROR_RPC;
	}
}

/* The place of s pauses or becomes free. */
static void finish(struct worker *w, struct conn *c, struct slot *s)
{
	const struct range *think = &w->plan->workload->ops[s->op].think_ns;

	conn_finish(c, s);
	if (think->max <= 0)
		return;
	c->thinking++;
	timers_push(&w->timers, w->now_ns + (uint64_t)range_draw(think, &c->draw),
		    (uint32_t)(c - w->conns));
}

/*
 * Handles a reply that names no waiting request. Servers usually answer in order, so an unreadable
 * reply, or one without id, is counted as the answer to the oldest request.
 */
static void take_stray(struct worker *w, struct conn *c, enum error_kind kind, int64_t code)
{
	struct slot *s;

	if (!c->pending) {
		recorder_error(w->rec, ERROR_UNKNOWN_ID);
		return;
	}
	s = &c->slots[c->head & c->mask];
	worker_record_failure(w, s, kind, code);
	finish(w, c, s);
}

static void take_reply(struct worker *w, struct conn *c, struct span line)
{
	struct reply reply;
	struct slot *s;
	enum verify_verdict verdict;

	if (protocol_read_reply(line, &reply) < 0) {
		take_stray(w, c, ERROR_UNPARSABLE, 0);
		return;
	}
	if (!reply.has_id) {
		take_stray(w, c, reply.is_error ? ERROR_RPC : ERROR_MISMATCH, reply.error_code);
		return;
	}
	s = conn_find(c, reply.id);
	if (!s) {
		recorder_error(w->rec, ERROR_UNKNOWN_ID);
		return;
	}
	verdict = verify_reply(&w->verifier, &w->plan->workload->ops[s->op], s->op, line, &reply);
	if (verdict == VERIFY_OK)
		worker_record_success(w, s);
	else
		worker_record_failure(w, s, kind_of(verdict), reply.error_code);
	finish(w, c, s);
}

/* Handles every complete line of text; returns their bytes. */
static size_t take_lines(struct worker *w, struct conn *c, struct span text)
{
	const char *at = text.ptr;
	const char *end = text.ptr + text.len;
	const char *stop;

	while ((stop = memchr(at, '\n', (size_t)(end - at)))) {
		/* Ignores empty lines: some servers send a reply and its newline separately. */
		if (stop > at)
			take_reply(w, c, span_of(at, (size_t)(stop - at)));
		at = stop + 1;
	}
	return (size_t)(at - text.ptr);
}

/* The slow path: the beginning of a reply is in c->in. */
static void take_more(struct worker *w, struct conn *c, size_t n)
{
	size_t used;

	strbuf_add(&c->in, w->rx, n);
	/* The earlier bytes hold no line end, so only the new ones are searched. */
	if (memchr(w->rx, '\n', n)) {
		used = take_lines(w, c, strbuf_span(&c->in));
		memmove(c->in.ptr, c->in.ptr + used, c->in.len - used);
		c->in.len -= used;
	}
}

void worker_receive(struct worker *w, struct conn *c)
{
	ssize_t n = recv(c->fd, w->rx, WORKER_READ_BYTES, MSG_DONTWAIT);
	size_t used;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	w->now_ns = clock_ns();
	if (w->now_ns >= w->tick_ns)
		worker_tick(w);
	if (c->fd < 0)
		return;
	if (n <= 0) {
		worker_fail_conn(w, c, ERROR_CLOSED);
		return;
	}
	if (w->is_ending)
		w->report.reply_ns = w->now_ns - w->plan->start_ns;
	if (w->is_recording)
		w->rec->received_bytes += (size_t)n;
	if (c->in.len) {
		take_more(w, c, (size_t)n);
	} else {
		used = take_lines(w, c, span_of(w->rx, (size_t)n));
		if (used < (size_t)n)
			strbuf_add(&c->in, w->rx + used, (size_t)n - used);
	}
	if (c->in.failed || c->in.len > WORKER_REPLY_BYTES_MAX)
		worker_fail_conn(w, c, ERROR_TOO_LARGE);
}
