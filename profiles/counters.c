#include "profiles/counters.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "profiles/target.h"

enum half { HALF_USER, HALF_KERNEL, HALF_BOTH, HALVES_COUNT };

struct counters {
	struct event *events; /* [count], borrowed */
	size_t count;
	size_t threads_count;
	size_t unsure_count;
	bool with_kernel;
	int *fds; /* [threads_count][count][2]; -1 = not open; [1] only of split events */
};

static int *fd_at(const struct counters *c, size_t thread, size_t event, size_t which)
{
	return &c->fds[(thread * c->count + event) * 2 + which];
}

static int open_half(const struct event *e, enum half half, pid_t tid, int leader_fd)
{
	struct perf_event_attr attr = e->attr;

	attr.size = sizeof(attr);
	attr.inherit = 1;
	attr.disabled = leader_fd < 0;
	attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	attr.exclude_hv = 1;
	if (half == HALF_USER)
		attr.exclude_kernel = 1;
	if (half == HALF_KERNEL)
		attr.exclude_user = 1;
	return (int)syscall(SYS_perf_event_open, &attr, tid, -1, leader_fd, PERF_FLAG_FD_CLOEXEC);
}

static void explain(struct event *e, int code)
{
	if (code == ENOENT || code == ENODEV || code == EOPNOTSUPP)
		snprintf(e->missing, sizeof(e->missing),
			 e->kind == EVENT_HARDWARE ? "no such hardware counter on this machine (%s)"
						   : "this kernel does not have it (%s)",
			 strerrordesc_np(code));
	else if (code == EACCES || code == EPERM)
		snprintf(e->missing, sizeof(e->missing),
			 "not permitted (%s): kernel.perf_event_paranoid or CAP_PERFMON",
			 strerrordesc_np(code));
	else if (code == EMFILE)
		snprintf(e->missing, sizeof(e->missing),
			 "too many descriptors: raise the limit of open files");
	else
		snprintf(e->missing, sizeof(e->missing), "perf_event_open: %s",
			 strerrordesc_np(code));
}

/* The open event of the same group that leads it in this thread and half; -1 = none yet. */
static int find_leader(const struct counters *c, size_t thread, size_t event, size_t which)
{
	if (c->events[event].group == 0)
		return -1;
	for (size_t i = 0; i < event; i++) {
		if (c->events[i].group == c->events[event].group &&
		    *fd_at(c, thread, i, which) >= 0)
			return *fd_at(c, thread, i, which);
	}
	return -1;
}

static enum half half_of(const struct counters *c, const struct event *e, size_t which)
{
	if (!c->with_kernel)
		return HALF_USER;
	if (!e->is_split)
		return HALF_BOTH;
	return which == 0 ? HALF_USER : HALF_KERNEL;
}

/* Opens all events of one thread. 0, or -ESRCH when the thread is gone. */
static int open_thread(struct counters *c, size_t thread, pid_t tid)
{
	for (size_t i = 0; i < c->count; i++) {
		struct event *e = &c->events[i];
		size_t halves = c->with_kernel && e->is_split ? 2 : 1;

		for (size_t which = 0; which < halves && !e->missing[0]; which++) {
			int fd = open_half(e, half_of(c, e, which), tid,
					   find_leader(c, thread, i, which));

			if (fd < 0 && errno == ESRCH)
				return -ESRCH;
			if (fd < 0)
				explain(e, errno);
			*fd_at(c, thread, i, which) = fd;
		}
	}
	return 0;
}

static void start_thread(struct counters *c, size_t thread)
{
	for (size_t i = 0; i < c->count; i++) {
		for (size_t which = 0; which < 2; which++) {
			int fd = *fd_at(c, thread, i, which);

			/* Members follow their leader; enabling them as well changes nothing. */
			if (fd >= 0)
				ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
		}
	}
}

/* As many descriptors as the hard limit allows: a fd per thread, event and half. */
static void raise_files_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static size_t count_new(const pid_t *old, size_t old_count, const pid_t *now, size_t now_count)
{
	size_t new_count = 0, at = 0;

	/* Both ascend. */
	for (size_t i = 0; i < now_count; i++) {
		while (at < old_count && old[at] < now[i])
			at++;
		if (at == old_count || old[at] != now[i])
			new_count++;
	}
	return new_count;
}

static int open_all(struct counters *c, pid_t pid, struct err *err)
{
	pid_t *tids = NULL, *later = NULL;
	int count = target_threads(pid, &tids);
	size_t open_count = 0;

	if (count <= 0)
		return err_set(err, -ESRCH, "process %d is gone", (int)pid);
	c->fds = malloc((size_t)count * c->count * 2 * sizeof(*c->fds));
	if (!c->fds) {
		free(tids);
		return err_set(err, -ENOMEM, "counters: out of memory");
	}
	memset(c->fds, 0xff, (size_t)count * c->count * 2 * sizeof(*c->fds)); /* all -1 */
	c->threads_count = (size_t)count;
	for (size_t i = 0; i < c->threads_count; i++)
		open_thread(c, i, tids[i]);
	for (size_t i = 0; i < c->threads_count; i++)
		start_thread(c, i);
	count = target_threads(pid, &later);
	if (count > 0)
		c->unsure_count = count_new(tids, c->threads_count, later, (size_t)count);
	free(later);
	free(tids);
	for (size_t i = 0; i < c->count; i++)
		open_count += !c->events[i].missing[0];
	return open_count ? 0 : err_set(err, -ENOENT, "none of the events can be counted here");
}

int counters_open(pid_t pid, struct event *events, size_t count, bool with_kernel,
		  struct counters **out, struct err *err)
{
	struct counters *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return err_set(err, -ENOMEM, "counters: out of memory");
	c->events = events;
	c->count = count;
	c->with_kernel = with_kernel;
	raise_files_limit();
	rc = open_all(c, pid, err);
	if (rc < 0) {
		counters_close(c);
		return rc;
	}
	*out = c;
	return 0;
}

void counters_close(struct counters *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->fds && i < c->threads_count * c->count * 2; i++) {
		if (c->fds[i] >= 0)
			close(c->fds[i]);
	}
	free(c->fds);
	free(c);
}

/* Adds one descriptor's count, scaled, to *sum. */
static void add_fd(int fd, double *sum, struct counter_value *v)
{
	struct {
		uint64_t value, enabled_ns, running_ns;
	} now;

	if (fd < 0 || read(fd, &now, sizeof(now)) != (ssize_t)sizeof(now))
		return;
	v->enabled_ns += now.enabled_ns;
	v->running_ns += now.running_ns;
	v->raw += (double)now.value;
	if (now.running_ns)
		*sum += (double)now.value * ((double)now.enabled_ns / (double)now.running_ns);
}

void counters_read(const struct counters *c, struct counter_value *values)
{
	for (size_t i = 0; i < c->count; i++) {
		struct counter_value v = { 0 };
		bool is_split = c->with_kernel && c->events[i].is_split;

		for (size_t thread = 0; thread < c->threads_count; thread++) {
			add_fd(*fd_at(c, thread, i, 0), &v.user, &v);
			add_fd(*fd_at(c, thread, i, 1), &v.kernel, &v);
		}
		v.total = v.user + v.kernel;
		if (!is_split)
			v.user = v.kernel = NAN;
		/* A thread that slept all the time was never on a counter, and counts 0. */
		if (c->events[i].missing[0] || (v.enabled_ns > 0 && v.running_ns == 0))
			v.total = v.raw = v.user = v.kernel = NAN;
		values[i] = v;
	}
}

size_t counters_threads(const struct counters *c)
{
	return c->threads_count;
}

size_t counters_unsure_threads(const struct counters *c)
{
	return c->unsure_count;
}
