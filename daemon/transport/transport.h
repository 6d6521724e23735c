/*
 * transport.h - the transport axis: bytes in and out of connections.
 *
 * The transport owns descriptors and connections; the server behind it gets bytes, says how many it
 * consumed, and sends. Per connection, requests are worked on in order by one thread at a time:
 * either the thread that read them (inline), or, after transport_hold, whoever it was handed to,
 * until transport_resume. What comes meanwhile waits in the socket. A client that does not read
 * stops being served, not the daemon: while bytes wait to be sent, `data` is not called for that
 * connection and nothing is read from it.
 *
 * A connection that waits too long for its client is given up (struct transport_limits), and the
 * one that has waited longest makes room when a new one comes and there is none.
 */
#ifndef DAEMON_TRANSPORT_TRANSPORT_H
#define DAEMON_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/backend.h"
#include "daemon/base/span.h"
#include "daemon/rpc/frame.h"

struct chunk;
struct conn;
struct err;
struct transport;

/* What `data` answers when it called transport_hold: c may already belong to another thread. */
#define TRANSPORT_HELD SIZE_MAX

/* Why the transport gives a connection up. */
enum transport_why {
	TRANSPORT_IDLE,         /* nothing came for idle_ns, and no request was under way */
	TRANSPORT_SLOW_REQUEST, /* a request has begun and did not come to its end */
	TRANSPORT_SLOW_READER,  /* the client took nothing of its replies */
	TRANSPORT_NO_ROOM,      /* it has waited longest, and its place is needed */
	TRANSPORT_STOPPING,     /* with an unfinished request when the transport stops */
};

/* What the server does about connections. Called by the transport's threads. */
struct transport_events {
	void *ctx;
	/* A new connection. -EAGAIN: too many are open; asked again when another one made room.
	 * Any other code refuses it. */
	int (*opened)(void *ctx, struct conn *c);
	/* A new connection is closed: with the code of `opened`, or -EMFILE: no descriptor is left
	 * for it. *goodbye is sent to it before. */
	void (*refused)(void *ctx, int code, struct span *goodbye);
	/*
	 * All bytes not consumed so far. Returns how many are consumed now, or TRANSPORT_HELD.
	 * TRANSPORT_PADDING_BYTES readable bytes follow them. Called again when more bytes have
	 * come, or when the connection is resumed or writable again and some are left.
	 */
	size_t (*data)(void *ctx, struct conn *c, struct span bytes);
	/*
	 * What `data` did not consume cannot be kept: there is no memory for it. send still works.
	 * True: rest is dealt with and the connection goes on; false: it is hung up.
	 */
	bool (*unkept)(void *ctx, struct conn *c, struct span rest);
	/* No more bytes will come: the rest is an unfinished message. send still works. Then
	 * `closed`. */
	void (*ended)(void *ctx, struct conn *c, struct span rest);
	/* Instead of `ended` where the transport gives c up. What is sent now goes as far as the
	 * socket takes it at once; nothing does for TRANSPORT_SLOW_READER. */
	void (*given_up)(void *ctx, struct conn *c, struct span rest, enum transport_why why);
	void (*closed)(void *ctx, struct conn *c); /* the last mention of c */
	void (*woken)(void *ctx); /* after transport_wake, on the thread of `run` */
};

/* Where connection buffers come from (the buffers axis, handed in by the server). Any thread. */
struct transport_memory {
	void *ctx;
	void *(*get)(void *ctx, size_t min_bytes, size_t *cap);
	void (*put)(void *ctx, void *ptr, size_t cap);
};

enum {
	/* Readable bytes behind what `data` gets: the parsers' vector width. */
	TRANSPORT_PADDING_BYTES = 64,
	/* Of one read. */
	TRANSPORT_READ_BYTES = 64 * 1024,
};

/*
 * How long a connection may wait for its client; 0: for ever. Kept to within two ticks: a tick is
 * 1 s, or the smallest of them.
 */
struct transport_limits {
	uint64_t idle_ns;    /* with no request under way */
	uint64_t request_ns; /* from the first byte of a request to its last; anew for each MiB */
	uint64_t reply_ns;   /* without taking anything of its replies */
	uint64_t room_ns;    /* until a new one may take its place, unless replies are unsent */
};

struct transport_cfg {
	const int *listen_fds; /* non-blocking; ownership passes to the transport on success */
	size_t listen_count;
	size_t conns_max;   /* bounds the tables; refusing is the business of `opened` */
	size_t stack_bytes; /* of threads that the transport starts; 0 = default */
	uint64_t drain_ns;  /* how long `run` goes on after stop for held and unsent ones */
	struct transport_limits limits;
	struct transport_events events;
	struct transport_memory memory;
};

enum transport_caps {
	TRANSPORT_SOCKETS = 1 << 0, /* serves descriptors (inproc does not) */
	TRANSPORT_INLINE = 1 << 1,  /* `data` may run requests on the reading thread */
	TRANSPORT_READERS = 1 << 2, /* several threads call `data`, for different connections */
};

struct transport_ops {
	struct backend head;
	unsigned caps;

	int (*init)(struct transport *t, const struct transport_cfg *cfg, struct err *err);
	void (*deinit)(struct transport *t); /* closes all; those that are held come back first */
	/* Until stop; then lets held connections come back and sends what is unsent, for drain_ns
	 * at most. `data` is not called any more when it has returned. */
	int (*run)(struct transport *t, struct err *err);
	void (*stop)(struct transport *t); /* any thread, also a signal handler */
	void (*wake)(struct transport *t); /* the same */
	int (*send)(struct conn *c, struct span bytes);
	int (*hold)(struct conn *c, struct span rest);
	void (*resume)(struct conn *c);
};

struct transport {
	const struct transport_ops *ops; /* first member of every backend's struct */
	struct transport_cfg cfg;        /* as opened; listen_fds is not kept */
};

enum conn_flag {
	CONN_BACKLOGGED = 1 << 0, /* bytes wait to be sent */
	CONN_CLOSING = 1 << 1,    /* hung up on, or its peer is gone */
	CONN_ENDED = 1 << 2,      /* the peer has sent everything */
	CONN_BROKEN = 1 << 3,     /* nothing can be sent any more */
};

/*
 * A connection: one cache line, the first member of every backend's connection; what is seldom
 * needed hangs on `user`. Written by the thread that works on the connection; `next`, `hold`,
 * `interest` and `pulse` by the transport.
 */
struct conn {
	struct transport *transport;
	void *user;             /* the server's */
	struct chunk *kept;     /* read and not consumed; NULL: nothing */
	struct chunk *unsent;   /* waits to be sent; NULL: nothing */
	struct conn *next;      /* in the transport's lists */
	struct frame_scan scan; /* the server's framing state */
	int fd;
	uint32_t id;           /* 1.. ; never reused within a run */
	_Atomic uint8_t hold;  /* the transport's */
	uint8_t interest;      /* the reading thread's */
	uint8_t flags;         /* enum conn_flag */
	_Atomic uint8_t pulse; /* what it waits for: tick.c */
};
_Static_assert(sizeof(struct conn) == 64, "the hot part of a connection is one cache line");

extern const struct transport_ops transport_poll_ops;
extern const struct transport_ops transport_threads_ops;
extern const struct transport_ops transport_epoll_ops;
extern const struct transport_ops transport_uring_ops;
extern const struct transport_ops transport_inproc_ops;

/* All of them, NULL-terminated, in the order shown by --help. */
extern const struct transport_ops *const transport_backends[];
extern const struct backend_axis transport_axis; /* the same */

/* NULL: unknown. "auto" is the best that this machine has. */
const struct transport_ops *transport_find(const char *name);

/* -ENOENT unknown name; -EOPNOTSUPP says why a named one cannot be had here. */
int transport_open(const char *name, const struct transport_cfg *cfg, struct transport **out,
		   struct err *err);
void transport_close(struct transport *t);

static inline int transport_run(struct transport *t, struct err *err)
{
	return t->ops->run(t, err);
}

static inline void transport_stop(struct transport *t)
{
	t->ops->stop(t);
}

/* Lets `woken` be called soon. */
static inline void transport_wake(struct transport *t)
{
	t->ops->wake(t);
}

/*
 * Sends bytes after those sent before; what the socket does not take at once is copied and goes
 * later (CONN_BACKLOGGED). By the thread that works on c. Returns 0, or -EPIPE when the peer is
 * gone or -ENOMEM (the connection is then cut).
 */
static inline int transport_send(struct conn *c, struct span bytes)
{
	return c->transport->ops->send(c, bytes);
}

/*
 * Inside `data`: from now on the connection belongs to the caller and to whomever it hands c to, on
 * any thread, until transport_resume. rest, the end of what `data` was given, is kept for it
 * (transport_waiting). `data` then returns TRANSPORT_HELD. Returns 0, or -ENOMEM: not held.
 */
static inline int transport_hold(struct conn *c, struct span rest)
{
	return c->transport->ops->hold(c, rest);
}

/* The holder is done with c and does not touch it any more. */
static inline void transport_resume(struct conn *c)
{
	c->transport->ops->resume(c);
}

/* The kept bytes of a held connection, with padding; valid until consumed. */
struct span transport_waiting(const struct conn *c);
void transport_consume(struct conn *c, size_t bytes);

/*
 * Sends what is unsent, and waits up to timeout_ms for a socket that is full. By the thread that
 * works on c. Returns how many bytes are still unsent; 0 also when the connection is broken.
 */
size_t transport_push(struct conn *c, int timeout_ms);

/* Closes c once what was sent is out; its other bytes are dropped. By the thread that works on c.
 */
static inline void transport_hangup(struct conn *c)
{
	c->flags |= CONN_CLOSING;
}

/* No more requests of this connection now: it does not read its replies, or it is closing. */
static inline bool transport_is_stalled(const struct conn *c)
{
	return (c->flags & (CONN_BACKLOGGED | CONN_CLOSING)) != 0;
}

#endif
