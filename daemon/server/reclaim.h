/*
 * reclaim.h - gives memory that requests left free back to the system, in a thread of its own, so
 * that no request waits for it.
 *
 * The thread starts when there is something to give back for the first time. It looks once a second
 * while memory is free that nobody used for a second, and sleeps without end otherwise. One in the
 * process, as the memory is.
 */
#ifndef DAEMON_SERVER_RECLAIM_H
#define DAEMON_SERVER_RECLAIM_H

void reclaim_start(void); /* starts no thread yet */
void reclaim_stop(void);

/* After each group of requests. Any thread. Cost: two loads, unless there is something to do. */
void reclaim_look(void);

#endif
