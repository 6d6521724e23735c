/*
 * sockets.h - what the backends that serve descriptors share: listeners, the table of connections,
 * and how new ones come in and old ones make room. Private to daemon/transport.
 *
 * A backend decides who waits for what and how; the life of one connection is in conn.h.
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
 * Closes c, which is free: conn_give_up, and then what sockets_drop wants. Its thread may do so
 * soon, too (transport threads).
 */
typedef void(sockets_give_up)(struct sockets *s, struct conn *c, enum transport_why why);

/* Of a free connection: since when it waits, and for what. tick.c's. */
struct conn_wait {
	uint64_t since_ns;
	uint8_t phase; /* as in its pulse */
};

struct refused {
	int fd;      /* -1: none */
	bool is_old; /* for longer than a tick */
};

struct sockets_listener {
	int fd;
	bool is_tcp;
};

/*
 * Written by the thread that accepts and adopts; with transport poll these are two, and what both
 * use is atomic.
 */
struct sockets {
	struct transport base;
	struct sockets_listener listeners[SOCKETS_LISTENERS_MAX];
	size_t listeners_count;
	int wake_fd; /* eventfd: stop, or something was resumed */
	atomic_bool is_stopping;
	atomic_bool is_woken;           /* by transport_wake */
	_Atomic(struct conn *) resumed; /* pushed by holders, taken by the reading thread */

	int io_flags;      /* of recv: MSG_DONTWAIT, or 0 where a thread may block on it */
	size_t conn_bytes; /* of the backend's connection */
	char **slabs;
	size_t slabs_count;
	struct conn *unused;
	uint32_t last_id;
	_Atomic size_t open_count;

	/* accept.c */
	atomic_int spare_fd;   /* -1: in use, or lost */
	atomic_bool is_paused; /* no listener is looked at until there is a spare one */
	int accept_wake_fd;    /* eventfd of the thread that accepts: is_paused has ended */
	_Atomic uint64_t warned_ns;
	struct refused refused[SOCKETS_REFUSED_MAX]; /* a ring */
	unsigned refused_next;
	unsigned refused_count;

	/* tick.c */
	sockets_give_up *give_up;
	int tick_fd; /* timerfd: readable once per tick: call sockets_tick */
	atomic_bool is_ticking;
	bool is_without_room; /* nothing waits long enough, until the next tick */
};

/* conn_bytes: size of the backend's connection, a multiple of 64. The backend sets give_up. */
int sockets_init(struct sockets *s, const struct transport_cfg *cfg, size_t conn_bytes,
		 struct err *err);
void sockets_deinit(struct sockets *s); /* drops what is still open */

/* Makes it a connection; NULL when refused. */
struct conn *sockets_adopt(struct sockets *s, int fd);

/*
 * Closes it. The caller has removed it from whatever reports events: closing does not do so while a
 * forked child has a copy of the descriptor.
 */
void sockets_drop(struct sockets *s, struct conn *c);

/* Its two halves, for a backend that must keep the memory: until sockets_recycle, fd is -1. */
void sockets_leave(struct sockets *s, struct conn *c);
void sockets_recycle(struct sockets *s, struct conn *c);

/* Every open connection: for (c = NULL; (c = sockets_next(s, &at, &wait));) with at = 0; wait may
 * be NULL. */
struct conn *sockets_next(const struct sockets *s, size_t *at, struct conn_wait **wait);

void sockets_wake(struct sockets *s); /* any thread, also a signal handler */
void sockets_wake_fd(int fd);

/* The wake-up was heard; calls `woken` where that is asked for. */
void sockets_clear_wake(struct sockets *s);

/* Takes all resumed connections: a list by next, each still marked as held. */
struct conn *sockets_take_resumed(struct sockets *s);

/* True while a connection is held or has something unsent. */
bool sockets_is_busy(const struct sockets *s);

/* ---- accept.c ---- */

/*
 * Accepts one connection. A descriptor, or -EAGAIN: nothing (more) to accept now. It may have used
 * the spare descriptor, or set is_paused.
 */
int sockets_accept(struct sockets *s, const struct sockets_listener *l);

/* What sockets_accept does besides accepting, for those who accept otherwise. */
void sockets_accepted(const struct sockets_listener *l, int fd);

/* Says why and closes fd, soon. */
void sockets_refuse(struct sockets *s, int fd, int code);

/* Closes those that were refused before the last tick. */
void sockets_close_refused(struct sockets *s);

/* False: there is none, and no descriptor is free to be it. */
bool sockets_has_spare(struct sockets *s);

/* A descriptor may have become free: ends is_paused if so. */
void sockets_listen_again(struct sockets *s);

void sockets_warn_of_limit(struct sockets *s); /* once a minute */

/*
 * Closing a socket that has unread bytes resets the connection, which may overtake the last reply
 * on TCP: says that no more will come, and reads away what is there.
 */
void sockets_close_politely(struct sockets *s, int fd);
void sockets_close_fd(struct sockets *s, int fd);

/* ---- tick.c ---- */

int tick_init(struct sockets *s, struct err *err);
void tick_start(struct sockets *s); /* there is something to look at; any thread */

/* Gives up who has waited too long. Call it when tick_fd is readable, and no event that was
 * reported before for a connection is still to be worked on. */
void sockets_tick(struct sockets *s);

/* Closes the one that has waited longest for its client. False: none has waited long enough. */
bool sockets_make_room(struct sockets *s);

/* The transport stops: those who have begun a request are told. */
void sockets_give_up_unfinished(struct sockets *s);

/* True: c shall be closed. While stopping that is also one that wants to read. */
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
