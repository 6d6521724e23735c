#include "daemon/methods/script_run.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/methods/script_engine.h"

enum { ASK_MS = 50 }; /* between two looks whether the client is still there */

/* Memory that is there when it is touched. NULL: none. */
static void *map(size_t bytes, int sharing)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void script_result_free(struct script_result *result)
{
	if (result)
		munmap(result, sizeof(*result));
}

#define ALLOW(name)                                            \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/*
 * What is left: to end, to look at the clock, and what the C library and sanitizers do with their
 * own memory. Nothing opens, sends, starts or signals. Numbers of another architecture's calls
 * cannot come: this process has no code of one.
 */
static void confine(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(exit_group),
		ALLOW(exit),
		ALLOW(clock_gettime),
		ALLOW(gettimeofday),
		ALLOW(mmap),
		ALLOW(munmap),
		ALLOW(madvise),
		ALLOW(sigaltstack),
		ALLOW(rt_sigreturn),
		ALLOW(futex),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog prog = { sizeof(filter) / sizeof(filter[0]), filter };

	/* A second wall: the engine has no functions that reach out. Some containers forbid it. */
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static void reset_signals(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTERM, SIGINT };
	sigset_t none;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

struct regions {
	struct script_result *result; /* shared */
	uint32_t *slots;
	void *heap;
	void *stack;
};

/* What the child works on; a static, since makecontext passes no pointers. Only the child sets it.
 */
static struct {
	const struct script_job *job;
	const struct regions *regions;
} child;

static void run_engine(void)
{
	const struct script_job *job = child.job;
	struct script_engine engine;

	confine();
	script_heap_init(&engine.heap, child.regions->heap, SCRIPT_HEAP_BYTES);
	script_edits_init(&engine.edits, job->doc, child.regions->result, child.regions->slots);
	script_engine_run(&engine, job->source, job->name);
	_exit(0);
}

/* On a stack of its own: the engine recurses deeper than a worker's stack is high. */
_Noreturn static void run_child(const struct script_job *job, const struct regions *r, pid_t parent)
{
	static const struct rlimit none = { 0, 0 };
	ucontext_t context;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	reset_signals();
	setrlimit(RLIMIT_CORE, &none);
	close_range(0, ~0u, 0);
	child.job = job;
	child.regions = r;
	getcontext(&context);
	context.uc_stack.ss_sp = r->stack;
	context.uc_stack.ss_size = SCRIPT_STACK_BYTES;
	context.uc_link = NULL;
	makecontext(&context, run_engine, 0);
	setcontext(&context);
	_exit(1);
}

/* 0 when the process has ended by itself. */
static int wait_for(const struct script_job *job, int pidfd)
{
	uint64_t end_ns = clock_ns() + job->timeout_ns;
	struct pollfd fd = { .fd = pidfd, .events = POLLIN };

	for (;;) {
		uint64_t now_ns = clock_ns();
		uint64_t left_ms = now_ns < end_ns ? (end_ns - now_ns) / NSEC_PER_MSEC + 1 : 0;

		if (poll(&fd, 1, left_ms < ASK_MS ? (int)left_ms : ASK_MS) > 0)
			return 0;
		if (!left_ms)
			return -ETIMEDOUT;
		if (job->client->is_gone && job->client->is_gone(job->client->ctx))
			return -ECANCELED;
		if (cancel_check() < 0)
			return cancel_check();
	}
}

static int reap(const struct script_job *job, pid_t pid, struct script_result *result,
		struct err *err)
{
	int pidfd = pidfd_open(pid, 0);
	int rc = pidfd < 0 ? -errno : wait_for(job, pidfd);
	int status = 0;

	if (rc < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
	if (rc < 0)
		return err_set(err, rc, "%s",
			       rc == -ETIMEDOUT ? "Script execution timeout"
						: "Script execution was stopped");
	if (result->state == SCRIPT_RUNNING) {
		result->state = SCRIPT_FAILED;
		snprintf(result->message, sizeof(result->message),
			 "the engine ended by signal %d: memory or depth beyond its limits",
			 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	}
	return 0;
}

int script_run(const struct script_job *job, struct script_result **out, struct err *err)
{
	size_t slots_bytes = SCRIPT_SLOTS * sizeof(uint32_t);
	struct regions r = {
		.result = map(sizeof(*r.result), MAP_SHARED),
		.slots = map(slots_bytes, MAP_PRIVATE),
		.heap = map(SCRIPT_HEAP_BYTES, MAP_PRIVATE),
		.stack = map(SCRIPT_STACK_BYTES, MAP_PRIVATE),
	};
	pid_t parent = getpid();
	pid_t pid = -1;
	int rc = -ENOMEM;

	tzset(); /* or the child would want to read a file for it */
	if (r.result && r.slots && r.heap && r.stack) {
		pid = fork();
		if (pid == 0)
			run_child(job, &r, parent);
		rc = pid < 0 ? -errno : reap(job, pid, r.result, err);
	}
	if (r.slots)
		munmap(r.slots, slots_bytes);
	if (r.heap)
		munmap(r.heap, SCRIPT_HEAP_BYTES);
	if (r.stack)
		munmap(r.stack, SCRIPT_STACK_BYTES);
	if (pid < 0)
		err_set(err, rc, "Script execution failed to start: %s", strerrordesc_np(-rc));
	if (rc < 0) {
		script_result_free(r.result);
		return rc;
	}
	*out = r.result;
	return 0;
}
