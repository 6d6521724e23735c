/*
 * script_sandbox.h - restricts what the process of a script can do.
 *
 * Two layers. Resource limits: no files, processes, descriptors or core files, and no more memory
 * than it was given. They work everywhere. A system call filter (seccomp, by libseccomp, which also
 * refuses the numbers of other architectures): the process can only compute, use one descriptor,
 * and end. Kernels and containers may refuse the filter.
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_SANDBOX_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

struct sock_filter;

/* Caller-allocated. */
struct script_sandbox {
	uint64_t memory_bytes_max; /* limit of address space; 0: no limit */
	struct sock_filter *filter;
	unsigned short filter_count; /* of instructions */
	int code;                    /* 0, or a negative errno: no filter */
};

/*
 * Prepares everything that does not depend on the process, before the fork. fd is the descriptor
 * that stays usable. more_bytes: address space beyond the current use of the process. There is no
 * deinit: it is kept until the process ends.
 */
void script_sandbox_init(struct script_sandbox *s, int fd, size_t more_bytes);

/* Restricts the calling process (of one thread) from here on. 0: with the filter; a negative errno:
 * why there is no filter. */
int script_sandbox_enter(const struct script_sandbox *s);

#endif
