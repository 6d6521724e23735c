/*
 * target.h - a target description: how a server is started and asked (profiles/targets/).
 */
/* clang-format off */
/*
 * key = value lines, # comments. Keys:
 *	name      what results call it
 *	command   words of the command that starts it and stays in the foreground; {bin}, {dir} (a
 *	          folder of the run's own) and {root} are replaced; {args} is where --args goes
 *	unix      its Unix socket; or
 *	tcp       its HOST:PORT
 *	request   what is sent to see that it is ready; any line back will do
 *	status    request whose reply holds its axes, start-up phases and stages; absent: none
 *	version   request whose reply holds its version, revision, variant, compiler, flags; absent:
 *	          none
 *	pid       command (the process started, default) or child (its only child) is profiled
 *	workload  what goxel-load drives it with unless told otherwise (default mixed)
 *	label     of the run directory unless told otherwise (default: the name)
 */
/* clang-format on */
#ifndef PROFILES_RUN_TARGET_H
#define PROFILES_RUN_TARGET_H

#include <stdbool.h>

struct err;

enum target_key {
	TARGET_COMMAND,
	TARGET_LABEL,
	TARGET_NAME,
	TARGET_PID,
	TARGET_REQUEST,
	TARGET_STATUS,
	TARGET_TCP,
	TARGET_UNIX,
	TARGET_VERSION,
	TARGET_WORKLOAD,
	TARGET_KEYS
};

struct run_target {
	char *text;                      /* of the file, owned */
	const char *values[TARGET_KEYS]; /* NULL: absent */
};

/* which: the name of a shipped target (below root), or a file. */
int run_target_read(const char *which, const char *root, struct run_target *out, struct err *err);
void run_target_deinit(struct run_target *t);

/* A value with its places replaced: free it. NULL: out of memory. */
char *run_target_fill(const char *value, const char *bin, const char *dir, const char *root);

#endif
