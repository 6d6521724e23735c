/*
 * guard.h - ends a command when the process that wanted it has ended, in whatever way.
 *
 * A process of its own, in a session of its own, so that neither a signal to the caller's group nor
 * one to the command's reaches it. It sleeps until the command ends (then it has nothing to do) or
 * the caller does: then it ends the command's process group, SIGTERM first, and removes the
 * caller's folder. Processes are watched by pidfd: a number that was given away again is no target.
 */
#ifndef SCRIPTS_GUARD_H
#define SCRIPTS_GUARD_H

#include <sys/types.h>

struct err;

struct guard {
	int caller_fd;      /* pidfd */
	int command_fd;     /* pidfd */
	pid_t group;        /* of the command */
	const char *folder; /* removed after the caller's end; NULL = none; borrowed */
};

/*
 * For the process that will become the command: makes it the leader of a process group. caller is
 * its parent. Errors: -ESRCH it is not (it may have ended already).
 */
int guard_open(struct guard *g, pid_t caller, const char *folder, struct err *err);

/*
 * Until process caller, the parent, has ended: sends it SIGUSR1 for each SIGINT that comes here, as
 * Ctrl-C sends one to every process of the group. A shell needs this: bash forgets a SIGINT that
 * comes while it waits for a command which ends in another way than by it.
 */
int guard_relay_interrupts(pid_t caller, struct err *err);

/* For a process that is neither's child nor in the command's session: watches, acts and returns. */
void guard_run(const struct guard *g);

#endif
