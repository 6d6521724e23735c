/*
 * transport_threads.c - one thread for each connection, blocking reads.
 *
 * The thread that calls run accepts connections and checks the time limits. A client that does not
 * read blocks only its own thread: what the socket does not accept is kept, and the thread waits
 * until it can be sent. A connection is given up by shutting its socket down; its thread then finds
 * out why.
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

/* How long a new connection waits at most for another one to close. */
#define THREADS_ROOM_NS (100 * NSEC_PER_MSEC)

struct threads_conn {
	struct conn conn;
	alignas(64) sem_t resumed;
	pthread_t thread;
	atomic_bool is_waiting; /* waits for the holder of the connection */
};

struct transport_threads {
	struct sockets socks;
	pthread_mutex_t lock; /* of the table of connections */
	pthread_cond_t ended; /* a connection's thread has ended */
	size_t live_count;    /* threads; under lock */
	atomic_bool is_over;  /* the drain has ended: nothing new is started */
	/* The thread that ended last. It joins the one that ended before it, so joining it waits
	 * for all. Under lock. */
	pthread_t last_ended;
	bool has_ended;
};

static void threads_deinit(struct transport *t)
{
	struct transport_threads *th = (struct transport_threads *)t;

	/* Connections held when the drain ended have come back, or will. */
	pthread_mutex_lock(&th->lock);
	while (th->live_count)
		pthread_cond_wait(&th->ended, &th->lock);
	pthread_mutex_unlock(&th->lock);
	if (th->has_ended)
		pthread_join(th->last_ended, NULL);
	sockets_deinit(&th->socks);
	pthread_cond_destroy(&th->ended);
	pthread_mutex_destroy(&th->lock);
}

/* With the lock held, called by the thread of run. Waits a short time for a connection that is
 * closed for room, since it may just have got a request. */
static void threads_give_up(struct sockets *s, struct conn *c, enum transport_why why)
{
	struct transport_threads *th = (struct transport_threads *)s;
	struct timespec deadline = clock_timespec(clock_ns() + THREADS_ROOM_NS);
	size_t before = atomic_load(&s->open_count);
	uint8_t held = HOLD_FREE;
	int rc = 0;

	/* If its thread gets a request meanwhile, it answers that and then sees the end. */
	atomic_compare_exchange_strong(&c->hold, &held, (uint8_t)(HOLD_GIVEN_UP + why));
	shutdown(c->fd, why == TRANSPORT_SLOW_READER ? SHUT_RDWR : SHUT_RD);
	while (why == TRANSPORT_NO_ROOM && rc == 0 && atomic_load(&s->open_count) == before)
		rc = pthread_cond_timedwait(&th->ended, &th->lock, &deadline);
}

static int threads_init(struct transport *t, const struct transport_cfg *cfg, struct err *err)
{
	struct transport_threads *th = (struct transport_threads *)t;
	pthread_condattr_t attr;
	int rc = sockets_init(&th->socks, cfg, sizeof(struct threads_conn), err);

	if (rc < 0)
		return rc;
	th->socks.io_flags = 0;
	th->socks.give_up = threads_give_up;
	pthread_mutex_init(&th->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&th->ended, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

/* Waits until bytes can be sent; false: the connection is given up. An interrupted wait is
 * repeated. */
static bool wait_until_writable(struct conn *c)
{
	struct pollfd fd = { .fd = c->fd, .events = POLLOUT };
	enum transport_why why;

	(void)poll(&fd, 1, -1);
	if (!conn_is_given_up(c, &why))
		return true;
	conn_give_up(c, why);
	return false;
}

/*
 * Waits until the holder resumes the connection. False: the transport has stopped meanwhile.
 * Sequentially consistent on both sides (also in threads_end): either this thread sees is_over, or
 * threads_end does not count it as waiting.
 */
static bool wait_until_resumed(struct transport_threads *th, struct threads_conn *tc)
{
	atomic_store(&tc->is_waiting, true);
	while (sem_wait(&tc->resumed) < 0)
		;
	atomic_store(&tc->is_waiting, false);
	atomic_store_explicit(&tc->conn.hold, HOLD_FREE, memory_order_release);
	return !atomic_load(&th->is_over);
}

static enum conn_wants threads_step(struct threads_conn *tc, enum conn_wants wants, char *buf)
{
	struct conn *c = &tc->conn;

	switch (wants) {
	case CONN_READ:
		return conn_read(c, buf);
	case CONN_WRITE:
		if ((c->flags & CONN_BACKLOGGED) && !wait_until_writable(c))
			return CONN_CLOSE;
		return conn_write(c);
	case CONN_HELD:
		if (!wait_until_resumed((struct transport_threads *)c->transport, tc))
			return CONN_CLOSE;
		return conn_write(c);
	case CONN_CLOSE:
		break;
	}
	return CONN_CLOSE;
}

/* Closes the connection; the last action of its thread. */
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

/* With the lock held. */
static void start_thread(struct transport_threads *th, struct conn *c)
{
	const struct transport_events *ev = &th->socks.base.cfg.events;
	struct threads_conn *tc = (struct threads_conn *)(void *)c;
	struct err err = ERR_INIT;

	sem_init(&tc->resumed, 0, 0);
	if (thread_start(&tc->thread, "client", th->socks.base.cfg.stack_bytes, threads_serve, tc,
			 &err) < 0) {
		struct span goodbye = { 0 };

		log_warn("transport", "%s", err.msg);
		ev->refused(ev->ctx, -ENOMEM, &goodbye);
		(void)sockets_send(c, goodbye);
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

/* With the lock held: makes every blocked call on a connection return. */
static void shut_all(const struct transport_threads *th, int how)
{
	size_t at = 0;
	const struct conn *c;

	while ((c = sockets_next(&th->socks, &at, NULL)))
		shutdown(c->fd, how);
}

/* With the lock held. */
static bool are_all_waiting(const struct transport_threads *th)
{
	size_t at = 0;
	const struct conn *c;

	while ((c = sockets_next(&th->socks, &at, NULL)))
		if (!atomic_load(&((const struct threads_conn *)(const void *)c)->is_waiting))
			return false;
	return true;
}

/*
 * With the lock held. No thread calls `data` any more when this returns. Threads whose connection
 * is held stay and end when it is resumed; the others have nothing left to block on.
 */
static void threads_end(struct transport_threads *th)
{
	shut_all(th, SHUT_RDWR);
	atomic_store(&th->is_over, true);
	while (!are_all_waiting(th)) {
		struct timespec soon = clock_timespec(clock_ns() + NSEC_PER_MSEC);

		pthread_cond_timedwait(&th->ended, &th->lock, &soon);
	}
}

static void threads_drain(struct transport_threads *th)
{
	struct timespec deadline = clock_timespec(clock_ns() + th->socks.base.cfg.drain_ns);
	int rc = 0;

	pthread_mutex_lock(&th->lock);
	shut_all(th, SHUT_RD);
	while (th->live_count && rc == 0)
		rc = pthread_cond_timedwait(&th->ended, &th->lock, &deadline);
	threads_end(th);
	pthread_mutex_unlock(&th->lock);
}

static void threads_tick(struct transport_threads *th)
{
	pthread_mutex_lock(&th->lock);
	sockets_tick(&th->socks);
	pthread_mutex_unlock(&th->lock);
}

/* Handles the wake-up and the tick before the listeners, which are skipped while descriptors have
 * run out. */
static int threads_round(struct transport_threads *th, struct err *err)
{
	struct pollfd fds[2 + SOCKETS_LISTENERS_MAX];
	size_t n = atomic_load(&th->socks.is_paused) ? 0 : th->socks.listeners_count;

	fds[0] = (struct pollfd){ .fd = th->socks.wake_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = th->socks.tick_fd, .events = POLLIN };
	for (size_t i = 0; i < n; i++)
		fds[2 + i] = (struct pollfd){ .fd = th->socks.listeners[i].fd, .events = POLLIN };
	if (poll(fds, 2 + n, -1) < 0)
		return errno == EINTR ? 0
				      : err_set(err, -errno, "poll: %s", strerrordesc_np(errno));
	if (fds[0].revents)
		sockets_clear_wake(&th->socks);
	if (fds[1].revents)
		threads_tick(th);
	for (size_t i = 0; i < n; i++)
		if (fds[2 + i].revents)
			threads_accept(th, &th->socks.listeners[i]);
	return 0;
}

static int threads_run(struct transport *t, struct err *err)
{
	struct transport_threads *th = (struct transport_threads *)t;
	int rc = 0;

	while (rc == 0 && !atomic_load(&th->socks.is_stopping))
		rc = threads_round(th, err);
	threads_drain(th);
	return rc;
}

static void threads_resume(struct conn *c)
{
	struct threads_conn *tc = (struct threads_conn *)(void *)c;

	sem_post(&tc->resumed);
}

const struct transport_ops transport_threads_ops = {
	.head = { .name = "threads",
		  .summary = "one thread for each connection, blocking reads",
		  .size = sizeof(struct transport_threads) },
	.caps = TRANSPORT_SOCKETS | TRANSPORT_INLINE | TRANSPORT_READERS,
	.init = threads_init,
	.deinit = threads_deinit,
	.run = threads_run,
	.stop = sockets_stop,
	.wake = sockets_woken,
	.send = sockets_send,
	.hold = sockets_hold,
	.resume = threads_resume,
};
