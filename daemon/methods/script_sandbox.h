/*
 * script_sandbox.h - takes from the process of a script what it could do harm with.
 *
 * Two walls. Resource limits: no file, no process, no descriptor, no core file, no more memory than
 * it has. They work everywhere. A filter of system calls (seccomp, made by libseccomp, which also
 * refuses the numbers of other architectures): what is left is to compute, to talk over one
 * descriptor, and to end. Kernels and containers may refuse it.
 */
#ifndef DAEMON_METHODS_SCRIPT_SANDBOX_H
#define DAEMON_METHODS_SCRIPT_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

struct sock_filter;

/* Caller-allocated. */
struct script_sandbox {
	uint64_t memory_bytes_max; /* of address space; 0: no limit */
	struct sock_filter *filter;
	unsigned short filter_count; /* of instructions */
	int code;                    /* 0, or why there is no filter */
};

/*
 * What does not depend on the process: before the fork. fd is the descriptor that is left.
 * more_bytes: address space beyond what the process has now. Nothing to give back: it is kept until
 * the process ends.
 */
void script_sandbox_init(struct script_sandbox *s, int fd, size_t more_bytes);

/* The calling process (one thread) is confined from here on. 0: with the filter, or why without:
 * a negative errno. */
int script_sandbox_enter(const struct script_sandbox *s);

#endif
