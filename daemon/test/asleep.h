/* asleep.h - waits until a thread of this process sleeps, instead of waiting for a fixed time. */
#ifndef DAEMON_TEST_ASLEEP_H
#define DAEMON_TEST_ASLEEP_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

/* Whether the thread waits in the kernel, or has ended. */
static inline bool is_asleep(pid_t tid)
{
	char path[64];
	char text[256] = "";
	const char *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	f = fopen(path, "re");
	if (!f)
		return true;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	/* "TID (name) STATE ...", where the name may contain anything. */
	state = strrchr(text, ')');
	return !state || state[2] == 'S';
}

/* tid is 0 until the thread has written it. */
static inline void await_asleep(_Atomic pid_t *tid)
{
	while (!atomic_load(tid) || !is_asleep(atomic_load(tid)))
		sched_yield();
}

#endif
