#include "daemon/test/stress/target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/strbuf.h"
#include "daemon/test/stress/fail_alloc.h"
#include "daemon/test/stress/link.h"
#include "daemon/test/stress/proc_sample.h"

enum {
	START_S = 30,
	ARGS_MAX = 64,
};

/* The words of text, cut in place, after argv[n]. */
static int add_words(const char **argv, int n, char *text)
{
	char *rest = NULL;

	for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		if (n < ARGS_MAX - 1)
			argv[n++] = w;
	return n;
}

/* The words with {dir} and {n} replaced, in fresh memory. */
static char *fill_words(const char *text, const char *dir)
{
	static unsigned number; /* the main thread alone starts daemons */
	struct strbuf sb = { 0 };

	number++;
	for (; text && *text; text++) {
		if (strncmp(text, "{dir}", 5) == 0) {
			strbuf_add_str(&sb, dir);
			text += 4;
		} else if (strncmp(text, "{n}", 3) == 0) {
			strbuf_add_i64(&sb, number);
			text += 2;
		} else {
			strbuf_add_char(&sb, *text);
		}
	}
	strbuf_add_char(&sb, ' '); /* never NULL */
	return strbuf_take(&sb);
}

/* In the child, which has one thread. NOLINTBEGIN(concurrency-mt-unsafe) */
static void set_environment(const struct target *t)
{
	const struct target_place *p = t->place;
	char text[512];
	const char *asan = getenv("ASAN_OPTIONS");

	setenv("GOXEL_RENDER_DIR", p->renders, 1);
	/* The library stands in front of the sanitizer's malloc on purpose. */
	snprintf(text, sizeof(text), "%s:verify_asan_link_order=0:allocator_may_return_null=1",
		 asan ? asan : "halt_on_error=1");
	setenv("ASAN_OPTIONS", text, 1);
	setenv("UBSAN_OPTIONS", "print_stacktrace=1", 0);
	if (t->cfg->with_fail_alloc && p->fail_library) {
		setenv(FAIL_ALLOC_ENV, p->fail_file, 1);
		setenv("LD_PRELOAD", p->fail_library, 1);
	}
}

/* NOLINTEND(concurrency-mt-unsafe) */

/* The child; does not return. It ends with the thread that started it. */
static void become_daemon(const struct target *t, const char **argv, int log_fd)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	dup2(log_fd, STDOUT_FILENO);
	dup2(log_fd, STDERR_FILENO);
	set_environment(t);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static int spawn(struct target *t, struct err *err)
{
	char *args = fill_words(t->cfg->args, t->place->dir);
	const char *argv[ARGS_MAX] = {
		t->cfg->program,      "--preset",  t->cfg->preset, "--socket",    t->addr.path,
		"--pid-file",         t->pid_file, "--tcp",        "127.0.0.1:0", "--token-file",
		t->place->token_file, "--root",    t->place->dir,
	};
	int n = 13;
	int fd = open(t->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || !args) {
		free(args);
		return err_set(err, -errno, "open %s", t->log);
	}
	if (t->cfg->transport) {
		argv[n++] = "--transport";
		argv[n++] = t->cfg->transport;
	}
	add_words(argv, n, args);
	t->pid = fork();
	if (t->pid == 0)
		become_daemon(t, argv, fd);
	free(args);
	close(fd);
	if (t->pid < 0) {
		t->pid = 0;
		return err_set(err, -errno, "fork");
	}
	t->pidfd = (int)syscall(SYS_pidfd_open, t->pid, 0);
	return t->pidfd < 0 ? err_set(err, -errno, "pidfd_open") : 0;
}

bool target_is_alive(const struct target *t)
{
	struct pollfd p = { .fd = t->pidfd, .events = POLLIN };

	return !atomic_load(&t->is_ending) && t->pid > 0 && poll(&p, 1, 0) == 0;
}

/* The port that the log names. */
static int find_port(struct target *t, struct err *err)
{
	static const char mark[] = "listening on 127.0.0.1:";
	char address[32];
	char *text = NULL;
	size_t len;
	int rc = file_read(t->log, TARGET_LOG_BYTES_MAX, &text, &len, err);
	const char *at = rc < 0 ? NULL : strstr(text, mark);

	if (at) {
		snprintf(address, sizeof(address), "127.0.0.1:%lu",
			 strtoul(at + sizeof(mark) - 1, NULL, 10));
		rc = sock_parse_tcp(address, &t->tcp, err);
	} else if (rc == 0) {
		rc = err_set(err, -ENOENT, "no port in %s", t->log);
	}
	free(text);
	return rc;
}

/* One "version", which also says the build's variant. */
static int greet(struct target *t)
{
	struct link l = LINK_INIT;
	struct link_reply reply;
	int rc = link_open(&l, &t->addr, -1);

	if (rc == 0)
		rc = link_call(&l, "version", "{}", START_S * NSEC_PER_SEC, &reply);
	if (rc == 0 && reply.kind != LINK_RESULT)
		rc = -EPROTO;
	if (rc == 0)
		t->is_sanitized = memmem(reply.body.ptr, reply.body.len, "asan", 4) ||
				  memmem(reply.body.ptr, reply.body.len, "tsan", 4);
	link_deinit(&l);
	return rc;
}

int target_start(struct target *t, const struct target_cfg *cfg, const struct target_place *place,
		 struct err *err)
{
	uint64_t deadline_ns = clock_ns() + START_S * NSEC_PER_SEC;
	int rc;

	*t = (struct target){ .cfg = cfg, .place = place, .pidfd = -1 };
	t->addr.is_unix = true;
	snprintf(t->addr.path, sizeof(t->addr.path), "%s/s", place->dir);
	snprintf(t->pid_file, sizeof(t->pid_file), "%s/pid", place->dir);
	snprintf(t->log, sizeof(t->log), "%s/log", place->dir);
	if (place->fail)
		atomic_store(&place->fail->one_in, 0);
	t->others_count = proc_list_children(t->others, TARGET_OTHERS_MAX);
	rc = spawn(t, err);
	while (rc == 0) {
		if (greet(t) == 0)
			break;
		if (!target_is_alive(t))
			rc = err_set(err, -ECHILD, "%s ended at its start", cfg->program);
		else if (clock_ns() > deadline_ns)
			rc = err_set(err, -ETIMEDOUT, "%s does not answer", cfg->program);
		else
			clock_sleep_until_ns(clock_ns() + 5 * NSEC_PER_MSEC);
	}
	if (rc == 0)
		rc = find_port(t, err);
	if (rc < 0) {
		target_show_log(t);
		target_kill(t);
	}
	return rc;
}
