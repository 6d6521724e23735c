/*
 * accept.c - accepting new connections, and refusing them when there is no room.
 *
 * When descriptors run out, a pending connection would make a level-triggered listener report for
 * ever. So one spare descriptor is kept open. It is closed to accept the connection, which then
 * replaces the connection that has waited longest, or is told why it is closed. Other threads open
 * files as well: if they take the spare descriptor, accepting pauses until a descriptor is free
 * again.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/sock.h"
#include "daemon/transport/sockets.h"

#define WARN_AGAIN_NS (60 * NSEC_PER_SEC)

/* Any open file can be the spare one; fd is available. False: another thread has set one
 * already. */
static bool keep_spare(struct sockets *s, int fd)
{
	int none = -1;

	return atomic_compare_exchange_strong(&s->spare_fd, &none, fd);
}

bool sockets_has_spare(struct sockets *s)
{
	int fd;

	if (atomic_load(&s->spare_fd) >= 0)
		return true;
	fd = fcntl(s->wake_fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (!keep_spare(s, fd))
		close(fd);
	return true;
}

/* If the spare descriptor is missing, fd becomes it: between a close and an open another thread
 * could take the number. */
void sockets_close_fd(struct sockets *s, int fd)
{
	if (atomic_load(&s->spare_fd) < 0 && dup3(s->wake_fd, fd, O_CLOEXEC) == fd &&
	    keep_spare(s, fd))
		return;
	close(fd);
}

void sockets_listen_again(struct sockets *s)
{
	if (!sockets_has_spare(s) || !atomic_load(&s->is_paused))
		return;
	atomic_store(&s->is_paused, false);
	sockets_wake_fd(s->accept_wake_fd);
}

void sockets_warn_of_limit(struct sockets *s)
{
	uint64_t now_ns = clock_ns();
	uint64_t warned_ns = atomic_load(&s->warned_ns);

	if (warned_ns && now_ns - warned_ns < WARN_AGAIN_NS)
		return;
	atomic_store(&s->warned_ns, now_ns);
	log_warn(
		"transport",
		"descriptors have run out with %zu connections open (ulimit -n): new ones take the "
		"place of idle ones or are refused",
		atomic_load(&s->open_count));
}

static void pause_listening(struct sockets *s)
{
	sockets_warn_of_limit(s);
	atomic_store(&s->is_paused, true);
	tick_start(s);
}

static int accept_one(const struct sockets_listener *l)
{
	int fd;

	do {
		fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	return fd < 0 ? -errno : fd;
}

int sockets_accept(struct sockets *s, const struct sockets_listener *l)
{
	int fd = accept_one(l);
	int spare;

	if (fd == -EMFILE || fd == -ENFILE) {
		spare = atomic_exchange(&s->spare_fd, -1);
		if (spare >= 0) {
			close(spare);
			fd = accept_one(l);
			if (fd < 0)
				(void)sockets_has_spare(s);
		}
	}
	if (fd >= 0)
		sockets_accepted(l, fd);
	else if (fd == -EMFILE || fd == -ENFILE || fd == -ENOBUFS || fd == -ENOMEM)
		pause_listening(s);
	return fd < 0 ? -EAGAIN : fd;
}

void sockets_accepted(const struct sockets_listener *l, int fd)
{
	if (!l->is_tcp)
		return;
	/* Both improve the connection when they work; it also works without them. */
	(void)sock_set_nodelay(fd);
	(void)sock_set_keepalive(fd);
}

void sockets_close_gracefully(struct sockets *s, int fd)
{
	char sink[4096];

	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 16 && recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0; i++)
		;
	sockets_close_fd(s, fd);
}

/*
 * A client usually writes first, and would get a broken pipe before it can read the reason. So the
 * most recently refused connections stay open for what it writes.
 */
static void keep_refused(struct sockets *s, int fd)
{
	struct refused *slot = &s->refused[s->refused_next++ % SOCKETS_REFUSED_MAX];

	if (slot->fd >= 0)
		sockets_close_gracefully(s, slot->fd);
	else
		s->refused_count++;
	*slot = (struct refused){ .fd = fd };
	tick_start(s);
}

void sockets_close_refused(struct sockets *s)
{
	for (size_t i = 0; s->refused_count && i < SOCKETS_REFUSED_MAX; i++) {
		struct refused *slot = &s->refused[i];

		if (slot->fd < 0)
			continue;
		if (!slot->is_old) {
			slot->is_old = true;
			continue;
		}
		sockets_close_gracefully(s, slot->fd);
		slot->fd = -1;
		s->refused_count--;
	}
}

void sockets_refuse(struct sockets *s, int fd, int code)
{
	const struct transport_events *ev = &s->base.cfg.events;
	struct span goodbye = { 0 };

	ev->refused(ev->ctx, code, &goodbye);
	if (goodbye.len)
		(void)send(fd, goodbye.ptr, goodbye.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (!goodbye.len || code == -EMFILE) {
		sockets_close_gracefully(s, fd);
		return;
	}
	shutdown(fd, SHUT_WR);
	keep_refused(s, fd);
}
