/*
 * delivery_whole.c - lends the connection to the worker with all that it has sent (v15).
 *
 * A text read into the connection's own buffer, like every long one, is not moved. Only bytes in
 * the reading thread's buffer, at most TRANSPORT_READ_BYTES, are moved.
 */
#include <errno.h>

#include "daemon/delivery/delivery.h"
#include "daemon/transport/transport.h"

static int whole_open(struct delivery *d, struct message *m)
{
	(void)d;
	(void)m;
	return 0;
}

static void whole_close(struct delivery *d, struct message *m)
{
	(void)d;
	(void)m;
}

static int whole_hold(struct delivery *d, struct message *m, struct span unread)
{
	(void)d;
	if (transport_hold(m->conn, unread) < 0)
		return -ENOSPC;
	m->held_bytes = m->text.len;
	delivery_move(m, transport_waiting(m->conn).ptr);
	return 0;
}

static struct span whole_rest(struct delivery *d, const struct message *m)
{
	struct span waiting = transport_waiting(m->conn);

	(void)d;
	return span_of(waiting.ptr + m->held_bytes, waiting.len - m->held_bytes);
}

static void whole_release(struct delivery *d, struct message *m, size_t used_bytes)
{
	(void)d;
	transport_consume(m->conn, m->held_bytes + used_bytes);
	transport_resume(m->conn);
}

const struct delivery_ops delivery_whole_ops = {
	.head = { .name = "whole",
		  .summary = "lends the connection with its bytes and the parse; long texts are "
			     "not copied (v15)",
		  .size = sizeof(struct delivery) },
	.open = whole_open,
	.close = whole_close,
	.hold = whole_hold,
	.rest = whole_rest,
	.release = whole_release,
};
