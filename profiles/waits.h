/*
 * waits.h - where threads are while they do not run: off-CPU and lock-wait time, thread by thread.
 *
 * Time on a processor and time waiting for one are the scheduler's own exact sums
 * (/proc/PID/task/TID/schedstat). Time asleep is the rest; what for is sampled: a few times a
 * second the system call in which the thread is blocked (/proc/PID/task/TID/syscall), which asks
 * nothing of the process. A futex wait for the value 2 is glibc's contended mutex; other futex
 * waits are condition variables, semaphores and a program's own.
 */
#ifndef PROFILES_WAITS_H
#define PROFILES_WAITS_H

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
	uint64_t first_ns, last_ns;            /* when it was first and last looked at */
	uint64_t cpu_ns[2], runnable_ns[2];    /* at the first and the last look */
	uint32_t running_count;                /* samples on or waiting for a processor */
	uint32_t kind_counts[WAITS_KINDS_MAX]; /* samples blocked, by kind */
};

struct waits {
	pid_t pid;
	struct waits_thread *threads; /* owned; those that ended stay */
	size_t count, cap;
	uint64_t cost_ns; /* spent looking */
	uint64_t looks_count;
	bool is_refused; /* the system calls may not be read */
};

void waits_init(struct waits *w, pid_t pid);
void waits_deinit(struct waits *w);

/* Looks at all threads once. Does nothing when the process is gone. */
void waits_take(struct waits *w);

/*
 * Seconds of one thread: cpu and runnable exact, blocked its share of the samples asleep.
 */
struct waits_seconds {
	double cpu_s, runnable_s, asleep_s;
};
struct waits_seconds waits_of(const struct waits_thread *t);
double waits_blocked_s(const struct waits_thread *t, unsigned kind);
const char *waits_kind_name(unsigned kind); /* "mutex", "futex", "epoll_wait", ... */

/* Private to waits.c, here for tests: the kind of a line of /proc/PID/task/TID/syscall; -1 when the
 * thread runs. */
int waits_parse(const char *line);

#endif
