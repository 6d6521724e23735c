/*
 * hand_over.h - passes a message from the reading thread to the queue for a worker, or answers its
 * client when there is no room, no memory or no worker. Private to daemon/server.
 */
#ifndef DAEMON_SERVER_REQUEST_HAND_OVER_H
#define DAEMON_SERVER_REQUEST_HAND_OVER_H

#include "daemon/base/span.h"

struct message;
struct server;
struct worker;

/*
 * Lets a worker answer m, whose text is the start of unread. w is the reading thread's; its group
 * of replies ends. Returns 0: the connection is held, or was. Negative: the client is gone, or
 * there is no memory and m has been answered with that error, in a new group.
 */
int hand_over_message(struct server *s, struct worker *w, struct message *m, struct span unread);

/* Refuses a queued message because no worker could be created: a crew_refuse, ctx is the server. */
void hand_back(void *ctx, void *item);

#endif
