/*
 * waits.h - what threads wait for while they do not run: off-CPU and lock-wait time per thread.
 *
 * Time on a processor and time waiting for one are exact sums of the scheduler
 * (/proc/PID/task/TID/schedstat). The rest is time asleep, whose reason is sampled: a few times per
 * second the system call that blocks the thread is read (/proc/PID/task/TID/syscall), which does
 * not disturb the process. A futex wait for the value 2 is a contended mutex of glibc; other futex
 * waits are condition variables, semaphores and the program's own.
 */
#ifndef PROFILES_CAPTURE_WAITS_H
#define PROFILES_CAPTURE_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct json_out;
struct strbuf;

enum { WAITS_KINDS_MAX = 64, WAITS_THREADS_MAX = 1024 };

struct waits_thread {
	pid_t tid;
	char name[32];
	uint64_t first_ns, last_ns;            /* when it was first and last sampled */
	uint64_t cpu_ns[2], runnable_ns[2];    /* at the first and the last sample */
	uint32_t running_count;                /* samples on or waiting for a processor */
	uint32_t kind_counts[WAITS_KINDS_MAX]; /* samples blocked, by kind */
};

struct waits {
	pid_t pid;
	struct waits_thread *threads; /* owned; those that ended stay */
	size_t count, cap;
	uint64_t cost_ns; /* time spent sampling */
	uint64_t looks_count;
	bool is_refused; /* the system calls cannot be read (permission) */
};

void waits_init(struct waits *w, pid_t pid);
void waits_deinit(struct waits *w);

/* Samples all threads once. Does nothing when the process is gone. */
void waits_take(struct waits *w);

/* Times of one thread: cpu and runnable are exact; blocked is divided by the samples asleep. */
struct waits_seconds {
	double cpu_s, runnable_s, asleep_s;
};
struct waits_seconds waits_of(const struct waits_thread *t);
double waits_blocked_s(const struct waits_thread *t, unsigned kind);
const char *waits_kind_name(unsigned kind); /* "mutex", "futex", "epoll_wait", ... */

/* Private to waits.c; declared for tests: the kind of a line of /proc/PID/task/TID/syscall; -1 when
 * the thread runs. */
int waits_parse(const char *line);

#endif
