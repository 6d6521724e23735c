#include "daemon/base/clock.h"

static uint64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

uint64_t clock_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_coarse_ns(void)
{
	return read_clock(CLOCK_MONOTONIC_COARSE);
}

uint64_t clock_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t clock_thread_cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t clock_process_cpu_ns(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

void clock_sleep_until_ns(uint64_t deadline_ns)
{
	struct timespec ts = clock_timespec(deadline_ns);

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

void clock_format_iso(uint64_t wall_ns, char *out, size_t cap)
{
	time_t seconds = (time_t)(wall_ns / NSEC_PER_SEC);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	if (!strftime(out, cap, "%Y-%m-%dT%H:%M:%SZ", &tm) && cap)
		out[0] = '\0';
}

void clock_format_stamp(uint64_t wall_ns, char *out, size_t cap)
{
	time_t seconds = (time_t)(wall_ns / NSEC_PER_SEC);
	struct tm tm;

	localtime_r(&seconds, &tm);
	if (!strftime(out, cap, "%Y%m%d_%H%M%S", &tm) && cap)
		out[0] = '\0';
}
