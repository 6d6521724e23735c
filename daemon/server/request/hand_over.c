#include "daemon/server/request/hand_over.h"

#include <errno.h>

#include "daemon/delivery/delivery.h"
#include "daemon/parser/parser_pool.h"
#include "daemon/server/request/answer.h"
#include "daemon/server/request/flow.h"
#include "daemon/server/request/worker.h"
#include "daemon/server/server.h"
#include "daemon/telemetry/metrics.h"
#include "daemon/transport/transport.h"

/* With --queue priority, longer messages are queued after the shorter ones. */
enum { PRIORITY_SHORT_BYTES = 4096 };

static void refuse(struct worker *w, struct message *m, const char *why)
{
	m->refusal = why;
	m->refusal_code = RPC_SERVER_BUSY;
	(void)answer_message(w, m);
}

/* For a held connection when the queue is full. */
static void refuse_held(struct server *s, struct worker *w, struct message *m)
{
	metrics_add(METRIC_REFUSED_BUSY, 1);
	worker_take_parse(w, m);
	worker_begin(w, m->conn);
	refuse(w, m, "Server busy: the queue is full");
	worker_end(w);
	m->clock.on = false;
	delivery_release(s->delivery, m, 0);
}

int hand_over_message(struct server *s, struct worker *w, struct message *m, struct span unread)
{
	size_t bytes = m->text.len;
	int rc;

	worker_end(w);
	if (m->conn->flags & CONN_CLOSING) {
		answer_drop(w, m);
		return -EPIPE;
	}
	rc = delivery_hold(s->delivery, m, unread);
	if (rc < 0) {
		worker_begin(w, m->conn);
		refuse(w, m, "Server busy: out of memory");
		if (rc == -ENOSPC)
			transport_hangup(m->conn);
		return rc;
	}
	worker_give_parse(w, m);
	if (!m->parser)
		m->clock.ns[STAGE_PARSE] = 0; /* it will be parsed again */
	stage_mark(&m->clock, STAGE_ENQUEUE);
	if (!crew_submit(&s->crew, m, bytes <= PRIORITY_SHORT_BYTES ? QUEUE_HIGH : QUEUE_NORMAL))
		refuse_held(s, w, m);
	return 0;
}

void hand_back(void *ctx, void *item)
{
	struct server *s = ctx;
	struct message *m = item;

	metrics_add(METRIC_REFUSED_BUSY, 1);
	flow_tell(s, m->conn, NOTICE_NO_WORKER);
	transport_hangup(m->conn);
	if (m->parser)
		parser_pool_put(&s->parsers, m->parser);
	delivery_release(s->delivery, m, 0);
}
