/* A connection's replies of one round lie next to each other in the buffer: one entry, one send. */
#include "daemon/transport/late.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/transport/sockets.h"

int late_init(struct late *l)
{
	l->buf = malloc(LATE_BYTES_MAX);
	return l->buf ? 0 : -ENOMEM;
}

void late_deinit(struct late *l)
{
	free(l->buf);
	l->buf = NULL;
}

void late_flush(struct late *l)
{
	for (uint32_t i = 0; l->bytes && i < l->count; i++) {
		struct late_entry *e = &l->entries[i];

		/* A failure is recorded in the connection's flags. */
		if (e->bytes)
			(void)sockets_send(e->conn, span_of(l->buf + e->at, e->bytes));
		e->bytes = 0;
	}
	l->bytes = 0;
}

void late_forget(struct late *l, const struct conn *c)
{
	if (!l->count)
		return;
	late_flush(l);
	for (uint32_t i = 0; i < l->count; i++)
		if (l->entries[i].conn == c)
			l->entries[i].conn = NULL;
}

/* The entry of c, added if it has none. NULL: there is no room. */
static struct late_entry *entry_of(struct late *l, struct conn *c)
{
	struct late_entry *last = l->count ? &l->entries[l->count - 1] : NULL;

	if (last && last->conn == c)
		return last;
	if (l->count == LATE_CONNS_MAX)
		return NULL;
	last = &l->entries[l->count++];
	*last = (struct late_entry){ .conn = c };
	return last;
}

int late_send(struct late *l, struct conn *c, struct span bytes)
{
	struct late_entry *e;

	if (bytes.len > LATE_BYTES_MAX - l->bytes)
		late_flush(l);
	e = bytes.len > LATE_BYTES_MAX ? NULL : entry_of(l, c);
	if (!e)
		return sockets_send(c, bytes);
	if (!e->bytes)
		e->at = l->bytes;
	memcpy(l->buf + l->bytes, bytes.ptr, bytes.len);
	l->bytes += (uint32_t)bytes.len;
	e->bytes += (uint32_t)bytes.len;
	return 0;
}
