/*
 * sockets.h - shared by the backends that serve descriptors: listeners, the table of connections,
 * accepting new ones and closing old ones for room. Private to daemon/transport.
 *
 * A backend decides what to wait for and how; conn.h has the life of one connection.
 */
#ifndef DAEMON_TRANSPORT_SOCKETS_H
#define DAEMON_TRANSPORT_SOCKETS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/transport/conn.h"
#include "daemon/transport/transport.h"

struct sockets;

enum {
	SOCKETS_LISTENERS_MAX = 16,
	SOCKETS_SLAB_CONNS = 64, /* connections come in slabs of about a page */
	/* Refused connections that are not closed yet: see accept.c. */
	SOCKETS_REFUSED_MAX = 64,
};

/*
 * Closes c, which is free: calls conn_give_up, then acts on its result. With transport threads, the
 * connection's own thread may do so a little later.
 */
typedef void(sockets_give_up)(struct sockets *s, struct conn *c, enum transport_why why);

/* Since when a free connection waits, and for what. Used by tick.c. */
struct conn_wait {
	uint64_t since_ns;
	uint8_t phase; /* as in its pulse */
};

struct refused {
	int fd;      /* -1: none */
	bool is_old; /* refused longer than a tick ago */
};

struct sockets_listener {
	int fd;
	bool is_tcp;
};

/*
 * Written by the thread that accepts and adopts; with transport poll these are two threads, and
 * what both use is atomic.
 */
struct sockets {
	struct transport base;
	struct sockets_listener listeners[SOCKETS_LISTENERS_MAX];
	size_t listeners_count;
	int wake_fd; /* eventfd: stop, or a connection was resumed */
	atomic_bool is_stopping;
	atomic_bool is_woken;           /* by transport_wake */
	_Atomic(struct conn *) resumed; /* pushed by holders, taken by the reading thread */

	struct late *late; /* replies of this round; NULL: the backend sends at once */
	int io_flags;      /* of recv: MSG_DONTWAIT, or 0 when a thread may block on it */
	size_t conn_bytes; /* of the backend's connection */
	char **slabs;
	size_t slabs_count;
	struct conn *unused;
	uint32_t last_id;
	_Atomic size_t open_count;

	/* accept.c */
	atomic_int spare_fd;   /* -1: in use, or lost */
	atomic_bool is_paused; /* listeners are ignored until there is a spare one */
	int accept_wake_fd;    /* eventfd of the thread that accepts: is_paused has ended */
	_Atomic uint64_t warned_ns;
	struct refused refused[SOCKETS_REFUSED_MAX]; /* a ring */
	unsigned refused_next;
	unsigned refused_count;

	/* tick.c */
	sockets_give_up *give_up;
	int tick_fd; /* timerfd: readable once per tick; then call sockets_tick */
	atomic_bool is_ticking;
	bool is_without_room; /* no connection waits long enough; valid until the next tick */
};

/* conn_bytes: size of the backend's connection, a multiple of 64. The backend sets give_up. */
int sockets_init(struct sockets *s, const struct transport_cfg *cfg, size_t conn_bytes,
		 struct err *err);
void sockets_deinit(struct sockets *s); /* drops what is still open */

/* Makes fd a connection; NULL when it is refused. */
struct conn *sockets_adopt(struct sockets *s, int fd);

/*
 * Closes c. The caller has removed it from the event source, since closing does not remove it while
 * a forked child has a copy of the descriptor.
 */
void sockets_drop(struct sockets *s, struct conn *c);

/* The two halves of sockets_drop, for a backend that must keep the memory. Until sockets_recycle,
 * fd is -1. */
void sockets_leave(struct sockets *s, struct conn *c);
void sockets_recycle(struct sockets *s, struct conn *c);

/* Iterates over the open connections: for (c = NULL; (c = sockets_next(s, &at, &wait));) with at =
 * 0; wait may be NULL. */
struct conn *sockets_next(const struct sockets *s, size_t *at, struct conn_wait **wait);

void sockets_wake(struct sockets *s); /* any thread, also a signal handler */
void sockets_wake_fd(int fd);

/* Clears the wake-up, and calls `woken` when it was requested. */
void sockets_clear_wake(struct sockets *s);

/* Takes all resumed connections: a list linked by next, each still marked as held. */
struct conn *sockets_take_resumed(struct sockets *s);

/* True while a connection is held or has something unsent. */
bool sockets_is_busy(const struct sockets *s);

/* ---- accept.c ---- */

/*
 * Accepts one connection. Returns a descriptor, or -EAGAIN when there is nothing to accept now. It
 * may use the spare descriptor, or set is_paused.
 */
int sockets_accept(struct sockets *s, const struct sockets_listener *l);

/* What sockets_accept does after accepting, for backends that accept in another way. */
void sockets_accepted(const struct sockets_listener *l, int fd);

/* Sends the reason and closes fd a little later. */
void sockets_refuse(struct sockets *s, int fd, int code);

/* Closes those refused before the last tick. */
void sockets_close_refused(struct sockets *s);

/* Tries to get a spare descriptor. False: none is free. */
bool sockets_has_spare(struct sockets *s);

/* Call when a descriptor may have become free; ends is_paused in that case. */
void sockets_listen_again(struct sockets *s);

void sockets_warn_of_limit(struct sockets *s); /* once a minute */

/*
 * Closing a socket with unread bytes resets the connection, and on TCP the reset may overtake the
 * last reply. So this ends sending, reads and drops what has arrived, and then closes.
 */
void sockets_close_gracefully(struct sockets *s, int fd);
void sockets_close_fd(struct sockets *s, int fd);

/* ---- tick.c ---- */

int tick_init(struct sockets *s, struct err *err);
void tick_start(struct sockets *s); /* call when a connection must be watched; any thread */

/* Gives up connections that have waited too long. Call it when tick_fd is readable, and after all
 * other events that were reported. */
void sockets_tick(struct sockets *s);

/* Closes the connection that has waited longest for its client. False: none has waited
 * long enough. */
bool sockets_make_room(struct sockets *s);

/* The transport stops: tells the clients with an unfinished request. */
void sockets_give_up_unfinished(struct sockets *s);

/* True when c must be closed. While stopping, also when it would wait for requests. */
static inline bool sockets_is_over(struct sockets *s, struct conn *c, enum conn_wants wants)
{
	if (wants != CONN_READ)
		return wants == CONN_CLOSE;
	if (__builtin_expect(!atomic_load_explicit(&s->is_stopping, memory_order_relaxed), 1))
		return false;
	if (c->kept)
		conn_give_up(c, TRANSPORT_STOPPING);
	return true;
}

/* The methods of struct transport_ops for backends with one reading thread. */
void sockets_stop(struct transport *t);
void sockets_woken(struct transport *t);
int sockets_send(struct conn *c, struct span bytes);
int sockets_hold(struct conn *c, struct span rest);
void sockets_resume(struct conn *c);

#endif
