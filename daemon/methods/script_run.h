/*
 * script_run.h - runs a script in a process of its own.
 *
 * Why a process: the packaged engine has no way to interrupt a loop, and a script's memory, stack
 * and crashes must not be the daemon's. The child is a fork, so it reads the snapshot where it
 * stands; it takes no lock (another thread may have held it), calls no malloc, has no descriptors,
 * and a system call filter lets it do nothing but compute and end.
 */
#ifndef DAEMON_METHODS_SCRIPT_RUN_H
#define DAEMON_METHODS_SCRIPT_RUN_H

#include "daemon/base/span.h"
#include "daemon/methods/env.h"
#include "daemon/methods/script_result.h"

struct document;
struct err;

enum { SCRIPT_HEAP_BYTES = 64 << 20, SCRIPT_STACK_BYTES = 16 << 20 };

struct script_job {
	const struct document *doc; /* frozen */
	struct span source;
	struct span name;
	uint64_t timeout_ns;
	const struct method_client *client; /* asked now and then whether it is still there */
};

/*
 * Waits for its end. 0: *out is what it left (script_result_free it), whether it failed or not.
 * -ETIMEDOUT and -ECANCELED (the client has gone): it was killed. -ENOMEM, -EAGAIN of fork.
 */
int script_run(const struct script_job *job, struct script_result **out, struct err *err);
void script_result_free(struct script_result *result);

#endif
