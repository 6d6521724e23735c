#include "profiles/capture/counters.h"

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
#include "profiles/capture/kernel_counts.h"
#include "profiles/capture/target.h"

enum half { HALF_USER, HALF_KERNEL, HALF_BOTH };

struct counters {
	struct counters_cfg cfg;
	struct counter_value sums[EVENTS_MAX]; /* of closed windows */
	struct kernel_counts last;             /* kept after the process has ended */
	size_t threads_count;                  /* of fds */
	size_t unsure_count;
	int *fds; /* [threads_count][count][2]; -1 = not open; [1] only of split events */
};

static int *fd_at(const struct counters *c, size_t thread, size_t event, size_t which)
{
	return &c->fds[(thread * c->cfg.count + event) * 2 + which];
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

/* The open event that leads the same group in this thread and half; -1 = none yet. */
static int find_leader(const struct counters *c, size_t thread, size_t event, size_t which)
{
	const struct event *events = c->cfg.events;

	if (events[event].group == 0)
		return -1;
	for (size_t i = 0; i < event; i++) {
		if (events[i].group == events[event].group && *fd_at(c, thread, i, which) >= 0)
			return *fd_at(c, thread, i, which);
	}
	return -1;
}

static size_t halves_of(const struct counters *c, const struct event *e)
{
	return c->cfg.with_kernel && e->is_split ? 2 : 1;
}

static enum half half_of(const struct counters *c, const struct event *e, size_t which)
{
	if (!c->cfg.with_kernel)
		return HALF_USER;
	if (!e->is_split)
		return HALF_BOTH;
	return which == 0 ? HALF_USER : HALF_KERNEL;
}

/* Opens all events of one thread, if it still lives. */
static void open_thread(struct counters *c, size_t thread, pid_t tid)
{
	for (size_t i = 0; i < c->cfg.count; i++) {
		struct event *e = &c->cfg.events[i];

		for (size_t which = 0; which < halves_of(c, e); which++) {
			int fd;

			if (e->missing[0] || e->is_exact)
				break;
			fd = open_half(e, half_of(c, e, which), tid,
				       find_leader(c, thread, i, which));
			if (fd < 0 && errno == ESRCH)
				return;
			if (fd < 0)
				explain(e, errno);
			*fd_at(c, thread, i, which) = fd;
		}
	}
}

static void start_thread(struct counters *c, size_t thread)
{
	for (size_t i = 0; i < 2 * c->cfg.count; i++) {
		int fd = *fd_at(c, thread, i / 2, i % 2);

		/* Members follow their leader; enabling them as well changes nothing. */
		if (fd >= 0)
			ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	}
}

/* Raises the limit of descriptors to the hard limit: one is needed per thread, event and half. */
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

	/* Both lists are sorted in ascending order. */
	for (size_t i = 0; i < now_count; i++) {
		while (at < old_count && old[at] < now[i])
			at++;
		if (at == old_count || old[at] != now[i])
			new_count++;
	}
	return new_count;
}

static void close_all(struct counters *c)
{
	for (size_t i = 0; c->fds && i < c->threads_count * c->cfg.count * 2; i++) {
		if (c->fds[i] >= 0)
			close(c->fds[i]);
	}
	free(c->fds);
	c->fds = NULL;
}

/* Opens and starts all events of all existing threads. */
static int open_all(struct counters *c)
{
	pid_t *tids = NULL, *later = NULL;
	int count = target_threads(c->cfg.pid, &tids);
	size_t bytes;

	if (count <= 0)
		return -ESRCH;
	bytes = (size_t)count * c->cfg.count * 2 * sizeof(*c->fds);
	c->fds = malloc(bytes);
	if (!c->fds) {
		free(tids);
		return -ENOMEM;
	}
	memset(c->fds, 0xff, bytes); /* all -1 */
	c->threads_count = (size_t)count;
	for (size_t i = 0; i < c->threads_count; i++)
		open_thread(c, i, tids[i]);
	for (size_t i = 0; i < c->threads_count; i++)
		start_thread(c, i);
	count = target_threads(c->cfg.pid, &later);
	if (count > 0)
		c->unsure_count += count_new(tids, c->threads_count, later, (size_t)count);
	free(later);
	free(tids);
	return 0;
}

int counters_open(const struct counters_cfg *cfg, struct counters **out, struct err *err)
{
	struct counters *c = calloc(1, sizeof(*c));
	size_t ok_count = 0;
	int rc;

	if (!c)
		return err_set(err, -ENOMEM, "counters: out of memory");
	c->cfg = *cfg;
	raise_files_limit();
	for (size_t i = 0; i < cfg->count; i++)
		cfg->events[i].is_exact = cfg->is_windowed && kernel_counts_has(&cfg->events[i]);
	rc = open_all(c);
	if (rc < 0) {
		counters_close(c);
		return err_set(err, rc, "counters of process %d: %s", (int)cfg->pid,
			       strerrordesc_np(-rc));
	}
	for (size_t i = 0; i < cfg->count; i++)
		ok_count += !cfg->events[i].missing[0];
	/* Opened only to see which events work; the windows follow later. */
	if (cfg->is_windowed)
		close_all(c);
	if (ok_count == 0) {
		counters_close(c);
		return err_set(err, -ENOENT, "none of the events can be counted here");
	}
	*out = c;
	return 0;
}

void counters_close(struct counters *c)
{
	if (!c)
		return;
	close_all(c);
	free(c);
}

/* Adds the scaled count of one descriptor to *sum. */
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

static void add_open(const struct counters *c, struct counter_value *values)
{
	for (size_t thread = 0; c->fds && thread < c->threads_count; thread++) {
		for (size_t i = 0; i < c->cfg.count; i++) {
			add_fd(*fd_at(c, thread, i, 0), &values[i].user, &values[i]);
			add_fd(*fd_at(c, thread, i, 1), &values[i].kernel, &values[i]);
		}
	}
}

void counters_window_begin(struct counters *c)
{
	open_all(c);
}

void counters_window_end(struct counters *c)
{
	add_open(c, c->sums);
	close_all(c);
}

void counters_read(struct counters *c, struct counter_value *values)
{
	kernel_counts_read(c->cfg.pid, &c->last);
	memcpy(values, c->sums, c->cfg.count * sizeof(*values));
	add_open(c, values);
	for (size_t i = 0; i < c->cfg.count; i++) {
		values[i].cpu_ns = c->last.cpu_ns;
		if (c->cfg.events[i].is_exact)
			values[i].user = kernel_counts_of(&c->last, &c->cfg.events[i]);
	}
}

struct counter_estimate counters_estimate(const struct counters *c, size_t index,
					  const struct counter_value *before,
					  const struct counter_value *after)
{
	const struct event *e = &c->cfg.events[index];
	double enabled_ns =
		(double)(after->enabled_ns - before->enabled_ns) / (double)halves_of(c, e);
	double cpu_ns = after->cpu_ns - before->cpu_ns;
	struct counter_estimate x = {
		.user = after->user - before->user,
		.kernel = after->kernel - before->kernel,
		.ratio = 1,
	};

	if (c->cfg.is_windowed && !e->is_exact) {
		/* The kernel updates CPU time at ticks and switches, so a window may seem longer
		 * than it. */
		x.ratio = cpu_ns > enabled_ns ? enabled_ns / cpu_ns : 1;
		if (cpu_ns > 0 && enabled_ns <= 0)
			x.ratio = NAN;
		x.user /= x.ratio;
		x.kernel /= x.ratio;
	}
	x.total = x.user + x.kernel;
	/* It ran but was never on a counter: there is no value. */
	if (e->missing[0] || (!e->is_exact && after->enabled_ns > before->enabled_ns &&
			      after->running_ns == before->running_ns))
		x.total = NAN;
	if (!c->cfg.with_kernel || !e->is_split || e->is_exact)
		x.user = x.kernel = NAN;
	return x;
}

size_t counters_threads(const struct counters *c)
{
	return c->threads_count;
}

size_t counters_unsure_threads(const struct counters *c)
{
	return c->unsure_count;
}
