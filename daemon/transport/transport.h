/*
 * transport.h - the transport axis: bytes in and out of connections.
 *
 * The transport owns descriptors and connections; the server behind it gets bytes, says how many it
 * consumed, and sends. Per connection, requests are worked on in order by one thread at a time:
 * either the thread that read them (inline), or, after transport_hold, whoever called it, until
 * transport_resume. What comes meanwhile waits in the connection or in the socket. A client that
 * does not read stops being served, not the daemon: while bytes wait to be sent, `data` is not
 * called for that connection.
 */
#ifndef DAEMON_TRANSPORT_TRANSPORT_H
#define DAEMON_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/rpc/frame.h"

struct conn;
struct err;
struct transport;

/* What the server does about connections. Called by the transport's threads. */
struct transport_events {
	void *ctx;
	/* A new connection. Non-zero refuses it: the text in *parting (if any) is sent, then it is
	 * closed. */
	int (*opened)(void *ctx, struct conn *c, struct span *parting);
	/*
	 * All bytes not consumed so far. Returns how many are consumed now. PARSER_PADDING_BYTES
	 * readable bytes follow them. Called again when more bytes have come, or when the
	 * connection is resumed or writable again and some are left.
	 */
	size_t (*data)(void *ctx, struct conn *c, struct span bytes);
	/* No more bytes will come: the rest is an unfinished message. send still works. Then
	 * `closed`. */
	void (*ended)(void *ctx, struct conn *c, struct span rest);
	void (*closed)(void *ctx, struct conn *c); /* the last mention of c */
};

/* Where connection buffers come from (the buffers axis, handed in by the server). */
struct transport_memory {
	void *ctx;
	void *(*get)(void *ctx, size_t min_bytes, size_t *cap);
	void (*put)(void *ctx, void *ptr, size_t cap);
};

struct transport_cfg {
	const int *listen_fds; /* non-blocking; ownership passes to the transport on success */
	size_t listen_count;
	size_t conns_max;
	size_t request_bytes_max; /* a connection's unconsumed bytes never exceed this + 64 KiB */
	size_t stack_bytes;       /* of threads that the transport starts; 0 = default */
	struct transport_events events;
	struct transport_memory memory;
};

enum transport_caps {
	TRANSPORT_SOCKETS = 1 << 0, /* serves descriptors (inproc does not) */
	TRANSPORT_INLINE = 1 << 1,  /* `data` may run requests on the reading thread */
};

struct transport_ops {
	const char *name;
	const char *summary;
	unsigned caps;
	size_t size;

	int (*init)(struct transport *t, const struct transport_cfg *cfg, struct err *err);
	void (*deinit)(struct transport *t);
	int (*run)(struct transport *t,
		   struct err *err);       /* until stop; then drains what is under way */
	void (*stop)(struct transport *t); /* any thread, also a signal handler */
	/*
	 * Sends bytes after those sent before; what the socket does not take at once is copied and
	 * goes later. By the thread that works on c. Returns 0, or -EPIPE when the peer is gone
	 * (closed follows), or -ENOMEM (the connection is then cut).
	 */
	int (*send)(struct conn *c, struct span bytes);
	void (*hold)(struct conn *c); /* inside `data`: another thread will work on c */
	void (*resume)(
		struct conn *c); /* that thread is done with c and must not touch it any more */
	void (*hangup)(struct conn *c); /* by the thread that works on c: close once what was sent
					   is out */
};

struct transport {
	const struct transport_ops *ops; /* first member of every backend's struct */
};

/*
 * The hot part of a connection: one cache line, first member of every backend's connection. Written
 * by the thread that works on the connection.
 */
struct conn {
	struct transport *transport;
	void *user;             /* the server's */
	struct frame_scan scan; /* the server's framing state */
	uint32_t id;            /* 1.. ; never reused within a run */
	bool backlogged;        /* bytes wait to be sent: no more work for this connection now */
	bool is_held;
};

extern const struct transport_ops transport_poll_ops;
extern const struct transport_ops transport_threads_ops;
extern const struct transport_ops transport_epoll_ops;
extern const struct transport_ops transport_uring_ops;
extern const struct transport_ops transport_inproc_ops;
extern const struct transport_ops *const transport_backends[];

/* "auto" chooses; -EOPNOTSUPP says why a named one cannot be had here. */
int transport_open(const char *name, const struct transport_cfg *cfg, struct transport **out,
		   struct err *err);
void transport_close(struct transport *t);

static inline int transport_send(struct conn *c, struct span bytes)
{
	return c->transport->ops->send(c, bytes);
}

static inline void transport_hold(struct conn *c)
{
	c->transport->ops->hold(c);
}

static inline void transport_resume(struct conn *c)
{
	c->transport->ops->resume(c);
}

static inline void transport_hangup(struct conn *c)
{
	c->transport->ops->hangup(c);
}

#endif
