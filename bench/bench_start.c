/*
 * bench_start.c - the real daemon as a process: from its start to its first reply, and from the
 * connection to that reply.
 *
 * Each iteration starts one, asks it a ping and ends it. Only what is named is timed (manual time);
 * the start includes fork and exec. Between attempts to connect the prober sleeps 50 us.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/suite.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/sock.h"
#include "daemon/server/preset.h"

enum {
	PATH_BYTES_MAX = 96, /* a socket's name fits */
	REPLY_BYTES_MAX = 1024,
	RETRY_NS = 50000,
	DEADLINE_S = 10,
};

struct launch {
	char dir[PATH_BYTES_MAX];
	char socket[PATH_BYTES_MAX + 8];
	char daemon[4096]; /* the program */
	struct sock_addr addr;
	pid_t pid; /* 0 = not running */
};

struct times {
	double start_s;   /* until the reply */
	double request_s; /* from the connection to the reply */
};

static int spawn(struct launch *l, const char *preset, struct err *err)
{
	char *argv[] = { l->daemon,
			 (char *)(uintptr_t) "--preset",
			 (char *)(uintptr_t)preset,
			 (char *)(uintptr_t) "--foreground",
			 (char *)(uintptr_t) "--socket",
			 l->socket,
			 NULL };
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0);
	if (rc == 0)
		rc = posix_spawn(&l->pid, l->daemon, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc)
		l->pid = 0;
	return rc ? err_set(err, -rc, "start %s: %s", l->daemon, strerrordesc_np(rc)) : 0;
}

static void end(struct launch *l)
{
	if (!l->pid)
		return;
	kill(l->pid, SIGTERM);
	waitpid(l->pid, NULL, 0);
	l->pid = 0;
}

static int connect_to(struct launch *l, uint64_t deadline_ns, struct err *err)
{
	for (;;) {
		int fd = sock_connect(&l->addr, NSEC_PER_SEC, err);

		if (fd >= 0 || clock_ns() >= deadline_ns)
			return fd;
		if (waitpid(l->pid, NULL, WNOHANG) == l->pid) {
			l->pid = 0;
			return err_set(err, -ECHILD, "the daemon ended before it answered");
		}
		*err = ERR_INIT;
		clock_sleep_until_ns(clock_ns() + RETRY_NS);
	}
}

static int ask(int fd, char *reply, struct err *err)
{
	static const char ping[] = "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}\n";
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;

	if (send(fd, ping, sizeof(ping) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(ping) - 1)
		return err_set(err, -EPIPE, "the daemon takes no request");
	while (len < REPLY_BYTES_MAX - 1) {
		ssize_t n;

		if (poll(&p, 1, DEADLINE_S * 1000) != 1)
			return err_set(err, -ETIMEDOUT, "the daemon does not answer");
		n = recv(fd, reply + len, REPLY_BYTES_MAX - 1 - len, 0);
		if (n <= 0)
			return err_set(err, -EPIPE, "the daemon hung up");
		len += (size_t)n;
		reply[len] = '\0';
		if (memchr(reply, '\n', len))
			return 0;
	}
	return err_set(err, -EMSGSIZE, "the reply does not end");
}

/* One life of a daemon. */
static int launch_once(struct launch *l, const char *preset, struct times *out, char *reply,
		       struct err *err)
{
	uint64_t start_ns = clock_ns(), connect_ns, reply_ns;
	int rc = spawn(l, preset, err);
	int fd = rc < 0 ? rc : connect_to(l, start_ns + DEADLINE_S * NSEC_PER_SEC, err);

	if (fd < 0) {
		end(l);
		return fd;
	}
	connect_ns = clock_ns();
	rc = ask(fd, reply, err);
	reply_ns = clock_ns();
	close(fd);
	end(l);
	out->start_s = (double)(reply_ns - start_ns) * 1e-9;
	out->request_s = (double)(reply_ns - connect_ns) * 1e-9;
	return rc;
}

static void tear_down(struct bench_state *s, void *arg)
{
	struct launch *l = arg;

	(void)s;
	unlink(l->socket);
	rmdir(l->dir);
	free(l);
}

static int find_daemon(struct launch *l)
{
	ssize_t n = readlink("/proc/self/exe", l->daemon, sizeof(l->daemon) - 32);
	char *slash;

	if (n < 0)
		return -errno;
	l->daemon[n] = '\0';
	slash = strrchr(l->daemon, '/');
	slash = slash ? slash + 1 : l->daemon;
	snprintf(slash, (size_t)(l->daemon + sizeof(l->daemon) - slash), "goxel-daemon");
	return access(l->daemon, X_OK) == 0 ? 0 : -errno;
}

static int prepare(struct bench_state *s, struct launch *l)
{
	const char *preset = bench_context(s);
	const char *tmp = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): only read */
	char reply[REPLY_BYTES_MAX] = "";
	struct err err = ERR_INIT;
	struct times times;
	int n = snprintf(l->dir, sizeof(l->dir), "%s/goxel-bench.XXXXXX", tmp ? tmp : "/tmp");
	int rc;

	if (n < 0 || (size_t)n >= sizeof(l->dir))
		return suite_fail(s, -EINVAL, "TMPDIR is too long for a socket's name");
	if (!mkdtemp(l->dir))
		return suite_fail(s, -errno, "make %s: %s", l->dir, strerrordesc_np(errno));
	snprintf(l->socket, sizeof(l->socket), "%s/s", l->dir);
	rc = sock_parse_unix(l->socket, &l->addr, &err);
	if (rc == 0)
		rc = launch_once(l, preset, &times, reply, &err);
	if (rc < 0)
		return suite_fail(s, rc, "%s", err.msg);
	return strstr(reply, "\"result\":") ? 0 : suite_wrong(s, "ping answers '%.100s'", reply);
}

static int set_up(struct bench_state *s, void **out)
{
	struct launch *l = calloc(1, sizeof(*l));
	int rc;

	if (!l)
		return -ENOMEM;
	rc = find_daemon(l);
	if (rc < 0) {
		free(l);
		return suite_fail(s, rc, "there is no goxel-daemon beside this program");
	}
	rc = prepare(s, l);
	if (rc < 0)
		tear_down(s, l);
	else
		*out = l;
	return rc;
}

static void time_lives(struct bench_state *s, bool whole_start)
{
	struct launch *l = bench_shared(s);
	char reply[REPLY_BYTES_MAX];
	struct times times = { 0 };

	BENCH_LOOP(s) {
		struct err err = ERR_INIT;

		if (launch_once(l, bench_context(s), &times, reply, &err) < 0) {
			suite_fail(s, err.code, "%s", err.msg);
			break;
		}
		bench_iteration_time_s(s, whole_start ? times.start_s : times.request_s);
	}
}

static void startup(struct bench_state *s)
{
	time_lives(s, true);
}

static void first_request(struct bench_state *s)
{
	time_lives(s, false);
}

static struct bench *add_one(bench_body *body, const char *family, const char *preset)
{
	static const struct bench_fixture fixture = { .setup = set_up, .teardown = tear_down };
	struct bench *b = suite_add(body, &fixture, preset, "%s/%s", family, preset);

	/* A fixed number: the library would start thousands to fill its time with first requests.
	 */
	return bench_time_unit(bench_iterations(bench_use_manual_time(b), 20), BENCH_US);
}

static void add(void)
{
	for (size_t i = 0; preset_names[i]; i++) {
		add_one(startup, "startup_time", preset_names[i]);
		add_one(first_request, "first_request", preset_names[i]);
	}
}

const struct suite suite_start = {
	.name = "start",
	.summary = "the daemon's process: start to first reply, connection to first reply",
	.add = add,
};
