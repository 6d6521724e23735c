/*
 * transport_threads.c - one thread for each connection, blocking reads.
 *
 * The thread that calls run accepts. A client that does not read blocks its own thread only: what
 * the socket does not take is kept, and the thread waits until it can go.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/log.h"
#include "daemon/base/sock.h"
#include "daemon/base/thread.h"
#include "daemon/transport/sockets.h"
#include "daemon/transport/transport.h"

struct threads_conn {
	struct conn conn;
	alignas(64) sem_t resumed;
	pthread_t thread;
};

struct transport_threads {
	struct sockets socks;
	pthread_mutex_t lock; /* of the table of connections */
	pthread_cond_t ended; /* a connection's thread has ended */
	size_t live_count;    /* threads; under lock */
	/* The thread that ended last. It joins the one that ended before it, so that who joins this
	 * one has waited for all. Under lock. */
	pthread_t last_ended;
	bool has_ended;
};

static void threads_deinit(struct transport *t)
{
	struct transport_threads *th = (struct transport_threads *)t;

	if (th->has_ended)
		pthread_join(th->last_ended, NULL);
	sockets_deinit(&th->socks);
	pthread_cond_destroy(&th->ended);
	pthread_mutex_destroy(&th->lock);
}

static int threads_init(struct transport *t, const struct transport_cfg *cfg, struct err *err)
{
	struct transport_threads *th = (struct transport_threads *)t;
	pthread_condattr_t attr;
	int rc = sockets_init(&th->socks, cfg, sizeof(struct threads_conn), err);

	if (rc < 0)
		return rc;
	th->socks.io_flags = 0;
	pthread_mutex_init(&th->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&th->ended, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

static void wait_until_writable(const struct conn *c)
{
	struct pollfd fd = { .fd = c->fd, .events = POLLOUT };

	(void)poll(&fd, 1, -1); /* an interrupted wait is tried again by the caller */
}

static enum conn_wants threads_step(struct threads_conn *tc, enum conn_wants wants, char *buf)
{
	struct conn *c = &tc->conn;

	switch (wants) {
	case CONN_READ:
		return conn_read(c, buf);
	case CONN_WRITE:
		if (c->flags & CONN_BACKLOGGED)
			wait_until_writable(c);
		return conn_write(c);
	case CONN_HELD:
		while (sem_wait(&tc->resumed) < 0)
			;
		atomic_store_explicit(&c->hold, HOLD_FREE, memory_order_relaxed);
		return conn_write(c);
	case CONN_CLOSE:
		break;
	}
	return CONN_CLOSE;
}

/* Closes the connection; the last thing that its thread does. */
static void threads_leave(struct transport_threads *th, struct threads_conn *tc)
{
	pthread_t before;
	bool has_before;

	pthread_mutex_lock(&th->lock);
	before = th->last_ended;
	has_before = th->has_ended;
	th->last_ended = tc->thread;
	th->has_ended = true;
	sockets_drop(&th->socks, &tc->conn);
	th->live_count--;
	pthread_cond_signal(&th->ended);
	pthread_mutex_unlock(&th->lock);
	if (has_before)
		pthread_join(before, NULL);
}

static void *threads_serve(void *arg)
{
	struct threads_conn *tc = arg;
	struct transport_threads *th = (struct transport_threads *)tc->conn.transport;
	const struct transport_memory *mem = &th->socks.base.cfg.memory;
	enum conn_wants wants = CONN_READ;
	size_t cap;
	char *buf = mem->get(mem->ctx, TRANSPORT_READ_BYTES + TRANSPORT_PADDING_BYTES, &cap);

	while (buf && wants != CONN_CLOSE)
		wants = threads_step(tc, wants, buf);
	if (buf)
		mem->put(mem->ctx, buf, cap);
	sem_destroy(&tc->resumed);
	threads_leave(th, tc);
	return NULL;
}

/* Under the lock. */
static void start_thread(struct transport_threads *th, struct conn *c)
{
	struct threads_conn *tc = (struct threads_conn *)(void *)c;
	struct err err = ERR_INIT;

	sem_init(&tc->resumed, 0, 0);
	if (thread_start(&tc->thread, "client", th->socks.base.cfg.stack_bytes, threads_serve, tc,
			 &err) < 0) {
		log_warn("transport", "%s", err.msg);
		sem_destroy(&tc->resumed);
		sockets_drop(&th->socks, c);
		return;
	}
	th->live_count++;
}

static void threads_accept(struct transport_threads *th, const struct sockets_listener *l)
{
	int fd = sockets_accept(&th->socks, l);
	struct conn *c;

	if (fd < 0)
		return;
	sock_set_nonblocking(fd, false);
	pthread_mutex_lock(&th->lock);
	c = sockets_adopt(&th->socks, fd);
	if (c)
		start_thread(th, c);
	pthread_mutex_unlock(&th->lock);
}

/* Under the lock: every blocked call on a connection returns. */
static void shut_all(const struct transport_threads *th, int how)
{
	size_t at = 0;
	const struct conn *c;

	while ((c = sockets_next(&th->socks, &at)))
		shutdown(c->fd, how);
}

static void threads_drain(struct transport_threads *th)
{
	uint64_t deadline_ns = clock_ns() + th->socks.base.cfg.drain_ns;
	struct timespec deadline = { .tv_sec = (time_t)(deadline_ns / NSEC_PER_SEC),
				     .tv_nsec = (long)(deadline_ns % NSEC_PER_SEC) };
	int rc = 0;

	pthread_mutex_lock(&th->lock);
	shut_all(th, SHUT_RD);
	while (th->live_count && rc == 0)
		rc = pthread_cond_timedwait(&th->ended, &th->lock, &deadline);
	shut_all(th, SHUT_RDWR);
	while (th->live_count)
		pthread_cond_wait(&th->ended, &th->lock);
	pthread_mutex_unlock(&th->lock);
}

static int threads_run(struct transport *t, struct err *err)
{
	struct transport_threads *th = (struct transport_threads *)t;
	struct pollfd fds[SOCKETS_LISTENERS_MAX + 1];
	size_t n = th->socks.listeners_count;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = th->socks.listeners[i].fd, .events = POLLIN };
	fds[n] = (struct pollfd){ .fd = th->socks.wake_fd, .events = POLLIN };
	while (!atomic_load(&th->socks.is_stopping)) {
		if (poll(fds, n + 1, -1) < 0) {
			if (errno == EINTR)
				continue;
			rc = err_set(err, -errno, "poll: %s", strerrordesc_np(errno));
			break;
		}
		for (size_t i = 0; i < n; i++)
			if (fds[i].revents)
				threads_accept(th, &th->socks.listeners[i]);
		if (fds[n].revents)
			sockets_clear_wake(&th->socks);
	}
	threads_drain(th);
	return rc;
}

static void threads_resume(struct conn *c)
{
	struct threads_conn *tc = (struct threads_conn *)(void *)c;

	sem_post(&tc->resumed);
}

const struct transport_ops transport_threads_ops = {
	.name = "threads",
	.summary = "one thread for each connection, blocking reads",
	.caps = TRANSPORT_SOCKETS | TRANSPORT_INLINE | TRANSPORT_READERS,
	.size = sizeof(struct transport_threads),
	.init = threads_init,
	.deinit = threads_deinit,
	.run = threads_run,
	.stop = sockets_stop,
	.wake = sockets_woken,
	.send = sockets_send,
	.hold = sockets_hold,
	.resume = threads_resume,
};
