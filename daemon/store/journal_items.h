/* journal_items.h - private to journal_*.c: applies the items of a payload to a project. */
#ifndef DAEMON_STORE_JOURNAL_ITEMS_H
#define DAEMON_STORE_JOURNAL_ITEMS_H

#include <errno.h>

#include "daemon/store/journal_format.h"
#include "daemon/store/journal_read.h"

/* A payload being applied. */
struct applying {
	struct journal_state *state;
	struct journal_slot *slot;
	struct project *p;
	struct journal_in in;
	const char *why; /* what is wrong with the payload */
};

/* Returns -EBADMSG and keeps the first reason. */
static inline int journal_bad(struct applying *a, const char *why)
{
	if (!a->why)
		a->why = why;
	return -EBADMSG;
}

/* Applies the remaining items of a->in to a->p. -EBADMSG, -ENOMEM, -ENOSPC. */
int journal_get_items(struct applying *a);

#endif
