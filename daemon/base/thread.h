/* thread.h - a named joinable thread with a stated stack size; signals stay with the main thread.
 */
#ifndef DAEMON_BASE_THREAD_H
#define DAEMON_BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

struct err;

/*
 * name up to 15 characters, shown by top and perf. stack_bytes 0 = the system's default. All
 * signals are blocked in the new thread.
 */
int thread_start(pthread_t *out, const char *name, size_t stack_bytes, void *(*run)(void *),
		 void *arg, struct err *err);

/* The calling thread gets a tenth of the processor time of one with normal priority when both want
 * it, and is preempted by one that wakes up. There is no way back without privileges. */
void thread_lower_priority(void);

/* The calling thread runs from now on only where no other wants the processor (SCHED_IDLE): such a
 * one wakes up in its place at once. There is no way back without privileges. */
void thread_set_idle_priority(void);

#endif
