/*
 * conn.h - one connection's life: reading, sending and the calls of the server. Private to
 * daemon/transport.
 *
 * conn_* answer what the connection waits for next; the backend decides how.
 */
#ifndef DAEMON_TRANSPORT_CONN_H
#define DAEMON_TRANSPORT_CONN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/transport/transport.h"

enum {
	/* A kept beginning up to this size is copied before the next read; a larger one is read
	 * into where it stands. */
	CONN_KEPT_COPY_BYTES = 4096,
	/* What a backend without a shared read buffer first gives a connection. */
	CONN_FIRST_BYTES = 4096,
	/* A request that has grown by this much has the whole time limit again. */
	CONN_PACE_BYTES = 1 << 20,
};

/* struct conn.hold */
enum {
	HOLD_FREE,   /* the reading thread's */
	HOLD_HELD,   /* another thread's */
	HOLD_PARKED, /* the same, and the reading thread does not listen to it meanwhile */
	/* Plus an enum transport_why: its own thread shall give it up (transport threads). */
	HOLD_GIVEN_UP,
};

/*
 * struct conn.pulse: what a free connection waits for, and whether anything has happened since
 * tick.c looked at it. Stored by the thread that works on the connection; tick.c takes
 * PULSE_MOVED away. Relaxed: it is a hint, which orders nothing.
 */
enum {
	PULSE_IDLE,    /* the beginning of a request */
	PULSE_REQUEST, /* the end of a request */
	PULSE_REPLY,   /* its client to read */
	PULSE_PHASE = 3,
	PULSE_MOVED = 1 << 2,
};

enum conn_wants {
	CONN_READ,  /* call conn_read when readable */
	CONN_WRITE, /* call conn_write when writable */
	CONN_HELD,  /* do not touch it until it is resumed */
	CONN_CLOSE, /* call sockets_drop */
};

/*
 * Reads once and lets the server work. buf has TRANSPORT_READ_BYTES + TRANSPORT_PADDING_BYTES and
 * is the calling thread's; NULL: read into the connection's own buffer.
 */
enum conn_wants conn_read(struct conn *c, char *buf);

/* The peer has sent all it will. */
enum conn_wants conn_end(struct conn *c);

/* Fresh bytes that are in nobody's chunk, behind which the padding is readable. */
enum conn_wants conn_take(struct conn *c, struct span bytes);

/* Fresh bytes as they are: kept behind what is kept, or taken. */
enum conn_wants conn_take_more(struct conn *c, struct span bytes);

/* Lets the server work on what is kept. */
enum conn_wants conn_work(struct conn *c);

/* Sends what is unsent; then goes on with what is kept. Also after a resume. */
enum conn_wants conn_write(struct conn *c);

/* Sends what the socket takes now of what is unsent. */
void conn_flush(struct conn *c);

/* Stores what the connection waits for; has_moved: something has happened since the last time. */
static inline void conn_mark(struct conn *c, bool has_moved)
{
	uint8_t pulse = PULSE_MOVED;

	if (!has_moved)
		pulse = atomic_load_explicit(&c->pulse, memory_order_relaxed) & PULSE_MOVED;
	if (c->unsent)
		pulse |= PULSE_REPLY;
	else if (c->kept || c->scan.skipping)
		pulse |= PULSE_REQUEST;
	atomic_store_explicit(&c->pulse, pulse, memory_order_relaxed);
}

/* There is no memory to keep more. True: the server has dealt with what is kept, which is gone. */
bool conn_unkept(struct conn *c);

/* False: another thread has not asked for it to be given up. */
static inline bool conn_is_given_up(const struct conn *c, enum transport_why *why)
{
	uint8_t hold = atomic_load_explicit(&c->hold, memory_order_relaxed);

	if (hold < HOLD_GIVEN_UP)
		return false;
	*why = (enum transport_why)(hold - HOLD_GIVEN_UP);
	return true;
}

/* Tells the server, and the client if the server wants to. The caller then closes it. */
void conn_give_up(struct conn *c, enum transport_why why);

#endif
