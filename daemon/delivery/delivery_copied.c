/*
 * delivery_copied.c - every text is copied before anything reads it (v14): by the thread that hands
 * it over or, with the fast path, by the thread that parses it.
 */
#include <errno.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/buffers/buffers.h"
#include "daemon/delivery/delivery.h"
#include "daemon/parser/parser.h"
#include "daemon/transport/transport.h"

enum { COPY_BYTES_COUNTED = 64 * 1024 }; /* larger ones do not come from the pool */

/* Copies the text. counted_bytes: to be taken from the budget; 0: none. */
static int copy_text(struct delivery *d, struct message *m, size_t counted_bytes)
{
	struct message_copy *copy = &m->copy;

	if (counted_bytes && !budget_take(BUDGET_REQUESTS, counted_bytes))
		return -ENOMEM;
	copy->ptr = buffers_get(d->buffers, m->text.len + PARSER_PADDING_BYTES, &copy->cap);
	if (!copy->ptr) {
		if (counted_bytes)
			budget_give(BUDGET_REQUESTS, counted_bytes);
		return -ENOMEM;
	}
	copy->counted_bytes = counted_bytes;
	memcpy(copy->ptr, m->text.ptr, m->text.len);
	m->text.ptr = copy->ptr;
	return 0;
}

static void copied_close(struct delivery *d, struct message *m)
{
	struct message_copy *copy = &m->copy;

	if (!copy->ptr)
		return;
	if (copy->counted_bytes)
		budget_give(BUDGET_REQUESTS, copy->counted_bytes);
	buffers_put(d->buffers, copy->ptr, copy->cap);
	copy->ptr = NULL;
}

static int copied_open(struct delivery *d, struct message *m)
{
	return m->copy.ptr ? 0 : copy_text(d, m, 0);
}

static int copied_hold(struct delivery *d, struct message *m, struct span unread)
{
	size_t bytes = m->text.len + PARSER_PADDING_BYTES;

	if (!m->copy.ptr && copy_text(d, m, bytes > COPY_BYTES_COUNTED ? bytes : 0) < 0)
		return -ENOMEM;
	if (transport_hold(m->conn, span_from(unread, unread.ptr + m->text.len)) == 0)
		return 0;
	copied_close(d, m);
	m->text.ptr = unread.ptr;
	m->parser = NULL; /* the parse belonged to the copy */
	return -ENOSPC;
}

/* The bytes that follow wait until the connection belongs to the reading thread again. */
static struct span copied_rest(struct delivery *d, const struct message *m)
{
	(void)d;
	(void)m;
	return span_of("", 0);
}

static void copied_release(struct delivery *d, struct message *m, size_t used_bytes)
{
	(void)used_bytes;
	copied_close(d, m);
	transport_resume(m->conn);
}

const struct delivery_ops delivery_copied_ops = {
	.head = { .name = "copied",
		  .summary = "each text in its own copy (v14)",
		  .size = sizeof(struct delivery) },
	.open = copied_open,
	.close = copied_close,
	.hold = copied_hold,
	.rest = copied_rest,
	.release = copied_release,
};
