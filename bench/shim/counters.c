#include "bench/shim/counters.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/shim.h"
#include "daemon/base/err.h"
#include "profiles/capture/events.h"
#include "profiles/capture/permit.h"

enum { COUNTERS_MAX = 32 };

static const char counters_default[] = "{task-clock,page-faults,context-switches,cpu-migrations,"
				       "raw_syscalls:sys_enter}";

/* The events that all threads count; set before the first run. */
static struct {
	struct event events[COUNTERS_MAX];
	size_t count;
	bool is_default;
	bool user_only; /* this user may not count kernel events */
	int kept_fds[COUNTERS_MAX];
	size_t kept_count;
} chosen;

struct reading {
	uint64_t value, enabled_ns, running_ns;
};

/* Of one thread and one run. */
struct counting {
	int fds[COUNTERS_MAX];      /* -1 = not open; the first open one of a group leads it */
	double empty[COUNTERS_MAX]; /* count of an empty stretch */
	struct reading from[COUNTERS_MAX];
	uint64_t stretches_count;
};

static int open_event(const struct event *e, int leader_fd)
{
	struct perf_event_attr attr = e->attr;

	attr.size = sizeof(attr);
	attr.disabled = leader_fd < 0;
	attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	attr.exclude_hv = 1;
	if (chosen.user_only)
		attr.exclude_kernel = 1;
	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, leader_fd, PERF_FLAG_FD_CLOEXEC);
}

/* The first open event of the group; -1: this event is the first. */
static int find_leader(const struct counting *c, size_t event)
{
	for (size_t i = 0; i < event && chosen.events[event].group; i++)
		if (chosen.events[i].group == chosen.events[event].group && c->fds[i] >= 0)
			return c->fds[i];
	return -1;
}

static void read_all(const struct counting *c, struct reading *out)
{
	for (size_t i = 0; i < chosen.count; i++) {
		out[i] = (struct reading){ 0 };
		if (c->fds[i] >= 0 && read(c->fds[i], &out[i], sizeof(out[i])) < 0)
			out[i] = (struct reading){ 0 };
	}
}

static void close_all(void *local)
{
	struct counting *c = local;

	for (size_t i = chosen.count; i-- > 0;)
		if (c->fds[i] >= 0)
			close(c->fds[i]);
	free(c);
}

static int open_all(void *ctx, void **local)
{
	struct counting *c = calloc(1, sizeof(*c));

	(void)ctx;
	if (!c)
		return -ENOMEM;
	for (size_t i = 0; i < chosen.count; i++)
		c->fds[i] = chosen.events[i].missing[0]
				    ? -1
				    : open_event(&chosen.events[i], find_leader(c, i));
	*local = c;
	return 0;
}

/* Members of a group follow their leader. */
static void switch_all(struct counting *c, unsigned long request)
{
	for (size_t i = 0; i < chosen.count; i++)
		if (c->fds[i] >= 0 && find_leader(c, i) < 0)
			ioctl(c->fds[i], request, 0);
}

static void start(void *local)
{
	struct counting *c = local;

	c->stretches_count++;
	switch_all(c, PERF_EVENT_IOC_ENABLE);
}

static void stop(void *local)
{
	switch_all(local, PERF_EVENT_IOC_DISABLE);
}

/* An event that shared its counter ran for a part of the time: extrapolates its count. NaN: it
 * never ran. */
static double scaled(const struct reading *from, const struct reading *to)
{
	uint64_t running_ns = to->running_ns - from->running_ns;

	if (!running_ns)
		return NAN;
	return (double)(to->value - from->value) *
	       ((double)(to->enabled_ns - from->enabled_ns) / (double)running_ns);
}

static void calibrate(void *local)
{
	struct counting *c = local;
	struct reading zero = { 0 };

	read_all(c, c->from);
	for (size_t i = 0; i < chosen.count; i++) {
		c->empty[i] = scaled(&zero, &c->from[i]);
		if (isnan(c->empty[i]))
			c->empty[i] = 0;
	}
	c->stretches_count = 0;
}

static const char *shown_name(const struct event *e)
{
	return chosen.is_default && e->kind == EVENT_TRACEPOINT ? "syscalls" : e->name;
}

static void report(void *local, struct bench_state *s)
{
	struct counting *c = local;
	struct reading now[COUNTERS_MAX];
	uint64_t iterations = bench_iterations_counted(s);

	read_all(c, now);
	for (size_t i = 0; i < chosen.count && iterations; i++) {
		double total = scaled(&c->from[i], &now[i]);

		if (c->fds[i] < 0 || isnan(total))
			continue;
		/* The rest is noise of the calibration. */
		total = fmax(0, total - c->empty[i] * (double)c->stretches_count);
		bench_counter(s, shown_name(&chosen.events[i]), total,
			      BENCH_COUNTER_AVG_ITERATIONS |
				      (chosen.is_default ? BENCH_COUNTER_BACKGROUND : 0u));
	}
}

static const char *why_not(int code)
{
	switch (code) {
	case ENOENT:
	case ENODEV:
	case EOPNOTSUPP:
		return "this machine or its kernel has no such counter";
	case EACCES:
	case EPERM:
		return "not permitted (kernel.perf_event_paranoid, CAP_PERFMON)";
	default:
		return strerrordesc_np(code);
	}
}

/*
 * The first user of a tracepoint switches it on in the whole kernel, and the last one off again,
 * which takes about 15 ms. One descriptor stays open, so that no run pays for this.
 */
static void keep_open(int fd)
{
	if (chosen.kept_count < COUNTERS_MAX)
		chosen.kept_fds[chosen.kept_count++] = fd;
	else
		close(fd);
}

/* Tries each event once, so that missing ones are known before measuring. */
static void try_all(void)
{
	for (size_t i = 0; i < chosen.count; i++) {
		struct event *e = &chosen.events[i];
		int fd;

		if (e->missing[0])
			continue;
		fd = open_event(e, -1);
		if (fd < 0)
			snprintf(e->missing, sizeof(e->missing), "%s", why_not(errno));
		else if (e->kind == EVENT_TRACEPOINT)
			keep_open(fd);
		else
			close(fd);
	}
}

static int refuse_unknown(const char *tracefs, struct err *err)
{
	for (size_t i = 0; i < chosen.count; i++) {
		const struct event *e = &chosen.events[i];

		if (e->missing[0] && (e->kind != EVENT_TRACEPOINT || tracefs[0]))
			return err_set(err, -EINVAL, "unknown counter '%s': %s", e->name,
				       e->missing);
	}
	return 0;
}

static int tell_missing(bool required, struct err *err)
{
	char text[1024] = "";
	size_t len = 0;

	for (size_t i = 0; i < chosen.count; i++) {
		const struct event *e = &chosen.events[i];

		if (!e->missing[0])
			continue;
		if (required)
			return err_set(err, -EOPNOTSUPP, "counter '%s' is required: %s", e->name,
				       e->missing);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s: %s", len ? "; " : "",
					e->name, e->missing);
		if (len >= sizeof(text))
			break;
	}
	if (len)
		bench_add_context("counters_missing", text);
	return 0;
}

int bench_counters_use(const char *list, bool required, struct err *err)
{
	static const struct bench_instrument instrument = {
		.open = open_all,
		.start = start,
		.stop = stop,
		.calibrate = calibrate,
		.report = report,
		.close = close_all,
	};
	static struct permit permit;
	static bool is_added;
	int rc;

	while (chosen.kept_count)
		close(chosen.kept_fds[--chosen.kept_count]);
	chosen.is_default = !list;
	chosen.count = 0;
	if (list && !list[0])
		return 0;
	permit_probe(&permit);
	rc = events_parse(list ? list : counters_default, permit.tracefs, chosen.events,
			  COUNTERS_MAX, err);
	if (rc < 0)
		return rc;
	chosen.count = (size_t)rc;
	chosen.user_only = !permit.items[PERMIT_COUNT_KERNEL].is_ok;
	rc = chosen.is_default ? 0 : refuse_unknown(permit.tracefs, err);
	if (rc < 0)
		return rc;
	try_all();
	rc = tell_missing(required, err);
	if (rc < 0)
		return rc;
	bench_add_context("counters_mode", chosen.user_only ? "user" : "user+kernel");
	rc = is_added ? 0 : bench_instrument_add(&instrument);
	is_added = true;
	return rc < 0 ? err_set(err, rc, "counters: there are too many instruments") : 0;
}
