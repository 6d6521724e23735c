/*
 * delivery.h - the delivery axis: how a message that the reading thread does not answer gets to a
 * worker.
 *
 * `copied` (v14) copies each text into memory of its own before anything reads it, and a worker
 * gets only this message. `whole` (v15) lends the connection with all the bytes it has sent: the
 * text stays in the buffer of the connection, into which only bytes of the reading thread's shared
 * buffer are moved, and the worker continues with the messages that follow.
 */
#ifndef DAEMON_DELIVERY_DELIVERY_H
#define DAEMON_DELIVERY_DELIVERY_H

#include <stddef.h>

#include "daemon/base/backend.h"
#include "daemon/base/span.h"
#include "daemon/delivery/message.h"

struct buffers;
struct delivery;
struct err;

/* One backend. Every method is present. */
struct delivery_ops {
	struct backend head;

	/* Called by the thread that parses m, before parsing: m->text may be at another place until
	 * `close`. Returns 0 or -ENOMEM. */
	int (*open)(struct delivery *d, struct message *m);
	void (*close)(struct delivery *d, struct message *m);
	/*
	 * Called by the reading thread, inside `data` of the transport: holds the connection, and
	 * makes sure that m->text stays valid. unread is what the connection has sent and is not
	 * handled yet; it starts with m's text. Returns 0; -ENOMEM: no memory for m, which is
	 * unchanged; -ENOSPC: also none for what follows it, so the connection cannot continue.
	 */
	int (*hold)(struct delivery *d, struct message *m, struct span unread);
	/* Called by the worker: the bytes that follow m and that it must answer. */
	struct span (*rest)(struct delivery *d, const struct message *m);
	/* Ends hold: frees the memory, and releases the connection with the unused part of the
	 * rest. Afterwards m and its connection belong to the reading thread. */
	void (*release)(struct delivery *d, struct message *m, size_t used_bytes);
};

struct delivery {
	const struct delivery_ops *ops; /* first member of every backend's struct */
	struct buffers *buffers;        /* borrowed */
};

/* The implementations. Only delivery.c, bench/ and tests name one directly. */
extern const struct delivery_ops delivery_copied_ops;
extern const struct delivery_ops delivery_whole_ops;
extern const struct delivery_ops *const delivery_backends[];
extern const struct backend_axis delivery_axis; /* the same */

/* Errors: -ENOENT unknown name, -ENOMEM. */
int delivery_open(const char *name, struct buffers *buffers, struct delivery **out,
		  struct err *err);
void delivery_close(struct delivery *d);

static inline int delivery_open_text(struct delivery *d, struct message *m)
{
	return d->ops->open(d, m);
}

static inline void delivery_close_text(struct delivery *d, struct message *m)
{
	if (__builtin_expect(m->copy.ptr != NULL, 0))
		d->ops->close(d, m);
}

static inline int delivery_hold(struct delivery *d, struct message *m, struct span unread)
{
	return d->ops->hold(d, m, unread);
}

static inline struct span delivery_rest(struct delivery *d, const struct message *m)
{
	return d->ops->rest(d, m);
}

static inline void delivery_release(struct delivery *d, struct message *m, size_t used_bytes)
{
	d->ops->release(d, m, used_bytes);
}

/* Private to daemon/delivery: from now on m's text, and its parse if there is one, is in a copy at
 * `to`. */
void delivery_move(struct message *m, const char *to);

#endif
