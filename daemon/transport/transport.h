/*
 * transport.h - the transport axis: bytes in and out of connections.
 *
 * The transport owns descriptors and connections; the server gets bytes, says how many it consumed,
 * and sends. The requests of one connection are handled in order by one thread at a time: either
 * the thread that read them (inline) or, after transport_hold, the thread they were passed to,
 * until transport_resume. Bytes that arrive meanwhile wait in the socket. A client that does not
 * read its replies blocks only itself: while bytes wait to be sent, `data` is not called for that
 * connection and nothing is read from it.
 *
 * A connection that waits too long for its client is given up (struct transport_limits). When there
 * is no room for a new connection, the one that has waited longest is closed.
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

/* Return value of `data` when it called transport_hold: c may already belong to another thread. */
#define TRANSPORT_HELD SIZE_MAX

/* Why the transport gives a connection up. */
enum transport_why {
	TRANSPORT_IDLE, /* nothing was received for idle_ns, and no request was in progress */
	TRANSPORT_SLOW_REQUEST, /* a request was not completed in time */
	TRANSPORT_SLOW_READER,  /* the client does not read its replies */
	TRANSPORT_NO_ROOM,      /* it has waited longest, and room is needed */
	TRANSPORT_STOPPING,     /* with an unfinished request when the transport stops */
};

/* The callbacks of the server. Called by the transport's threads. */
struct transport_events {
	void *ctx;
	/* A new connection. -EAGAIN: too many are open; called again when another one was closed.
	 * Any other error refuses it. */
	int (*opened)(void *ctx, struct conn *c);
	/* A new connection is refused: with the code of `opened`, or -EMFILE when no descriptor is
	 * left. *goodbye is sent before it is closed. */
	void (*refused)(void *ctx, int code, struct span *goodbye);
	/*
	 * All bytes not consumed so far. Returns how many are consumed now, or TRANSPORT_HELD.
	 * TRANSPORT_PADDING_BYTES readable bytes follow them. Called again when more bytes have
	 * arrived, or when the connection is resumed or writable again and bytes are left.
	 */
	size_t (*data)(void *ctx, struct conn *c, struct span bytes);
	/*
	 * There is no memory to keep what `data` did not consume. send still works. True: rest is
	 * handled and the connection continues; false: it is closed.
	 */
	bool (*unkept)(void *ctx, struct conn *c, struct span rest);
	/* No more bytes will arrive; rest is an unfinished message. send still works. `closed`
	 * follows. */
	void (*ended)(void *ctx, struct conn *c, struct span rest);
	/* Called instead of `ended` when the transport gives c up. What is sent now is written only
	 * as far as the socket accepts it at once; for TRANSPORT_SLOW_READER nothing is. */
	void (*given_up)(void *ctx, struct conn *c, struct span rest, enum transport_why why);
	void (*closed)(void *ctx, struct conn *c); /* the last call for c */
	void (*woken)(void *ctx); /* after transport_wake, on the thread of `run` */
};

/* Where connection buffers come from (the buffers axis, set by the server). Any thread. */
struct transport_memory {
	void *ctx;
	void *(*get)(void *ctx, size_t min_bytes, size_t *cap);
	void (*put)(void *ctx, void *ptr, size_t cap);
};

enum {
	/* Readable bytes after those passed to `data`: the parsers' vector width. */
	TRANSPORT_PADDING_BYTES = 64,
	/* Of one read. */
	TRANSPORT_READ_BYTES = 64 * 1024,
};

/*
 * How long a connection may wait for its client; 0: for ever. Exact to within two ticks; a tick is
 * 1 s, or the smallest limit if that is less.
 */
struct transport_limits {
	uint64_t idle_ns;    /* with no request under way */
	uint64_t request_ns; /* from the first byte of a request to its last; restarts for each MiB
			      */
	uint64_t reply_ns;   /* without reading any of its replies */
	uint64_t room_ns;    /* until a new one may replace it, unless it has unsent replies */
};

struct transport_cfg {
	const int *listen_fds; /* non-blocking; ownership passes to the transport on success */
	size_t listen_count;
	size_t conns_max;   /* bounds the tables; `opened` decides about refusing */
	size_t stack_bytes; /* of threads that the transport starts; 0 = default */
	uint64_t drain_ns;  /* how long `run` continues after stop for held connections and unsent
			       bytes */
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
	void (*deinit)(struct transport *t); /* closes all connections; held ones come back first */
	/* Runs until stop; then waits up to drain_ns for held connections and unsent bytes. After
	 * it returns, `data` is not called any more. */
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
	CONN_CLOSING = 1 << 1,    /* closed by us, or the peer is gone */
	CONN_ENDED = 1 << 2,      /* the peer has sent everything */
	CONN_BROKEN = 1 << 3,     /* nothing can be sent any more */
};

/*
 * A connection: one cache line, the first member of every backend's connection. Data that is rarely
 * needed belongs in `user`. Written by the thread that works on the connection; `next`, `hold`,
 * `interest` and `pulse` by the transport.
 */
struct conn {
	struct transport *transport;
	void *user;             /* of the server */
	struct chunk *kept;     /* read, not consumed; NULL: nothing */
	struct chunk *unsent;   /* waits to be sent; NULL: nothing */
	struct conn *next;      /* in the transport's lists */
	struct frame_scan scan; /* the server's framing state */
	int fd;
	uint32_t id;           /* 1.. ; never reused within a run */
	_Atomic uint8_t hold;  /* of the transport */
	uint8_t interest;      /* of the reading thread */
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

/* NULL: unknown. "auto" selects the best one for this machine. */
const struct transport_ops *transport_find(const char *name);

/* -ENOENT unknown name; -EOPNOTSUPP the backend is unavailable here, err says why. */
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

/* Makes the transport call `woken` soon. */
static inline void transport_wake(struct transport *t)
{
	t->ops->wake(t);
}

/*
 * Sends bytes after those sent before; what the socket does not accept at once is copied and sent
 * later (CONN_BACKLOGGED). Called by the thread that works on c. Returns 0, -EPIPE when the peer is
 * gone, or -ENOMEM (the connection is then closed).
 */
static inline int transport_send(struct conn *c, struct span bytes)
{
	return c->transport->ops->send(c, bytes);
}

/*
 * Call inside `data`: the connection then belongs to the caller, and to whichever thread it passes
 * c to, until transport_resume. rest, the end of the bytes that `data` got, is kept for it
 * (transport_waiting). `data` then returns TRANSPORT_HELD. Returns 0, or -ENOMEM: not held.
 */
static inline int transport_hold(struct conn *c, struct span rest)
{
	return c->transport->ops->hold(c, rest);
}

/* The holder has finished with c and does not use it any more. */
static inline void transport_resume(struct conn *c)
{
	c->transport->ops->resume(c);
}

/* The kept bytes of a held connection, with padding; valid until consumed. */
struct span transport_waiting(const struct conn *c);
void transport_consume(struct conn *c, size_t bytes);

/*
 * Sends unsent bytes and waits up to timeout_ms for a socket that is full. Called by the thread
 * that works on c. Returns how many bytes are still unsent; 0 also when the connection is broken.
 */
size_t transport_push(struct conn *c, int timeout_ms);

/* Closes c once the sent bytes are out; its unread bytes are dropped. Called by the thread that
 * works on c. */
static inline void transport_hangup(struct conn *c)
{
	c->flags |= CONN_CLOSING;
}

/* True when no more requests of this connection may run now: its client does not read, or it is
 * closing. */
static inline bool transport_is_stalled(const struct conn *c)
{
	return (c->flags & (CONN_BACKLOGGED | CONN_CLOSING)) != 0;
}

#endif
