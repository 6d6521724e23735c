/*
 * delivery.h - the delivery axis: how a message that is not answered in the reading thread gets to
 * a worker.
 *
 * `copied` (v14) copies the text twice, for the queue and again for the thread that answers it, and
 * a worker gets this one message. `whole` (v15) lends the connection with all the bytes that it has
 * sent: the text stays in the buffer of the connection, into which only the bytes of the reading
 * thread's shared buffer are moved, and the worker goes on with the messages that follow.
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

	/* By the thread that parses m, before: m->text may be at another place until `close`.
	 * Returns 0, or -ENOMEM. */
	int (*open)(struct delivery *d, struct message *m);
	void (*close)(struct delivery *d, struct message *m);
	/*
	 * By the reading thread, inside `data` of the transport: holds the connection, and makes
	 * sure that m->text stays. unread is what the connection has sent and nobody has dealt
	 * with; it begins with m's text. Returns 0; -ENOMEM: no memory for m, which is as before;
	 * -ENOSPC: nor for what follows it, so the connection cannot go on.
	 */
	int (*hold)(struct delivery *d, struct message *m, struct span unread);
	/* By the worker: the bytes that follow m and are its to answer. */
	struct span (*rest)(struct delivery *d, const struct message *m);
	/* Ends hold: gives the memory back, and the connection with what was not used of the rest.
	 * m and its connection belong to the reading thread from then on. */
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
	if (__builtin_expect(m->opened.ptr != NULL, 0))
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

/* Private to daemon/delivery: m's text is a copy of it at `to` from now on, and its parse, if there
 * is one, is of that copy. */
void delivery_move(struct message *m, const char *to);

#endif
