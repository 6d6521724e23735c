/*
 * conn.h - one connection of a worker: its requests in flight, in order of sending, and the bytes
 * not yet received or sent completely.
 *
 * Replies may arrive in any order. The requests not yet answered are between head and tail of a
 * ring; the request's id gives its position, so finding it needs no search.
 */
#ifndef LOADGEN_ENGINE_CONN_H
#define LOADGEN_ENGINE_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/strbuf.h"
#include "loadgen/workload/template.h"
#include "loadgen/workload/variable.h"

struct err;

struct slot {
	uint64_t start_ns; /* intended start: by the schedule; in a closed loop, when it was sent */
	uint64_t sent_ns;
	uint32_t items;
	uint16_t op;
	bool is_recorded;
	bool is_done; /* answered out of order; still in the ring */
};

struct conn {
	int fd;              /* -1 while closed */
	uint32_t number;     /* in the run */
	bool waits_for_room; /* EPOLLOUT is set; bytes wait in `out` */
	uint32_t pending;    /* requests not answered */
	uint32_t thinking;   /* places that pause before their next request */
	struct slot *slots;  /* owned; slots[mask + 1] */
	uint64_t mask;
	uint64_t head, tail;       /* request counts: oldest in the ring, next to send */
	uint32_t head_id, tail_id; /* their ids */
	struct draw draw;
	struct strbuf in;  /* beginning of a reply */
	struct strbuf out; /* bytes that did not fit the socket */
	size_t out_done;   /* of out, sent */
	uint64_t retry_ns; /* while closed: when to connect again */
};

/* depth: maximal number of requests in flight. -ENOMEM. Owns: conn_deinit. */
int conn_init(struct conn *c, uint32_t number, uint32_t depth, struct err *err);
void conn_deinit(struct conn *c);

/* Closes the connection and drops requests in flight and partial data. */
void conn_drop(struct conn *c);

/* The ring is full, because replies overtook the oldest request by far. */
static inline bool conn_is_full(const struct conn *c)
{
	return c->tail - c->head > c->mask;
}

static inline uint32_t conn_next_id(uint32_t id)
{
	return id + 1 == REQUEST_ID_END ? REQUEST_ID_FIRST : id + 1;
}

/* Takes the next slot; its id is the tail_id from before the call. */
static inline struct slot *conn_push(struct conn *c)
{
	struct slot *s = &c->slots[c->tail++ & c->mask];

	c->tail_id = conn_next_id(c->tail_id);
	c->pending++;
	s->is_done = false;
	return s;
}

/* The waiting request with that id; NULL when there is none. */
static inline struct slot *conn_find(struct conn *c, int64_t id)
{
	int64_t ahead = id - c->head_id;
	struct slot *s;

	if (id < REQUEST_ID_FIRST || id >= REQUEST_ID_END)
		return NULL;
	if (ahead < 0)
		ahead += REQUEST_IDS;
	if ((uint64_t)ahead >= c->tail - c->head)
		return NULL;
	s = &c->slots[(c->head + (uint64_t)ahead) & c->mask];
	return s->is_done ? NULL : s;
}

/* Frees the slots of answered requests, up to the oldest request without a reply. */
static inline void conn_finish(struct conn *c, struct slot *s)
{
	s->is_done = true;
	c->pending--;
	while (c->head != c->tail && c->slots[c->head & c->mask].is_done) {
		c->head++;
		c->head_id = conn_next_id(c->head_id);
	}
}

#endif
