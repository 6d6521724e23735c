#include "daemon/methods/script/script_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/methods/script/script_process.h"
#include "daemon/methods/script/script_server.h"

enum {
	REPLY_S = 5, /* a server that does not reply within this time is ended */
	TRIES = 4,
	LOW_NICE = 10, /* the same as thread_lower_priority for long requests */
};

/* The single server of the process. */
static struct {
	pthread_mutex_t lock;
	bool is_there;
	int pidfd;
	int fd;                   /* socket to the server */
	uint32_t unclaimed_count; /* processes requested that no caller waits for */
} server = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Has its own lock, so that a status request does not wait for the server. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t is_free;
	struct script_status status;
} places = { .lock = PTHREAD_MUTEX_INITIALIZER, .is_free = PTHREAD_COND_INITIALIZER };

/* With the lock held. Kills the server if it still runs; its children end with it. */
static void end_server(void)
{
	(void)pidfd_send_signal(server.pidfd, SIGKILL, NULL, 0);
	while (waitid(P_PIDFD, (id_t)server.pidfd, NULL, WEXITED) < 0 && errno == EINTR)
		;
	close(server.pidfd);
	close(server.fd);
	server.is_there = false;
	server.unclaimed_count = 0;
}

/* Variables that the server needs: the time zone, and the path of its libraries. */
static const char *const kept[] = { "TZ", "LD_LIBRARY_PATH" };

enum { KEPT_COUNT = sizeof(kept) / sizeof(kept[0]) };

/* env has KEPT_COUNT + 2 entries; free() all but the last text. */
static size_t make_environment(char *env[])
{
	static char bind_now[] = "LD_BIND_NOW=1"; /* resolve symbols once, not in each fork */
	size_t count = 0;

	for (int i = 0; i < KEPT_COUNT; i++) {
		/* No code sets variables. NOLINTNEXTLINE(concurrency-mt-unsafe) */
		const char *value = getenv(kept[i]);

		if (value && asprintf(&env[count], "%s=%s", kept[i], value) > 0)
			count++;
	}
	env[count] = bind_now;
	env[count + 1] = NULL;
	return count;
}

/* Passes one descriptor and resets signals to their defaults. */
static int prepare(posix_spawn_file_actions_t *files, posix_spawnattr_t *attr, int fd)
{
	sigset_t all;
	sigset_t none;
	int rc = posix_spawn_file_actions_adddup2(files, fd, SCRIPT_FD);

	for (int i = 0; rc == 0 && i < SCRIPT_FD; i++)
		rc = posix_spawn_file_actions_addopen(files, i, "/dev/null", O_RDWR, 0);
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	return rc;
}

/* Other open descriptors of the daemon are closed by exec (close-on-exec) or by the server
 * itself. */
static int spawn(int fd, pid_t *pid)
{
	static char program[] = "goxel-daemon";
	static char word[] = SCRIPT_SERVER_WORD;
	char *argv[] = { program, word, NULL };
	char *env[KEPT_COUNT + 2];
	size_t owned_count = make_environment(env);
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int rc;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	rc = prepare(&files, &attr, fd);
	if (rc == 0)
		rc = posix_spawn(pid, "/proc/self/exe", &files, &attr, argv, env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	while (owned_count)
		free(env[--owned_count]);
	return -rc;
}

/* With the lock held. */
static int start_server(struct err *err)
{
	pid_t pid = 0;
	int ends[2];
	int rc;

	if (!script_server_can_start())
		return err_set(err, -EOPNOTSUPP, "this program cannot run scripts");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_set(err, -errno, "socketpair: %s", strerrordesc_np(errno));
	rc = spawn(ends[1], &pid);
	close(ends[1]);
	if (rc == 0) {
		server.pidfd = pidfd_open(pid, 0);
		if (server.pidfd < 0)
			rc = -errno; /* the server ends when its socket closes */
	}
	if (rc < 0) {
		close(ends[0]);
		return err_set(err, rc, "start the script server: %s", strerrordesc_np(-rc));
	}
	server.fd = ends[0];
	server.is_there = true;
	pthread_mutex_lock(&places.lock);
	places.status.servers_count++;
	pthread_mutex_unlock(&places.lock);
	return 0;
}

/* With the lock held. -EPIPE: the server has died. */
static int ask_for_one(void)
{
	if (send(server.fd, "1", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -EPIPE;
	server.unclaimed_count++;
	return 0;
}

/* Receives one reply of the server. -EPIPE: it has died. */
static int receive(struct script_runner *out)
{
	struct script_server_reply reply;
	struct iovec part = { &reply, sizeof(reply) };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control.room) };
	ssize_t len = recvmsg(server.fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	const struct cmsghdr *fds = CMSG_FIRSTHDR(&msg);

	if (len != sizeof(reply))
		return -EPIPE;
	if (reply.code < 0)
		return reply.code;
	if (!fds)
		return -EMFILE;
	if (fds->cmsg_len != CMSG_LEN(2 * sizeof(int))) {
		/* The descriptor table had room for the first one only. */
		memcpy(&out->fd, CMSG_DATA(fds), sizeof(int));
		close(out->fd);
		return -EMFILE;
	}
	memcpy(&out->fd, CMSG_DATA(fds), sizeof(int));
	memcpy(&out->pidfd, CMSG_DATA(fds) + sizeof(int), sizeof(int));
	out->pid = reply.pid;
	return 0;
}

/* With the lock held, since all callers wait for the same server. */
static int wait_for_reply(void)
{
	uint64_t end_ns = clock_ns() + REPLY_S * NSEC_PER_SEC;
	struct pollfd fd = { .fd = server.fd, .events = POLLIN };

	while (poll(&fd, 1, CANCEL_ASK_MS) == 0) {
		int rc = cancel_check();

		if (rc < 0)
			return rc;
		if (clock_ns() > end_ns)
			return -EPIPE;
	}
	return 0;
}

/* With the lock held. */
static int take(struct script_runner *out, struct err *err)
{
	int rc = server.is_there ? 0 : start_server(err);

	if (rc < 0)
		return rc;
	/* Request one process for this script, unless one is ready, and one for the next. */
	while (rc == 0 && server.unclaimed_count < 2)
		rc = ask_for_one();
	if (rc == 0)
		rc = wait_for_reply();
	if (rc == 0) {
		rc = receive(out);
		server.unclaimed_count--;
	}
	if (rc == -EPIPE) {
		end_server();
		return err_set(err, rc, "the script server has died");
	}
	return rc < 0 ? err_set(err, rc, "start a script's process: %s", strerrordesc_np(-rc)) : 0;
}

static int take_place(struct err *err)
{
	uint64_t end_ns = clock_ns() + SCRIPT_WAIT_S * NSEC_PER_SEC;
	int rc = 0;

	pthread_mutex_lock(&places.lock);
	while (rc == 0 && places.status.running_count == SCRIPTS_MAX) {
		uint64_t wake_ns = clock_ns() + CANCEL_ASK_MS * NSEC_PER_MSEC;
		struct timespec until = clock_timespec(wake_ns);

		pthread_cond_clockwait(&places.is_free, &places.lock, CLOCK_MONOTONIC, &until);
		rc = cancel_check();
		if (rc == 0 && wake_ns > end_ns)
			rc = -EAGAIN;
	}
	if (rc == 0) {
		places.status.running_count++;
		places.status.runs_count++;
	}
	pthread_mutex_unlock(&places.lock);
	if (rc == -EAGAIN)
		return err_set(err, rc, "%d scripts are already running; try again later",
			       SCRIPTS_MAX);
	return rc < 0 ? err_set(err, rc, "stopped before the script began") : 0;
}

static void give_place(void)
{
	pthread_mutex_lock(&places.lock);
	places.status.running_count--;
	pthread_cond_signal(&places.is_free);
	pthread_mutex_unlock(&places.lock);
}

static bool has_ended(const struct script_runner *r)
{
	struct pollfd fd = { .fd = r->pidfd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

static void end_runner(struct script_runner *r)
{
	(void)pidfd_send_signal(r->pidfd, SIGKILL, NULL, 0);
	close(r->pidfd);
	close(r->fd);
}

int script_pool_get(struct script_runner *out, struct err *err)
{
	struct err last = ERR_INIT;
	int rc = take_place(err);

	if (rc < 0)
		return rc;
	pthread_mutex_lock(&server.lock);
	/* The server, or the process that was ready, may have been killed meanwhile because memory
	 * was short. */
	for (int i = 0; i < TRIES; i++) {
		last = ERR_INIT;
		rc = take(out, &last);
		if (rc == 0 && has_ended(out)) {
			end_runner(out);
			rc = err_set(&last, -EPIPE, "the script's process has died");
		}
		if (rc != -EPIPE)
			break;
	}
	pthread_mutex_unlock(&server.lock);
	if (rc < 0) {
		give_place();
		return err_set(err, rc, "%s", last.msg);
	}
	return 0;
}

void script_pool_lower(const struct script_runner *r)
{
	if (!has_ended(r)) /* otherwise the pid may belong to another process */
		(void)setpriority(PRIO_PROCESS, (id_t)r->pid, LOW_NICE);
}

void script_pool_put(struct script_runner *r)
{
	end_runner(r);
	give_place();
}

void script_pool_note_sandbox(int code)
{
	pthread_mutex_lock(&places.lock);
	places.status.is_sandbox_known = true;
	places.status.sandbox_code = code;
	pthread_mutex_unlock(&places.lock);
}

void script_pool_status(struct script_status *out)
{
	pthread_mutex_lock(&places.lock);
	*out = places.status;
	pthread_mutex_unlock(&places.lock);
}

void script_pool_stop(void)
{
	pthread_mutex_lock(&server.lock);
	if (server.is_there)
		end_server();
	pthread_mutex_unlock(&server.lock);
}
