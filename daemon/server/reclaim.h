/*
 * reclaim.h - returns memory freed by requests to the system, in a separate thread, so that no
 * request waits for it.
 *
 * The thread starts when there is something to return for the first time. It checks once a second
 * while there is memory that has not been used for a second, and otherwise sleeps. There is one per
 * process.
 */
#ifndef DAEMON_SERVER_RECLAIM_H
#define DAEMON_SERVER_RECLAIM_H

void reclaim_start(void); /* starts no thread yet */
void reclaim_stop(void);

/* Call after each group of requests. Any thread. Cost: two loads, unless there is
 * something to do. */
void reclaim_look(void);

#endif
