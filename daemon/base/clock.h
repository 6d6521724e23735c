/* clock.h - time is uint64_t nanoseconds everywhere inside; conversion happens at print. */
#ifndef DAEMON_BASE_CLOCK_H
#define DAEMON_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define NSEC_PER_USEC 1000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_SEC  1000000000ull

uint64_t clock_ns(void); /* CLOCK_MONOTONIC */
uint64_t clock_coarse_ns(
	void); /* the same with a resolution of milliseconds, at a quarter of the cost */
uint64_t clock_wall_ns(
	void); /* CLOCK_REALTIME since the epoch: for timestamps, never for durations */
uint64_t clock_thread_cpu_ns(void); /* CPU time of the calling thread */
uint64_t clock_process_cpu_ns(void);

/* A time or a span, as system calls take it. */
static inline struct timespec clock_timespec(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NSEC_PER_SEC),
				  .tv_nsec = (long)(ns % NSEC_PER_SEC) };
}

/* Sleeps until the monotonic deadline; returns early on a signal. */
void clock_sleep_until_ns(uint64_t deadline_ns);

/* "2026-11-20T10:00:00Z" (UTC) and "20261120_100000" (local); cap at least 32. */
void clock_format_iso(uint64_t wall_ns, char *out, size_t cap);
void clock_format_stamp(uint64_t wall_ns, char *out, size_t cap);

#endif
