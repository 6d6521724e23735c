#include "daemon/base/thread.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/base/cpu.h"
#include "daemon/base/err.h"

static int set_stack_size(pthread_attr_t *attr, size_t stack_bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t least = (size_t)PTHREAD_STACK_MIN;

	if (stack_bytes < least)
		stack_bytes = least;
	return pthread_attr_setstacksize(attr, (stack_bytes + page - 1) / page * page);
}

int thread_start(pthread_t *out, const char *name, size_t stack_bytes, void *(*run)(void *),
		 void *arg, struct err *err)
{
	pthread_attr_t attr;
	sigset_t all;
	sigset_t old;
	int rc;

	rc = pthread_attr_init(&attr);
	if (rc)
		return err_set(err, -rc, "thread %s: %s", name, strerrordesc_np(rc));
	if (stack_bytes)
		rc = set_stack_size(&attr, stack_bytes);
	if (!rc)
		rc = -cpu_let_run(&attr);
	if (!rc) {
		/* A thread inherits its creator's mask: block first, so that there is no gap. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		rc = pthread_create(out, &attr, run, arg);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	pthread_attr_destroy(&attr);
	if (rc)
		return err_set(err, -rc, "thread %s: cannot start: %s", name, strerrordesc_np(rc));
	pthread_setname_np(*out, name);
	return 0;
}

void thread_lower_priority(void)
{
	/* 10 steps of about a factor of 1.25 each. Linux applies this to one thread, not to the
	 * process. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), 10);
}

/* 0 is the calling thread. A sandbox may forbid this; the thread then keeps its priority. */
void thread_set_idle_priority(void)
{
	const struct sched_param param = { .sched_priority = 0 };

	(void)sched_setscheduler(0, SCHED_IDLE, &param);
}
