#include "daemon/server/selftest.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/pidfile.h"
#include "daemon/base/sock.h"
#include "daemon/base/sock_io.h"
#include "daemon/base/strbuf.h"
#include "daemon/server/control.h"
#include "daemon/server/options.h"

enum {
	PATH_BYTES = 96,
	LOG_BYTES_MAX = 16 << 20,
	REPLY_BYTES_MAX = 1 << 16,
	CLIENTS = 8,
	REQUESTS = 500, /* of each client */
};

#define WAIT_NS (10 * NSEC_PER_SEC)

struct test_daemon {
	const char *preset;
	char dir[PATH_BYTES];
	char socket[PATH_BYTES + 8];
	char pid_file[PATH_BYTES + 8];
	char log_file[PATH_BYTES + 8];
	pid_t pid; /* of the child; 0: none */
	int failed_count;
};

static void check(struct test_daemon *t, bool is_ok, const char *what)
{
	printf("%s: %s\n", is_ok ? "ok" : "FAILED", what);
	t->failed_count += !is_ok;
}

static bool ask(int fd, int number)
{
	uint64_t deadline_ns = clock_ns() + WAIT_NS;
	struct strbuf in = { 0 };
	char text[128];
	char want[32];
	bool is_ok;

	snprintf(text, sizeof(text), "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":%d}\n",
		 number);
	snprintf(want, sizeof(want), "\"id\":%d}", number);
	is_ok = sock_send_all(fd, span_str(text), deadline_ns) == 0 &&
		sock_receive_line(fd, deadline_ns, REPLY_BYTES_MAX, &in) == 0 &&
		strstr(in.ptr, "\"pong\":true") && strstr(in.ptr, want);
	strbuf_deinit(&in);
	return is_ok;
}

static int dial(const struct test_daemon *t)
{
	struct sock_addr addr;

	if (sock_parse_unix(t->socket, &addr, NULL) < 0)
		return -1;
	return sock_connect(&addr, WAIT_NS, NULL);
}

static bool answers(const struct test_daemon *t)
{
	int fd = dial(t);
	bool is_ok = fd >= 0 && ask(fd, 1);

	if (fd >= 0)
		close(fd);
	return is_ok;
}

static bool log_says(const struct test_daemon *t, const char *what)
{
	char *text;
	size_t len;
	bool is_there;

	if (file_read(t->log_file, LOG_BYTES_MAX, &text, &len, NULL) < 0)
		return false;
	is_there = strstr(text, what) != NULL;
	free(text);
	return is_there;
}

static bool log_will_say(const struct test_daemon *t, const char *what)
{
	uint64_t deadline_ns = clock_ns() + WAIT_NS;

	while (!log_says(t, what)) {
		if (clock_ns() > deadline_ns)
			return false;
		clock_sleep_until_ns(clock_ns() + 5 * NSEC_PER_MSEC);
	}
	return true;
}

/* Runs in the child; does not return. */
static void become_daemon(const struct test_daemon *t)
{
	char program[] = "goxel-daemon";
	char socket[] = "-s";
	char pid_file[] = "-p";
	char log_file[] = "-l";
	char preset[] = "--preset";
	char *argv[] = { program,
			 socket,
			 (char *)t->socket,
			 pid_file,
			 (char *)t->pid_file,
			 log_file,
			 (char *)t->log_file,
			 preset,
			 (char *)t->preset,
			 NULL };
	sigset_t none;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", argv);
	_exit(EXIT_FAILED);
}

static bool start(struct test_daemon *t)
{
	uint64_t deadline_ns = clock_ns() + WAIT_NS;

	fflush(stdout);
	t->pid = fork();
	if (t->pid == 0)
		become_daemon(t);
	if (t->pid < 0) {
		t->pid = 0;
		return false;
	}
	while (!answers(t)) {
		if (clock_ns() > deadline_ns)
			return false;
		clock_sleep_until_ns(clock_ns() + 5 * NSEC_PER_MSEC);
	}
	return true;
}

/* Sends the signal and waits; true when the child exits with 0 in time. */
static bool ends_by(struct test_daemon *t, int signo)
{
	uint64_t deadline_ns = clock_ns() + WAIT_NS;
	int state = 0;
	pid_t got;

	kill(t->pid, signo);
	while ((got = waitpid(t->pid, &state, WNOHANG)) == 0 && clock_ns() < deadline_ns)
		clock_sleep_until_ns(clock_ns() + 5 * NSEC_PER_MSEC);
	if (got == 0) {
		kill(t->pid, SIGKILL);
		waitpid(t->pid, &state, 0);
		state = -1;
	}
	t->pid = 0;
	return state == 0;
}

static void test_signals(struct test_daemon *t)
{
	check(t, start(t), "starts and answers");
	kill(t->pid, SIGHUP);
	check(t, log_will_say(t, "configuration reloaded"), "HUP reads the configuration again");
	kill(t->pid, SIGUSR1);
	check(t, log_will_say(t, "statistics: counters="), "USR1 writes statistics to the log");
	kill(t->pid, SIGUSR2);
	kill(t->pid, SIGPIPE);
	check(t, answers(t), "answers after HUP, USR1, USR2 and PIPE");
	check(t, ends_by(t, SIGTERM), "TERM ends it with exit code 0");
	check(t, !file_exists(t->socket), "and removes the socket");
	check(t, start(t), "starts again");
	check(t, ends_by(t, SIGINT), "INT ends it with exit code 0");
}

static void test_lifecycle(struct test_daemon *t)
{
	pid_t pid = 0;
	int pidfd = -1;

	check(t, control_status(t->pid_file) == EXIT_NO, "--status before the start");
	check(t, start(t), "starts and answers");
	check(t, pidfile_find(t->pid_file, &pid, &pidfd, NULL) == 0 && pid == t->pid,
	      "holds the pid file");
	if (pidfd >= 0)
		close(pidfd);
	check(t, control_status(t->pid_file) == EXIT_OK, "--status while it runs");
	check(t, control_reload(t->pid_file) == EXIT_OK, "--reload");
	check(t, log_will_say(t, "configuration reloaded"), "and it did");
	/* The kernel reaps the child, so that it is gone when --stop checks. */
	signal(SIGCHLD, SIG_IGN);
	check(t, control_stop(t->pid_file) == EXIT_OK, "--stop");
	signal(SIGCHLD, SIG_DFL);
	t->pid = 0;
	check(t, !file_exists(t->pid_file), "the pid file is gone");
	check(t, !file_exists(t->socket), "the socket is gone");
	check(t, control_stop(t->pid_file) == EXIT_NO, "--stop without a daemon");
	check(t, start(t), "starts again in the same place");
	check(t, ends_by(t, SIGTERM), "and ends");
}

struct asker {
	const struct test_daemon *daemon;
	int number;
	int right_count;
};

static void *ask_much(void *arg)
{
	struct asker *a = arg;
	int fd = dial(a->daemon);

	for (int i = 0; fd >= 0 && i < REQUESTS; i++)
		a->right_count += ask(fd, a->number * REQUESTS + i);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void test_concurrent(struct test_daemon *t)
{
	struct asker askers[CLIENTS];
	pthread_t threads[CLIENTS];
	int started = 0;
	char what[96];
	int right = 0;

	check(t, start(t), "starts and answers");
	for (int i = 0; i < CLIENTS; i++) {
		askers[i] = (struct asker){ .daemon = t, .number = i };
		if (pthread_create(&threads[i], NULL, ask_much, &askers[i]) != 0)
			break;
		started++;
	}
	for (int i = 0; i < started; i++) {
		pthread_join(threads[i], NULL);
		right += askers[i].right_count;
	}
	snprintf(what, sizeof(what), "%d clients got %d of %d answers, each its own", CLIENTS,
		 right, CLIENTS * REQUESTS);
	check(t, right == CLIENTS * REQUESTS, what);
	check(t, ends_by(t, SIGTERM), "and it ends");
}

int selftest_run(const struct options *o)
{
	struct test_daemon b = { .preset = o->preset, .dir = "/tmp/goxel-selftest-XXXXXX" };

	if (!mkdtemp(b.dir)) {
		fprintf(stderr, "goxel-daemon: cannot make %s\n", b.dir);
		return EXIT_FAILED;
	}
	snprintf(b.socket, sizeof(b.socket), "%s/s", b.dir);
	snprintf(b.pid_file, sizeof(b.pid_file), "%s/pid", b.dir);
	snprintf(b.log_file, sizeof(b.log_file), "%s/log", b.dir);
	if (o->test_signals)
		test_signals(&b);
	if (o->test_lifecycle)
		test_lifecycle(&b);
	if (o->test_concurrent)
		test_concurrent(&b);
	if (b.pid)
		(void)ends_by(&b, SIGKILL);
	unlink(b.socket);
	unlink(b.pid_file);
	unlink(b.log_file);
	rmdir(b.dir);
	return b.failed_count ? EXIT_NO : EXIT_OK;
}
