/*
 * pair_watch.h - what a server's processes and threads have used so far, to the nanosecond.
 *
 * CPU time comes from the clocks of the processes (clock_getcpuclockid), which include all threads,
 * also ended ones. Run-queue delay and switches are sums over the threads in /proc/PID/task, whose
 * files stay open between readings. Sums never decrease: what a thread used is kept when it ends.
 */
#ifndef LOADGEN_PAIR_PAIR_WATCH_H
#define LOADGEN_PAIR_PAIR_WATCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct err;

struct pair_usage {
	uint64_t cpu_ns;      /* user and kernel */
	uint64_t runqueue_ns; /* ready to run but waiting for a processor */
	uint64_t switches_voluntary;
	uint64_t switches_involuntary;
};

struct pair_watch_process;
struct pair_watch_thread;

struct pair_watch {
	struct pair_watch_process *processes; /* owned */
	size_t processes_count;
	struct pair_watch_thread *threads; /* owned */
	size_t threads_count, threads_cap;
	struct pair_usage sum;
};

/* Watches the process and its current descendants. -ESRCH, -ENOMEM. Owns: pair_watch_close. */
int pair_watch_open(pid_t root, struct pair_watch *out, struct err *err);
void pair_watch_close(struct pair_watch *w);

/* Reads all counters. Finds new threads, but not new processes. */
void pair_watch_read(struct pair_watch *w, struct pair_usage *out);

/* Only the CPU time: takes some hundred nanoseconds. */
uint64_t pair_watch_cpu_ns(struct pair_watch *w);

/* Resident memory of all the processes, now and at most. */
void pair_watch_memory(const struct pair_watch *w, uint64_t *rss_bytes, uint64_t *peak_bytes);

struct pair_usage pair_usage_since(const struct pair_usage *now, const struct pair_usage *before);
void pair_usage_add(struct pair_usage *into, const struct pair_usage *u);

#endif
