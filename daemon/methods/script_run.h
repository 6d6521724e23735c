/*
 * script_run.h - runs a script in a process of its own, and waits for its end.
 *
 * Why a process: the packaged engine has no way to interrupt a loop, and a script's memory, stack
 * and crashes must not be the daemon's. The process is a fork of the small script server
 * (script_server.h), never of the daemon. It has one descriptor, a socket to the thread that waits
 * here; over it the script comes, blocks of voxels are asked for, and the edits go back
 * (script_wire.h). A filter of system calls lets it do nothing else.
 */
#ifndef DAEMON_METHODS_SCRIPT_RUN_H
#define DAEMON_METHODS_SCRIPT_RUN_H

#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/methods/script_result.h"

struct document;
struct err;

struct script_job_cfg {
	const struct document *doc; /* frozen */
	struct span source;         /* at most SCRIPT_SOURCE_BYTES_MAX */
	struct span name;
	uint64_t timeout_ns;
};

/*
 * 0: *out is what it left (script_result_free it), whether it failed or not. -ETIME: its time
 * is over; -ECANCELED and -ETIMEDOUT of cancel_check; -ENOMEM; -EAGAIN: too many run; and those of
 * script_pool_get. The process has ended in all cases.
 */
int script_run(const struct script_job_cfg *cfg, struct script_result **out, struct err *err);

#endif
