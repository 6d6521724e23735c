/*
 * sockets.h - what the backends that serve descriptors share: listeners, the table of connections,
 * and one connection's life. Private to daemon/transport.
 *
 * A backend decides who waits for what and how; conn_* do the reading, the sending and the calls of
 * the server, and answer what the connection waits for next.
 */
#ifndef DAEMON_TRANSPORT_SOCKETS_H
#define DAEMON_TRANSPORT_SOCKETS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/transport/transport.h"

enum {
	SOCKETS_LISTENERS_MAX = 16,
	SOCKETS_SLAB_CONNS = 64, /* connections come in slabs of one page */
	/* A kept beginning up to this size is copied before the next read; a larger one is read
	 * into where it stands. */
	SOCKETS_KEPT_COPY_BYTES = 4096,
	/* Refused connections that are not closed yet: see sockets_adopt. */
	SOCKETS_PARTING_MAX = 64,
	/* What a backend without a shared read buffer first gives a connection. */
	SOCKETS_CLIENT_BYTES = 4096,
};

/* struct conn.hold */
enum {
	HOLD_FREE,   /* the reading thread's */
	HOLD_HELD,   /* another thread's */
	HOLD_PARKED, /* the same, and the reading thread does not listen to it meanwhile */
};

enum conn_wants {
	CONN_READ,  /* call conn_read when readable */
	CONN_WRITE, /* call conn_write when writable */
	CONN_HELD,  /* do not touch it until it is resumed */
	CONN_CLOSE, /* call sockets_drop */
};

struct sockets_listener {
	int fd;
	bool is_tcp;
};

struct sockets {
	struct transport base;
	struct sockets_listener listeners[SOCKETS_LISTENERS_MAX];
	size_t listeners_count;
	int wake_fd;  /* eventfd: stop, or something was resumed */
	int spare_fd; /* given up to refuse a connection when descriptors run out */
	atomic_bool is_stopping;
	atomic_bool is_woken;           /* by transport_wake */
	_Atomic(struct conn *) resumed; /* pushed by holders, taken by the reading thread */

	int io_flags;      /* of recv: MSG_DONTWAIT, or 0 where a thread may block on it */
	size_t conn_bytes; /* of the backend's connection */
	char **slabs;
	size_t slabs_count;
	struct conn *unused;
	uint32_t last_id;
	size_t open_count;
	int parting_fds[SOCKETS_PARTING_MAX]; /* a ring; 0: none yet */
	unsigned parting_next;
	bool is_out_of_fds; /* said so; not again before one could be accepted */
};

/* conn_bytes: size of the backend's connection, a multiple of 64. */
int sockets_init(struct sockets *s, const struct transport_cfg *cfg, size_t conn_bytes,
		 struct err *err);
void sockets_deinit(struct sockets *s); /* drops what is still open */

/* Accepts one connection. A descriptor, or -EAGAIN: nothing (more) to accept now. */
int sockets_accept(struct sockets *s, const struct sockets_listener *l);

/* What sockets_accept does beside accepting, for those who accept otherwise. */
void sockets_accepted(struct sockets *s, const struct sockets_listener *l, int fd);
void sockets_refuse(struct sockets *s, const struct sockets_listener *l); /* -EMFILE */

/*
 * Makes it a connection; NULL when refused. The last few of those refused with a parting word stay
 * open for what the client writes: it most often writes first, and would otherwise find a broken
 * pipe where it should read why.
 */
struct conn *sockets_adopt(struct sockets *s, int fd);

/*
 * Closes it. The caller has removed it from whatever reports events: closing does not do so while a
 * forked child has a copy of the descriptor.
 */
void sockets_drop(struct sockets *s, struct conn *c);

/* Every open connection: for (c = NULL; (c = sockets_next(s, &at));) with at = 0. */
struct conn *sockets_next(const struct sockets *s, size_t *at);

void sockets_wake(struct sockets *s); /* any thread, also a signal handler */

/* The wake-up was heard; calls `woken` where that is asked for. */
void sockets_clear_wake(struct sockets *s);

/* Takes all resumed connections: a list by next, each still marked as held. */
struct conn *sockets_take_resumed(struct sockets *s);

/* True while a connection is held or has something unsent. */
bool sockets_is_busy(const struct sockets *s);

/*
 * Reads once and lets the server work. buf has TRANSPORT_READ_BYTES + TRANSPORT_PADDING_BYTES and
 * is the calling thread's; NULL: read into the connection's own buffer.
 */
enum conn_wants conn_read(struct conn *c, char *buf);

/* The peer has sent all it will. */
enum conn_wants conn_end(struct conn *c);

/* Fresh bytes that are in nobody's chunk, behind which the padding is readable. */
enum conn_wants conn_take(struct conn *c, struct span bytes);

/* Lets the server work on what is kept. */
enum conn_wants conn_work(struct conn *c);

/* Sends what is unsent; then goes on with what is kept. Also after a resume. */
enum conn_wants conn_write(struct conn *c);

/* Sends what the socket takes now of what is unsent. */
void sockets_flush(struct conn *c);

/* The methods of struct transport_ops for backends with one reading thread. */
void sockets_stop(struct transport *t);
void sockets_woken(struct transport *t);
int sockets_send(struct conn *c, struct span bytes);
int sockets_hold(struct conn *c, struct span rest);
void sockets_resume(struct conn *c);

#endif
