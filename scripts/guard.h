/*
 * guard.h - ends a command when the process that started it has ended, in whatever way.
 *
 * A process of its own, in a session of its own, so that signals to the caller's group or to the
 * command's do not reach it. It sleeps until the command ends (then there is nothing to do) or the
 * caller ends: then it ends the command's process group, SIGTERM first, and removes the caller's
 * folder. Processes are watched by pidfd, so that a reused number is never signalled.
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
 * For the process that will become the command: makes it the leader of a process group. caller must
 * be its parent. -ESRCH: it is not (it may have ended already).
 */
int guard_open(struct guard *g, pid_t caller, const char *folder, struct err *err);

/*
 * Until process caller, the parent, has ended: sends it a SIGUSR1 for each SIGINT received here
 * (Ctrl-C sends one to every process of the group). A shell needs this: bash drops a SIGINT that
 * arrives while it waits for a command that ends in another way.
 */
int guard_relay_interrupts(pid_t caller, struct err *err);

/* For a process that is not a child of either and not in the command's session: watches, acts and
 * returns. */
void guard_run(const struct guard *g);

#endif
