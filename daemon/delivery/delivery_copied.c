/*
 * delivery_copied.c - every text is copied twice: for the queue, and by the thread that answers it
 * (v14).
 *
 * With the fast path, a message may turn out to be long after the reading thread has copied and
 * parsed it. That copy is then used for the queue, and its parse is kept.
 */
#include <errno.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/buffers/buffers.h"
#include "daemon/delivery/delivery.h"
#include "daemon/parser/parser.h"
#include "daemon/transport/transport.h"

enum { COPY_BYTES_COUNTED = 64 * 1024 }; /* larger ones do not come from the pool */

/* counted_bytes: taken from the budget; 0: none. */
static int copy_text(struct delivery *d, struct message_copy *copy, struct span text,
		     size_t counted_bytes)
{
	if (counted_bytes && !budget_take(BUDGET_REQUESTS, counted_bytes))
		return -ENOMEM;
	copy->ptr = buffers_get(d->buffers, text.len + PARSER_PADDING_BYTES, &copy->cap);
	if (!copy->ptr) {
		if (counted_bytes)
			budget_give(BUDGET_REQUESTS, counted_bytes);
		return -ENOMEM;
	}
	copy->counted_bytes = counted_bytes;
	memcpy(copy->ptr, text.ptr, text.len);
	return 0;
}

static void drop(struct delivery *d, struct message_copy *copy)
{
	if (!copy->ptr)
		return;
	if (copy->counted_bytes)
		budget_give(BUDGET_REQUESTS, copy->counted_bytes);
	buffers_put(d->buffers, copy->ptr, copy->cap);
	*copy = (struct message_copy){ 0 };
}

static int copied_open(struct delivery *d, struct message *m)
{
	if (copy_text(d, &m->opened, m->text, 0) < 0)
		return -ENOMEM;
	m->text.ptr = m->opened.ptr;
	return 0;
}

static void copied_close(struct delivery *d, struct message *m)
{
	drop(d, &m->opened);
}

static int copied_hold(struct delivery *d, struct message *m, struct span unread)
{
	size_t bytes = m->text.len + PARSER_PADDING_BYTES;

	if (m->opened.ptr) {
		m->queued = m->opened;
		m->opened = (struct message_copy){ 0 };
	} else if (copy_text(d, &m->queued, m->text, bytes > COPY_BYTES_COUNTED ? bytes : 0) < 0) {
		return -ENOMEM;
	}
	unread = span_of(unread.ptr + m->text.len, unread.len - m->text.len);
	if (transport_hold(m->conn, unread) < 0) {
		drop(d, &m->queued);
		m->text.ptr = unread.ptr - m->text.len;
		m->parser = NULL;
		return -ENOSPC;
	}
	m->text.ptr = m->queued.ptr;
	return 0;
}

/* What follows waits until the connection belongs to the reading thread again. */
static struct span copied_rest(struct delivery *d, const struct message *m)
{
	(void)d;
	(void)m;
	return span_of("", 0);
}

static void copied_release(struct delivery *d, struct message *m, size_t used_bytes)
{
	(void)used_bytes;
	drop(d, &m->queued);
	transport_resume(m->conn);
}

const struct delivery_ops delivery_copied_ops = {
	.head = { .name = "copied",
		  .summary = "each text copied twice, for the queue and to be parsed (v14)",
		  .size = sizeof(struct delivery) },
	.open = copied_open,
	.close = copied_close,
	.hold = copied_hold,
	.rest = copied_rest,
	.release = copied_release,
};
