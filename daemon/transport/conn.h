/*
 * conn.h - the life of one connection: reading, sending and the calls to the server. Private to
 * daemon/transport.
 *
 * conn_* return what the connection waits for next; the backend decides how it waits.
 */
#ifndef DAEMON_TRANSPORT_CONN_H
#define DAEMON_TRANSPORT_CONN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/transport/transport.h"

enum {
	/* A kept beginning of a request up to this size is copied before the next read; for a
	 * larger one the read appends to it in place. */
	CONN_KEPT_COPY_BYTES = 4096,
	/* The first buffer of a connection, in a backend without a shared read buffer. */
	CONN_FIRST_BYTES = 4096,
	/* A request that has grown by this much gets the whole time limit again. */
	CONN_PACE_BYTES = 1 << 20,
};

/* struct conn.hold */
enum {
	HOLD_FREE,   /* belongs to the reading thread */
	HOLD_HELD,   /* belongs to another thread */
	HOLD_PARKED, /* the same, and the reading thread does not listen to it */
	/* Plus an enum transport_why: its own thread has to give it up (transport threads). */
	HOLD_GIVEN_UP,
};

/*
 * struct conn.pulse: what a free connection waits for, and whether anything has happened since
 * tick.c last checked. Stored by the thread that works on the connection; tick.c clears
 * PULSE_MOVED. Relaxed: it is a hint that orders nothing.
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
 * belongs to the calling thread; NULL: read into the connection's own buffer.
 */
enum conn_wants conn_read(struct conn *c, char *buf);

/* The peer will send nothing more. */
enum conn_wants conn_end(struct conn *c);

/* New bytes that are in no chunk; the padding after them is readable. */
enum conn_wants conn_take(struct conn *c, struct span bytes);

/* New bytes without padding: appended to the kept bytes, or handled as in conn_take. */
enum conn_wants conn_take_more(struct conn *c, struct span bytes);

/* Lets the server work on the kept bytes. */
enum conn_wants conn_work(struct conn *c);

/* Sends unsent bytes, then continues with the kept ones. Also called after a resume. */
enum conn_wants conn_write(struct conn *c);

/* Sends as much of the unsent bytes as the socket accepts now. */
void conn_flush(struct conn *c);

/* What the connection waits for next; see conn_mark. */
enum conn_wants conn_wants_after(struct conn *c, bool has_moved);

/* Stores what the connection waits for. has_moved: something has happened since the last time. */
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

/* Call when there is no memory to keep more. True: the server has handled the kept bytes, which are
 * dropped. */
bool conn_unkept(struct conn *c);

/* True when another thread has asked for the connection to be given up; *why says why. */
static inline bool conn_is_given_up(const struct conn *c, enum transport_why *why)
{
	uint8_t hold = atomic_load_explicit(&c->hold, memory_order_relaxed);

	if (hold < HOLD_GIVEN_UP)
		return false;
	*why = (enum transport_why)(hold - HOLD_GIVEN_UP);
	return true;
}

/* Tells the server, and through it the client. The caller then closes the connection. */
void conn_give_up(struct conn *c, enum transport_why why);

#endif
