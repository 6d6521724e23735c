#include "daemon/server/request/road.h"

#include "daemon/delivery/delivery.h"
#include "daemon/rpc/frame.h"
#include "daemon/server/request/answer.h"
#include "daemon/server/request/client.h"
#include "daemon/server/request/decide.h"
#include "daemon/server/request/flow.h"
#include "daemon/server/request/hand_over.h"
#include "daemon/server/request/readers.h"
#include "daemon/server/request/worker.h"
#include "daemon/server/server.h"
#include "daemon/transport/transport.h"

/*
 * Frames the messages in bytes and answers them one by one. Returns how many bytes have been
 * handled, or TRANSPORT_HELD.
 */
static size_t follow(struct server *s, struct worker *w, struct conn *c, struct span bytes)
{
	struct message *m = &client_of(c)->message;
	size_t done = 0;

	while (!transport_is_stalled(c)) {
		struct span rest = span_of(bytes.ptr + done, bytes.len - done);
		struct span text;
		size_t used;

		switch (frame_next(&c->scan, rest, client_request_max(c, s->cfg.request_bytes_max),
				   &text, &used)) {
		case FRAME_MORE:
			/* A line end alone does not start a request. */
			if (!c->scan.scanned_bytes)
				m->clock.on = false;
			return done + used;
		case FRAME_TOO_LONG:
			answer_too_long(w);
			break;
		case FRAME_MESSAGE:
			message_start(m, text);
			stage_mark(&m->clock, STAGE_READ);
			if (decide(w, m) == HAND_OVER || answer_message(w, m) == RETRY_ELSEWHERE) {
				if (hand_over_message(s, w, m, span_from(rest, text.ptr)) == 0)
					return TRANSPORT_HELD;
			}
			stage_begin(&m->clock, 0);
		}
		w->read_bytes += used;
		done += used;
		if (w->out.len >= WORKER_FLUSH_BYTES)
			worker_flush(w);
	}
	return done;
}

size_t road_read(void *ctx, struct conn *c, struct span bytes)
{
	struct server *s = ctx;
	struct worker *w = readers_get(&s->readers);
	struct message *m = &client_of(c)->message;
	size_t used;

	if (!w) {
		flow_tell(s, c, NOTICE_NO_WORKER);
		transport_hangup(c);
		return bytes.len;
	}
	if (!m->clock.on)
		stage_begin(&m->clock, 0);
	worker_begin(w, c);
	used = follow(s, w, c, bytes);
	if (used != TRANSPORT_HELD) /* otherwise it belongs to another thread */
		worker_end(w);
	readers_put(&s->readers, w);
	return used;
}

void road_work(void *ctx, struct worker *w, void *item)
{
	struct server *s = ctx;
	struct message *m = item;
	size_t used;

	stage_mark(&m->clock, STAGE_DEQUEUE);
	worker_take_parse(w, m);
	worker_begin(w, m->conn);
	(void)decide(w, m); /* sets m->refusal when it is refused */
	(void)answer_message(w, m);
	w->read_bytes += m->text.len;
	stage_begin(&m->clock, 0);
	used = follow(s, w, m->conn, delivery_rest(s->delivery, m));
	worker_end(w);
	delivery_release(s->delivery, m, used);
}
