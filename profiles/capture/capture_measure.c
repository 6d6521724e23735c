/* The measuring phase of a capture: intervals, windows of the counters, samples of memory and
 * waits. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "profiles/capture/capture_private.h"

#define WINDOW_NS_MIN (10 * NSEC_PER_MSEC) /* in shorter ones the process is often asleep */
#define LOOK_NS       (50 * NSEC_PER_MSEC) /* between two samples of what threads wait for */
#define QUIET_NS      (2 * NSEC_PER_SEC)   /* longer captures show progress */

static int add_interval(struct capture *c, uint64_t from_ns, uint64_t to_ns)
{
	struct counter_value now[EVENTS_MAX];
	struct capture_interval *interval;

	if (c->intervals_count == c->intervals_cap) {
		size_t cap = c->intervals_cap ? 2 * c->intervals_cap : 32;
		struct capture_interval *more = realloc(c->intervals, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		c->intervals = more;
		c->intervals_cap = cap;
	}
	counters_read(c->counters, now);
	interval = &c->intervals[c->intervals_count++];
	interval->start_s = capture_seconds(from_ns - c->start_ns);
	interval->elapsed_s = capture_seconds(to_ns - from_ns);
	for (size_t i = 0; i < c->events_count; i++)
		interval->values[i] = counters_estimate(c->counters, i, &c->last[i], &now[i]).total;
	memcpy(c->last, now, sizeof(now));
	return 0;
}

static void show_progress(const struct capture *c, uint64_t now_ns)
{
	const struct procstat_row *row =
		c->memory.count ? &c->memory.rows[c->memory.count - 1] : NULL;

	if (c->cfg.duration_ns <= QUIET_NS)
		return;
	fprintf(stderr, "%sgoxel-profile: %4.1f of %.1f s, RSS %.1f MiB%s",
		isatty(STDERR_FILENO) ? "\r" : "", capture_seconds(now_ns - c->start_ns),
		capture_seconds(c->cfg.duration_ns), row ? (double)row->rss_bytes / 1048576 : 0.0,
		isatty(STDERR_FILENO) ? "\033[K" : "\n");
}

void capture_wait(struct capture *c, uint64_t until_ns, const volatile sig_atomic_t *stop)
{
	for (;;) {
		struct pollfd p = { .fd = c->target.pidfd, .events = POLLIN };
		uint64_t now_ns = clock_ns(), step_ns;

		if (*stop || now_ns >= until_ns)
			return;
		if (c->start_ns > 0 && now_ns >= c->look_ns) {
			waits_take(&c->waits);
			c->look_ns = now_ns + LOOK_NS;
		}
		/* A signal ends the wait at once; the step limits the race before it. */
		step_ns = until_ns - now_ns < LOOK_NS ? until_ns - now_ns : LOOK_NS;
		if (poll(&p, p.fd >= 0, (int)(step_ns / NSEC_PER_MSEC) + 1) > 0)
			return;
	}
}

/* Waits for the end of an interval, with one window of the counters somewhere in it. */
static void pass_interval(struct capture *c, uint64_t from_ns, uint64_t until_ns,
			  const volatile sig_atomic_t *stop)
{
	uint64_t length_ns = until_ns > from_ns ? until_ns - from_ns : 0;
	uint64_t window_ns = (uint64_t)((double)length_ns * c->cfg.count_share / 100);
	uint64_t window_ns_min = length_ns / 2 < WINDOW_NS_MIN ? length_ns / 2 : WINDOW_NS_MIN;

	if (window_ns < window_ns_min)
		window_ns = window_ns_min;

	if (c->counters && c->cfg.count_share < 100) {
		/* At a random position: a fixed one could synchronize with the load. */
		uint64_t begin_ns = from_ns + rng_below(&c->rng, length_ns - window_ns + 1);

		capture_wait(c, begin_ns, stop);
		counters_window_begin(c->counters);
		capture_wait(c, begin_ns + window_ns, stop);
		counters_window_end(c->counters);
	}
	capture_wait(c, until_ns, stop);
}

int capture_measure(struct capture *c, const volatile sig_atomic_t *stop, struct err *err)
{
	uint64_t last_ns, shown_ns, end_ns;
	int rc = 0;

	c->start_ns = last_ns = shown_ns = clock_ns();
	/* When a start time was requested, the end is fixed too: there is no load after it. */
	end_ns = (c->cfg.delay_ns > 0 ? c->begin_ns : c->start_ns) + c->cfg.duration_ns;
	c->own_cpu_ns[0] = clock_process_cpu_ns();
	procstat_init(&c->memory, c->target.pid);
	waits_init(&c->waits, c->target.pid);
	if (procstat_take(&c->memory, err) < 0) {
		capture_miss(c, "memory", err->msg);
		*err = ERR_INIT;
	}
	while (rc == 0) {
		uint64_t now_ns, next_ns = last_ns + c->cfg.interval_ns;

		pass_interval(c, last_ns, next_ns < end_ns ? next_ns : end_ns, stop);
		now_ns = clock_ns();
		if (c->counters)
			rc = add_interval(c, last_ns, now_ns);
		last_ns = now_ns;
		if (!target_is_alive(&c->target)) {
			c->state = CAPTURE_TARGET_DIED;
			break;
		}
		if (c->memory.count > 0 && rc == 0)
			procstat_take(&c->memory, NULL);
		if (*stop) {
			c->state = CAPTURE_INTERRUPTED;
			break;
		}
		if (now_ns >= end_ns)
			break;
		if (now_ns - shown_ns >= NSEC_PER_SEC) {
			show_progress(c, now_ns);
			shown_ns = now_ns;
		}
	}
	c->end_ns = clock_ns();
	for (size_t i = 0; c->counters && i < c->events_count; i++)
		c->totals[i] = counters_estimate(c->counters, i, &c->first[i], &c->last[i]);
	c->own_cpu_ns[1] = clock_process_cpu_ns();
	if (c->cfg.duration_ns > QUIET_NS && isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	return rc < 0 ? err_set(err, rc, "out of memory") : 0;
}
