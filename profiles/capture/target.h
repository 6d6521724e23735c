/* target.h - the process being profiled: whether it exists, its program, and where it listens. */
#ifndef PROFILES_CAPTURE_TARGET_H
#define PROFILES_CAPTURE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;
struct sock_addr;

enum { TARGET_PATH_MAX = 4096 };

struct target {
	pid_t pid;
	int pidfd; /* becomes readable when the process ends; -1 if the kernel has none */
	char comm[32];
	char exe[TARGET_PATH_MAX]; /* "" when it cannot be read */
};

/* -ESRCH: there is no such process. -EINVAL: it is a zombie or a thread's number. */
int target_open(pid_t pid, struct target *out, struct err *err);
void target_close(struct target *t);

bool target_is_alive(const struct target *t);

/* Thread numbers in ascending order, in new memory (free it). Returns their number or -errno. */
int target_threads(pid_t pid, pid_t **out);

/* CPU time of all threads so far, in ns; resolution is a clock tick. -errno. */
int target_cpu_ns(pid_t pid, unsigned long long *user_ns, unsigned long long *kernel_ns);

/* Page faults of all threads so far, including ended ones. -ESRCH. */
int target_faults(pid_t pid, double *minor, double *major);

/*
 * Finds the addresses on which the process listens, Unix sockets before TCP ports, by the inodes of
 * its descriptors. Returns how many were written to out[cap], or -errno (-EACCES: not our process).
 */
int target_listeners(pid_t pid, struct sock_addr *out, size_t cap);

#endif
