/*
 * transport_uring.c - one thread, io_uring by liburing: accept, receive and send without a system
 * call each.
 *
 * Receives use a ring of provided buffers, so an idle connection owns none. A reply is copied into
 * the connection's unsent chunk and sent by the ring, with the next receive linked after it, so
 * that one system call serves a whole round of connections. A connection has at most one send and
 * one receive in progress; a held one has neither. The memory of a closed connection is reused when
 * its receive has ended.
 *
 * An accept takes a descriptor before there is a connection, so it fails at once and repeatedly
 * while descriptors have run out. Then the listener is polled, and accepted from by a system call.
 */
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/transport/chunk.h"
#include "daemon/transport/sockets.h"
#include "daemon/transport/transport.h"

enum {
	URING_ENTRIES = 1024,
	URING_BUFS = 128, /* a power of two */
	URING_BUF_BYTES = 16 * 1024,
	URING_BUF_STRIDE = URING_BUF_BYTES + TRANSPORT_PADDING_BYTES,
	URING_GROUP = 1,
	URING_BATCH = 64,
	URING_ACCEPTS = 64, /* connections accepted in one go by system calls */
	/* A longer reply is sent in pieces, so that progress of a slow reader is noticed. */
	URING_SEND_BYTES = 256 * 1024,
};

/* struct conn.interest: operations in progress. */
enum { UNDER_WAY_RECV = 1 << 0, UNDER_WAY_SEND = 1 << 1 };

/* The low bits of a completion's tag; the rest is the address of the connection, or a listener's
 * number. */
enum tag {
	TAG_RECV,
	TAG_SEND,
	TAG_ACCEPT,
	TAG_POLL_LISTENER, /* a listener is ready for accept(2) */
	TAG_WAKE,
	TAG_TICK,
	TAG_MASK = 7,
	TAG_BITS = 3,
};

struct transport_uring {
	struct sockets socks;
	struct io_uring ring;
	struct io_uring_buf_ring *bufs;
	char *memory;                         /* [URING_BUFS][URING_BUF_STRIDE] */
	bool is_asked[SOCKETS_LISTENERS_MAX]; /* an accept or a poll of it is in progress */
	bool is_short;                        /* descriptors have run out: poll the listeners */
};

static void uring_close_ring(struct transport_uring *u)
{
	io_uring_queue_exit(&u->ring); /* ends operations before their memory is freed */
	free(u->bufs);
	free(u->memory);
}

static void uring_deinit(struct transport *t)
{
	struct transport_uring *u = (struct transport_uring *)t;

	uring_close_ring(u);
	sockets_deinit(&u->socks);
}

static int uring_open_ring(struct transport_uring *u, struct err *err)
{
	/* Disabled until run enables it, whose thread is then the only one that submits. */
	struct io_uring_params params = {
		.flags = IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER |
			 IORING_SETUP_DEFER_TASKRUN,
	};
	int rc = io_uring_queue_init_params(URING_ENTRIES, &u->ring, &params);

	if (rc < 0)
		return err_set(err, -EOPNOTSUPP,
			       "this kernel does not provide the required "
			       "io_uring (Linux 6.1, not switched off): %s",
			       strerrordesc_np(-rc));
	return 0;
}

static void uring_give_buf(struct transport_uring *u, unsigned id)
{
	io_uring_buf_ring_add(u->bufs, u->memory + (size_t)id * URING_BUF_STRIDE, URING_BUF_BYTES,
			      (unsigned short)id, io_uring_buf_ring_mask(URING_BUFS), 0);
	io_uring_buf_ring_advance(u->bufs, 1);
}

static int uring_open_bufs(struct transport_uring *u, struct err *err)
{
	struct io_uring_buf_reg reg = { .ring_entries = URING_BUFS, .bgid = URING_GROUP };
	size_t ring_bytes = URING_BUFS * sizeof(struct io_uring_buf);
	int rc;

	u->bufs = aligned_alloc(4096, (ring_bytes + 4095) & ~(size_t)4095);
	u->memory = aligned_alloc(64, (size_t)URING_BUFS * URING_BUF_STRIDE);
	if (!u->bufs || !u->memory)
		return err_set(err, -ENOMEM, "receive buffers");
	memset(u->bufs, 0, ring_bytes);
	reg.ring_addr = (uintptr_t)u->bufs;
	rc = io_uring_register_buf_ring(&u->ring, &reg, 0);
	if (rc < 0)
		return err_set(err, -EOPNOTSUPP, "provided buffers: %s", strerrordesc_np(-rc));
	io_uring_buf_ring_init(u->bufs);
	for (unsigned i = 0; i < URING_BUFS; i++)
		uring_give_buf(u, i);
	return 0;
}

static void uring_close(struct transport_uring *u, struct conn *c)
{
	if (!c->interest) {
		sockets_drop(&u->socks, c);
		return;
	}
	/* Ends its operations. */
	shutdown(c->fd, SHUT_RDWR);
	c->flags |= CONN_CLOSING | CONN_BROKEN;
	/* The kernel uses the bytes of a send until its completion, which comes here again. */
	if (!(c->interest & UNDER_WAY_SEND))
		sockets_leave(&u->socks, c);
}

static void uring_give_up(struct sockets *s, struct conn *c, enum transport_why why)
{
	conn_give_up(c, why);
	uring_close((struct transport_uring *)s, c);
}

static int uring_init(struct transport *t, const struct transport_cfg *cfg, struct err *err)
{
	struct transport_uring *u = (struct transport_uring *)t;
	int rc = sockets_init(&u->socks, cfg, sizeof(struct conn), err);

	if (rc < 0)
		return rc;
	u->socks.give_up = uring_give_up;
	rc = uring_open_ring(u, err);
	if (rc == 0) {
		rc = uring_open_bufs(u, err);
		if (rc < 0)
			uring_close_ring(u);
	}
	if (rc < 0) {
		u->socks.listeners_count = 0; /* the caller still owns them */
		sockets_deinit(&u->socks);
	}
	return rc;
}

/* Submits when the submission queue is full, so there always is a free entry. */
static struct io_uring_sqe *uring_sqe(struct transport_uring *u, const void *object, enum tag tag)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

	while (!sqe) {
		io_uring_submit(&u->ring);
		sqe = io_uring_get_sqe(&u->ring);
	}
	io_uring_sqe_set_data64(sqe, (uintptr_t)object | (uintptr_t)tag);
	return sqe;
}

static void uring_ask_accept(struct transport_uring *u, size_t listener)
{
	int fd = u->socks.listeners[listener].fd;
	struct io_uring_sqe *sqe = uring_sqe(u, NULL, TAG_ACCEPT);

	if (u->is_short)
		io_uring_prep_poll_add(sqe, fd, POLLIN);
	else
		io_uring_prep_multishot_accept(sqe, fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	io_uring_sqe_set_data64(sqe,
				(uint64_t)listener << TAG_BITS |
					(uint64_t)(u->is_short ? TAG_POLL_LISTENER : TAG_ACCEPT));
	u->is_asked[listener] = true;
}

static void uring_ask_poll(struct transport_uring *u, int fd, enum tag tag)
{
	struct io_uring_sqe *sqe = uring_sqe(u, NULL, tag);

	io_uring_prep_poll_add(sqe, fd, POLLIN);
	io_uring_sqe_set_data64(sqe, tag);
}

static void uring_ask_recv(struct transport_uring *u, struct conn *c)
{
	struct io_uring_sqe *sqe = uring_sqe(u, c, TAG_RECV);

	io_uring_prep_recv(sqe, c->fd, NULL, URING_BUF_BYTES, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = URING_GROUP;
	io_uring_sqe_set_data64(sqe, (uintptr_t)c | TAG_RECV);
	c->interest |= UNDER_WAY_RECV;
}

static void uring_ask_send(struct transport_uring *u, struct conn *c, bool is_linked)
{
	struct span bytes = chunk_span(c->unsent);
	struct io_uring_sqe *sqe = uring_sqe(u, c, TAG_SEND);

	if (bytes.len > URING_SEND_BYTES) {
		bytes.len = URING_SEND_BYTES;
		is_linked = false;
	}
	/* All bytes or an error: a linked receive waits until the client has read. */
	io_uring_prep_send(sqe, c->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_WAITALL);
	if (is_linked)
		sqe->flags |= IOSQE_IO_LINK;
	io_uring_sqe_set_data64(sqe, (uintptr_t)c | TAG_SEND);
	c->interest |= UNDER_WAY_SEND;
	c->flags |= CONN_BACKLOGGED;
}

static void uring_arm(struct transport_uring *u, struct conn *c, enum conn_wants wants)
{
	bool is_stopping = atomic_load_explicit(&u->socks.is_stopping, memory_order_relaxed);
	bool is_linked;

	switch (wants) {
	case CONN_HELD:
		return;
	case CONN_CLOSE:
		uring_close(u, c);
		return;
	case CONN_READ:
		if (c->interest)
			return;
		if (sockets_is_over(&u->socks, c, wants))
			sockets_drop(&u->socks, c);
		else
			uring_ask_recv(u, c);
		return;
	case CONN_WRITE:
		if (c->interest)
			return;
		is_linked = !c->kept && !(c->flags & CONN_CLOSING) && !is_stopping;
		/* Both parts of a link must be submitted together. */
		if (is_linked && io_uring_sq_space_left(&u->ring) < 2)
			io_uring_submit(&u->ring);
		is_linked = is_linked && chunk_span(c->unsent).len <= URING_SEND_BYTES;
		uring_ask_send(u, c, is_linked);
		if (is_linked)
			uring_ask_recv(u, c);
		return;
	}
}

static void uring_adopt(struct transport_uring *u, int fd)
{
	struct conn *c = sockets_adopt(&u->socks, fd);

	if (c)
		uring_arm(u, c, CONN_READ);
}

static void uring_accepted(struct transport_uring *u, size_t listener,
			   const struct io_uring_cqe *cqe)
{
	if (cqe->res >= 0) {
		sockets_accepted(&u->socks.listeners[listener], cqe->res);
		uring_adopt(u, cqe->res);
	} else if (cqe->res == -EMFILE || cqe->res == -ENFILE || cqe->res == -ENOMEM ||
		   cqe->res == -ENOBUFS) {
		u->is_short = true;
	}
	if (!(cqe->flags & IORING_CQE_F_MORE))
		u->is_asked[listener] = false;
}

static void uring_knocked(struct transport_uring *u, size_t listener)
{
	u->is_asked[listener] = false;
	for (int i = 0; i < URING_ACCEPTS; i++) {
		int fd = sockets_accept(&u->socks, &u->socks.listeners[listener]);

		if (fd < 0)
			return;
		u->is_short = atomic_load(&u->socks.spare_fd) < 0;
		uring_adopt(u, fd);
	}
}

/* Starts an accept or a poll for listeners that have none. */
static void uring_listen(struct transport_uring *u)
{
	if (atomic_load_explicit(&u->socks.is_paused, memory_order_relaxed) ||
	    atomic_load_explicit(&u->socks.is_stopping, memory_order_relaxed))
		return;
	for (size_t i = 0; i < u->socks.listeners_count; i++)
		if (!u->is_asked[i])
			uring_ask_accept(u, i);
}

static void uring_received(struct transport_uring *u, struct conn *c,
			   const struct io_uring_cqe *cqe)
{
	unsigned id = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
	enum conn_wants wants;

	c->interest &= (uint8_t)~UNDER_WAY_RECV;
	if (c->fd < 0) {
		/* Closed meanwhile. */
		if (cqe->res > 0)
			uring_give_buf(u, id);
		sockets_recycle(&u->socks, c);
		return;
	}
	if (cqe->res > 0) {
		wants = conn_take_more(
			c, span_of(u->memory + (size_t)id * URING_BUF_STRIDE, (size_t)cqe->res));
		uring_give_buf(u, id);
	} else if (cqe->res == 0) {
		wants = conn_end(c);
	} else if (cqe->res == -ENOBUFS || cqe->res == -EINTR || cqe->res == -EAGAIN) {
		wants = CONN_READ;
	} else if (cqe->res == -ECANCELED) {
		/* The send before it failed. */
		wants = (c->flags & CONN_BROKEN) ? CONN_CLOSE : conn_write(c);
	} else {
		c->flags |= CONN_ENDED | CONN_CLOSING | CONN_BROKEN;
		wants = CONN_CLOSE;
	}
	uring_arm(u, c, wants);
}

static void uring_sent(struct transport_uring *u, struct conn *c, const struct io_uring_cqe *cqe)
{
	const struct transport_memory *mem = &u->socks.base.cfg.memory;

	c->interest &= (uint8_t)~UNDER_WAY_SEND;
	if ((cqe->res < 0 && cqe->res != -EAGAIN && cqe->res != -EINTR) ||
	    (c->flags & CONN_BROKEN)) {
		chunk_drop(&c->unsent, mem);
		uring_close(u, c);
		return;
	}
	chunk_consume(&c->unsent, mem, cqe->res > 0 ? (size_t)cqe->res : 0);
	conn_mark(c, cqe->res > 0);
	if (!c->unsent)
		c->flags &= (uint8_t)~CONN_BACKLOGGED;
	if (!c->interest)
		uring_arm(u, c, c->unsent ? CONN_WRITE : conn_write(c));
}

static void uring_resumed(struct transport_uring *u)
{
	struct conn *c = sockets_take_resumed(&u->socks);

	while (c) {
		struct conn *next = c->next;

		atomic_store_explicit(&c->hold, HOLD_FREE, memory_order_relaxed);
		uring_arm(u, c, c->unsent ? CONN_WRITE : conn_write(c));
		c = next;
	}
}

static void uring_complete(struct transport_uring *u, const struct io_uring_cqe *cqe)
{
	struct conn *c = (struct conn *)(uintptr_t)(cqe->user_data & ~(uint64_t)TAG_MASK);

	size_t listener = (size_t)(cqe->user_data >> TAG_BITS);

	switch ((enum tag)(cqe->user_data & TAG_MASK)) {
	case TAG_RECV:
		uring_received(u, c, cqe);
		break;
	case TAG_SEND:
		uring_sent(u, c, cqe);
		break;
	case TAG_ACCEPT:
		uring_accepted(u, listener, cqe);
		break;
	case TAG_POLL_LISTENER:
		uring_knocked(u, listener);
		break;
	case TAG_WAKE:
		sockets_clear_wake(&u->socks);
		uring_ask_poll(u, u->socks.wake_fd, TAG_WAKE);
		break;
	default: /* TAG_TICK */
		sockets_tick(&u->socks);
		uring_ask_poll(u, u->socks.tick_fd, TAG_TICK);
		break;
	}
}

static int uring_once(struct transport_uring *u, uint64_t timeout_ns, struct err *err)
{
	struct __kernel_timespec ts = { .tv_sec = (int64_t)(timeout_ns / NSEC_PER_SEC),
					.tv_nsec = (long long)(timeout_ns % NSEC_PER_SEC) };
	struct io_uring_cqe *first;
	struct io_uring_cqe *batch[URING_BATCH];
	unsigned n;
	int rc;

	uring_listen(u);
	if (timeout_ns == UINT64_MAX)
		rc = io_uring_submit_and_wait(&u->ring, 1);
	else
		rc = io_uring_submit_and_wait_timeout(&u->ring, &first, 1, &ts, NULL);
	if (rc < 0 && rc != -EINTR && rc != -ETIME && rc != -EAGAIN && rc != -EBUSY)
		return err_set(err, rc, "io_uring_enter: %s", strerrordesc_np(-rc));
	n = io_uring_peek_batch_cqe(&u->ring, batch, URING_BATCH);
	for (unsigned i = 0; i < n; i++) {
		struct io_uring_cqe cqe = *batch[i];

		uring_complete(u, &cqe);
	}
	io_uring_cq_advance(&u->ring, n);
	uring_resumed(u);
	return 0;
}

static int uring_drain(struct transport_uring *u, struct err *err)
{
	uint64_t deadline_ns = clock_ns() + u->socks.base.cfg.drain_ns;
	int rc = 0;

	sockets_give_up_unfinished(&u->socks);
	while (rc == 0 && sockets_is_busy(&u->socks)) {
		uint64_t now_ns = clock_ns();

		if (now_ns >= deadline_ns)
			break;
		rc = uring_once(u, deadline_ns - now_ns, err);
	}
	return rc;
}

static int uring_run(struct transport *t, struct err *err)
{
	struct transport_uring *u = (struct transport_uring *)t;
	int rc = io_uring_enable_rings(&u->ring);

	if (rc < 0)
		return err_set(err, rc, "io_uring_enable_rings: %s", strerrordesc_np(-rc));
	uring_ask_poll(u, u->socks.wake_fd, TAG_WAKE);
	uring_ask_poll(u, u->socks.tick_fd, TAG_TICK);
	while (rc == 0 && !atomic_load_explicit(&u->socks.is_stopping, memory_order_relaxed))
		rc = uring_once(u, UINT64_MAX, err);
	return rc == 0 ? uring_drain(u, err) : rc;
}

static int uring_send(struct conn *c, struct span bytes)
{
	if (c->flags & CONN_BROKEN)
		return -EPIPE;
	/* Another thread must not submit; and a long reply need not be copied. */
	if (atomic_load_explicit(&c->hold, memory_order_relaxed) != HOLD_FREE ||
	    bytes.len >= TRANSPORT_READ_BYTES ||
	    chunk_append(&c->unsent, &c->transport->cfg.memory, BUDGET_REPLIES, bytes) < 0)
		return sockets_send(c, bytes);
	return 0;
}

static int uring_hold(struct conn *c, struct span rest)
{
	int rc;

	/* The replies so far must not wait for those of the holder. */
	if (c->unsent)
		conn_flush(c);
	rc = sockets_hold(c, rest);
	if (rc == 0)
		atomic_store_explicit(&c->hold, HOLD_PARKED, memory_order_relaxed);
	return rc;
}

const struct transport_ops transport_uring_ops = {
	.head = { .name = "uring",
		  .summary = "one thread, io_uring with provided buffers and linked operations",
		  .size = sizeof(struct transport_uring) },
	.caps = TRANSPORT_SOCKETS | TRANSPORT_INLINE,
	.init = uring_init,
	.deinit = uring_deinit,
	.run = uring_run,
	.stop = sockets_stop,
	.wake = sockets_woken,
	.send = uring_send,
	.hold = uring_hold,
	.resume = sockets_resume,
};
