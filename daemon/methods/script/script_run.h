/*
 * script_run.h - runs a script in its own process and waits for its end.
 *
 * Why a process: the packaged engine has no way to interrupt a loop, and a script's memory, stack
 * and crashes must be separate from the daemon. The process is a fork of the small script server
 * (script_server.h), never of the daemon. It has one descriptor, a socket to the thread that waits
 * here; the script, the questions for blocks of voxels, and the edits pass through it
 * (script_wire.h). A system call filter forbids everything else.
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_RUN_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_RUN_H

#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/methods/script/script_result.h"

struct document;
struct err;

struct script_job_cfg {
	const struct document *doc; /* frozen */
	struct span source;         /* at most SCRIPT_SOURCE_BYTES_MAX */
	struct span name;
	uint64_t timeout_ns;
};

/*
 * 0: *out is its result (free with script_result_free), whether it failed or not. -ETIME: its time
 * limit; -ECANCELED and -ETIMEDOUT of cancel_check; -ENOMEM; -EAGAIN: too many scripts run; and
 * errors of script_pool_get. The process has ended in all cases.
 */
int script_run(const struct script_job_cfg *cfg, struct script_result **out, struct err *err);

#endif
