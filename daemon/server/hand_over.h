/*
 * hand_over.h - from a reading thread into the queue: a message that a worker shall answer, and
 * what is said to its client when there is no room, no memory or no worker for it. Private to
 * daemon/server.
 */
#ifndef DAEMON_SERVER_HAND_OVER_H
#define DAEMON_SERVER_HAND_OVER_H

#include "daemon/base/span.h"

struct message;
struct server;
struct worker;

/*
 * Lets a worker answer m, with which unread begins. w is the reading thread's; its group ends.
 * Returns 0: the connection is held, or was. A negative code: the client is gone, or there is no
 * memory and m is answered with that, in a new group.
 */
int hand_over_message(struct server *s, struct worker *w, struct message *m, struct span unread);

/* A queued message when no worker can be made: crew_refuse, ctx is the server. */
void hand_back(void *ctx, void *item);

#endif
