#include "daemon/server/selftest.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cli.h"
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

struct bed {
	const char *preset;
	char dir[PATH_BYTES];
	char socket[PATH_BYTES + 8];
	char pid_file[PATH_BYTES + 8];
	char log_file[PATH_BYTES + 8];
	pid_t pid; /* of the child; 0: none */
	int failed_count;
};

static void check(struct bed *b, bool is_ok, const char *what)
{
	printf("%s: %s\n", is_ok ? "ok" : "FAILED", what);
	b->failed_count += !is_ok;
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

static int dial(const struct bed *b)
{
	struct sock_addr addr;

	if (sock_parse_unix(b->socket, &addr, NULL) < 0)
		return -1;
	return sock_connect(&addr, WAIT_NS, NULL);
}

static bool answers(const struct bed *b)
{
	int fd = dial(b);
	bool is_ok = fd >= 0 && ask(fd, 1);

	if (fd >= 0)
		close(fd);
	return is_ok;
}

static bool log_says(const struct bed *b, const char *what)
{
	char *text;
	size_t len;
	bool is_there;

	if (file_read(b->log_file, LOG_BYTES_MAX, &text, &len, NULL) < 0)
		return false;
	is_there = strstr(text, what) != NULL;
	free(text);
	return is_there;
}

static bool log_will_say(const struct bed *b, const char *what)
{
	uint64_t deadline_ns = clock_ns() + WAIT_NS;

	while (!log_says(b, what)) {
		if (clock_ns() > deadline_ns)
			return false;
		clock_sleep_until_ns(clock_ns() + 5 * NSEC_PER_MSEC);
	}
	return true;
}

/* In the child; does not return. */
static void become_daemon(const struct bed *b)
{
	char program[] = "goxel-daemon";
	char socket[] = "-s";
	char pid_file[] = "-p";
	char log_file[] = "-l";
	char preset[] = "--preset";
	char *argv[] = { program,
			 socket,
			 (char *)b->socket,
			 pid_file,
			 (char *)b->pid_file,
			 log_file,
			 (char *)b->log_file,
			 preset,
			 (char *)b->preset,
			 NULL };
	sigset_t none;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", argv);
	_exit(EXIT_FAILED);
}

static bool start(struct bed *b)
{
	uint64_t deadline_ns = clock_ns() + WAIT_NS;

	fflush(stdout);
	b->pid = fork();
	if (b->pid == 0)
		become_daemon(b);
	if (b->pid < 0) {
		b->pid = 0;
		return false;
	}
	while (!answers(b)) {
		if (clock_ns() > deadline_ns)
			return false;
		clock_sleep_until_ns(clock_ns() + 5 * NSEC_PER_MSEC);
	}
	return true;
}

/* Sends the signal and waits; true when the child ends with 0 in time. */
static bool ends_by(struct bed *b, int signo)
{
	uint64_t deadline_ns = clock_ns() + WAIT_NS;
	int state = 0;
	pid_t got;

	kill(b->pid, signo);
	while ((got = waitpid(b->pid, &state, WNOHANG)) == 0 && clock_ns() < deadline_ns)
		clock_sleep_until_ns(clock_ns() + 5 * NSEC_PER_MSEC);
	if (got == 0) {
		kill(b->pid, SIGKILL);
		waitpid(b->pid, &state, 0);
		state = -1;
	}
	b->pid = 0;
	return state == 0;
}

static void test_signals(struct bed *b)
{
	check(b, start(b), "starts and answers");
	kill(b->pid, SIGHUP);
	check(b, log_will_say(b, "configuration read again"), "HUP reads the configuration again");
	kill(b->pid, SIGUSR1);
	check(b, log_will_say(b, "statistics: counters="), "USR1 writes statistics to the log");
	kill(b->pid, SIGUSR2);
	kill(b->pid, SIGPIPE);
	check(b, answers(b), "answers after HUP, USR1, USR2 and PIPE");
	check(b, ends_by(b, SIGTERM), "TERM ends it with exit code 0");
	check(b, !file_exists(b->socket), "and takes the socket away");
	check(b, start(b), "starts again");
	check(b, ends_by(b, SIGINT), "INT ends it with exit code 0");
}

static void test_lifecycle(struct bed *b)
{
	pid_t pid = 0;
	int pidfd = -1;

	check(b, control_status(b->pid_file) == EXIT_NO, "--status before the start");
	check(b, start(b), "starts and answers");
	check(b, pidfile_find(b->pid_file, &pid, &pidfd, NULL) == 0 && pid == b->pid,
	      "it holds the pid file");
	if (pidfd >= 0)
		close(pidfd);
	check(b, control_status(b->pid_file) == EXIT_OK, "--status while it runs");
	check(b, control_reload(b->pid_file) == EXIT_OK, "--reload");
	check(b, log_will_say(b, "configuration read again"), "and it did");
	/* The kernel buries the child, so that it is gone when --stop looks. */
	signal(SIGCHLD, SIG_IGN);
	check(b, control_stop(b->pid_file) == EXIT_OK, "--stop");
	signal(SIGCHLD, SIG_DFL);
	b->pid = 0;
	check(b, !file_exists(b->pid_file), "the pid file is gone");
	check(b, !file_exists(b->socket), "the socket is gone");
	check(b, control_stop(b->pid_file) == EXIT_NO, "--stop of none");
	check(b, start(b), "starts again in the same place");
	check(b, ends_by(b, SIGTERM), "and ends");
}

struct asker {
	const struct bed *bed;
	int number;
	int right_count;
};

static void *ask_much(void *arg)
{
	struct asker *a = arg;
	int fd = dial(a->bed);

	for (int i = 0; fd >= 0 && i < REQUESTS; i++)
		a->right_count += ask(fd, a->number * REQUESTS + i);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void test_concurrent(struct bed *b)
{
	struct asker askers[CLIENTS];
	pthread_t threads[CLIENTS];
	int started = 0;
	char what[96];
	int right = 0;

	check(b, start(b), "starts and answers");
	for (int i = 0; i < CLIENTS; i++) {
		askers[i] = (struct asker){ .bed = b, .number = i };
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
	check(b, right == CLIENTS * REQUESTS, what);
	check(b, ends_by(b, SIGTERM), "and it ends");
}

int selftest_run(const struct options *o)
{
	struct bed b = { .preset = o->preset, .dir = "/tmp/goxel-selftest-XXXXXX" };

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
