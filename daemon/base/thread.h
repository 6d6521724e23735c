/* thread.h - a named joinable thread with a given stack size; signals go to the main thread. */
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

/* Gives the calling thread a tenth of the processor time of a thread with normal priority when both
 * want it; such a thread preempts it when it wakes up. Cannot be undone without privileges. */
void thread_lower_priority(void);

/* From now on the calling thread runs only while no other thread wants the processor (SCHED_IDLE);
 * a thread that wakes up preempts it at once. Cannot be undone without privileges. */
void thread_set_idle_priority(void);

#endif
