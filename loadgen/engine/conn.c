/* conn.c - allocates and drops the state of connections. */
#include "loadgen/engine/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/err.h"

/* Replies may overtake the oldest request by this many depths before sending stops. */
enum { RING_DEPTHS = 4 };

int conn_init(struct conn *c, uint32_t number, uint32_t depth, struct err *err)
{
	uint64_t places = 4;

	while (places < (uint64_t)depth * RING_DEPTHS)
		places *= 2;
	memset(c, 0, sizeof(*c));
	c->fd = -1;
	c->number = number;
	c->mask = places - 1;
	c->head_id = c->tail_id = REQUEST_ID_FIRST;
	c->slots = calloc(places, sizeof(*c->slots));
	if (!c->slots)
		return err_set(err, -ENOMEM, "out of memory for %u connections", number + 1);
	return 0;
}

void conn_deinit(struct conn *c)
{
	conn_drop(c);
	free(c->slots);
	strbuf_deinit(&c->in);
	strbuf_deinit(&c->out);
	c->slots = NULL;
}

void conn_drop(struct conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->waits_for_room = false;
	c->pending = 0;
	c->head = c->tail;
	c->head_id = c->tail_id;
	strbuf_clear(&c->in);
	strbuf_clear(&c->out);
	c->out_done = 0;
}
