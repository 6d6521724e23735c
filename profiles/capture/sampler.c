#include "profiles/capture/sampler.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"

#define READY_NS  (10 * NSEC_PER_SEC)
#define FINISH_NS (30 * NSEC_PER_SEC)
#define STEP_NS   (5 * NSEC_PER_MSEC)

enum { CHILD_CONTROL_FD = 3, CHILD_ACK_FD = 4 };

/* Does only what is safe after fork: moves the descriptors to their numbers, then starts perf. */
static void run_perf(const struct sampler_cfg *cfg, const char *const *argv, int control_fd,
		     int ack_fd, int message_fd)
{
	sigset_t none;
	/* First move both away: one may have the number that the other needs. */
	int control = fcntl(control_fd, F_DUPFD, 10), ack = fcntl(ack_fd, F_DUPFD, 10);

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGINT);
	/* Ctrl-C at the terminal is for this program, which then ends perf in an orderly way. */
	setpgid(0, 0);
	dup2(message_fd, STDERR_FILENO);
	dup2(message_fd, STDOUT_FILENO);
	dup2(control, CHILD_CONTROL_FD);
	dup2(ack, CHILD_ACK_FD);
	close(control);
	close(ack);
	execv(cfg->perf_path, (char *const *)argv);
	_exit(127);
}

/* The end of perf's messages, on one line. */
static void read_message(const struct sampler *s, char *out, size_t cap)
{
	off_t size = lseek(s->message_fd, 0, SEEK_END);
	off_t from = size > (off_t)cap - 1 ? size - (off_t)cap + 1 : 0;
	ssize_t len = size > 0 ? pread(s->message_fd, out, cap - 1, from) : 0;

	out[len > 0 ? len : 0] = '\0';
	for (char *at = out; *at; at++) {
		if (*at == '\n' || *at == '\r' || *at == '\t')
			*at = ' ';
	}
	while (len > 0 && out[len - 1] == ' ')
		out[--len] = '\0';
}

/* True when perf has ended; *status is then set. */
static bool reap(struct sampler *s, int *status)
{
	pid_t got = waitpid(s->perf_pid, status, WNOHANG);

	if (got == 0 || (got < 0 && errno == EINTR))
		return false;
	s->perf_pid = 0;
	return true;
}

static void close_fds(struct sampler *s)
{
	int *fds[] = { &s->control_fd, &s->ack_fd, &s->message_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/* Sends "enable" and waits for perf's "ack". */
static int enable(struct sampler *s, struct err *err)
{
	uint64_t deadline_ns = clock_ns() + READY_NS;
	char said[200], answer[16];
	int status = 0;

	/* A perf that has ended already is detected below, with its message. */
	if (write(s->control_fd, "enable\n", 7) != 7 && errno != EPIPE)
		return err_set(err, -errno, "perf record: %s", strerrordesc_np(errno));
	while (clock_ns() < deadline_ns) {
		struct pollfd p = { .fd = s->ack_fd, .events = POLLIN };

		if (poll(&p, 1, 20) > 0 && read(s->ack_fd, answer, sizeof(answer)) > 0)
			return 0;
		if (reap(s, &status)) {
			read_message(s, said, sizeof(said));
			return err_set(err, -EIO, "perf record ended at once: %s",
				       said[0] ? said : "no message");
		}
	}
	return err_set(err, -ETIMEDOUT, "perf record did not begin in %llu s",
		       READY_NS / NSEC_PER_SEC);
}

static int spawn(const struct sampler_cfg *cfg, struct sampler *s, struct err *err)
{
	char pid[16], rate[16], event[64];
	const char *argv[24] = { "perf", "record", "--quiet", "-F", rate, "-e", event, "-g",
				 "--call-graph", "fp", "-o", cfg->out_path,
				 /* Leave no files in ~/.debug. */
				 "--no-buildid-cache", "-D", "-1", "--control", "fd:3,4" };
	size_t used = 17;
	int control[2], ack[2];

	snprintf(pid, sizeof(pid), "%d", (int)cfg->pid);
	snprintf(rate, sizeof(rate), "%u", cfg->rate_hz);
	/* I: do not sample idle processors. */
	snprintf(event, sizeof(event), "%s%s%s%s", cfg->event,
		 cfg->is_machine_wide || !cfg->with_kernel ? ":" : "",
		 cfg->is_machine_wide ? "I" : "", cfg->with_kernel ? "" : "u");
	if (cfg->is_machine_wide) {
		argv[used] = "-a";
	} else {
		argv[used++] = "-p";
		argv[used] = pid;
	}
	s->message_fd = memfd_create("perf-messages", MFD_CLOEXEC);
	if (s->message_fd < 0 || pipe2(control, O_CLOEXEC) < 0)
		return err_set(err, -errno, "perf record: %s", strerrordesc_np(errno));
	if (pipe2(ack, O_CLOEXEC) < 0) {
		int code = -errno;

		close(control[0]);
		close(control[1]);
		return err_set(err, code, "perf record: %s", strerrordesc_np(-code));
	}
	s->control_fd = control[1];
	s->ack_fd = ack[0];
	s->perf_pid = fork();
	if (s->perf_pid == 0)
		run_perf(cfg, argv, control[0], ack[1], s->message_fd);
	close(control[0]);
	close(ack[1]);
	if (s->perf_pid < 0) {
		s->perf_pid = 0;
		return err_set(err, -errno, "start perf: %s", strerrordesc_np(errno));
	}
	return 0;
}

int sampler_start(const struct sampler_cfg *cfg, struct sampler *out, struct err *err)
{
	struct sampler s = { .control_fd = -1, .ack_fd = -1, .message_fd = -1 };
	int rc = spawn(cfg, &s, err);

	if (rc < 0) {
		sampler_stop(&s, NULL);
		return rc;
	}
	*out = s;
	return 0;
}

int sampler_begin(struct sampler *s, struct err *err)
{
	int rc = enable(s, err);

	if (rc < 0)
		sampler_stop(s, NULL);
	return rc;
}

int sampler_stop(struct sampler *s, struct err *err)
{
	uint64_t deadline_ns = clock_ns() + FINISH_NS;
	char said[200] = "";
	int status = 0, rc = 0;

	if (s->perf_pid > 0) {
		kill(s->perf_pid, SIGINT);
		while (!reap(s, &status)) {
			if (clock_ns() >= deadline_ns) {
				kill(s->perf_pid, SIGKILL);
				waitpid(s->perf_pid, &status, 0);
				s->perf_pid = 0;
				rc = -ETIMEDOUT;
				break;
			}
			clock_sleep_until_ns(clock_ns() + STEP_NS);
		}
		if (s->message_fd >= 0)
			read_message(s, said, sizeof(said));
	}
	close_fds(s);
	if (rc < 0)
		return err_set(err, rc, "perf record did not end; killed");
	/* Ending by our signal or by the end of the target is normal. */
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 128 + SIGINT)
		return err_set(err, -EIO, "perf record failed: %s", said[0] ? said : "no message");
	return 0;
}
