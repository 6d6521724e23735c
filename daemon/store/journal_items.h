/* journal_items.h - private to journal_*.c: the items of a payload, applied to a project. */
#ifndef DAEMON_STORE_JOURNAL_ITEMS_H
#define DAEMON_STORE_JOURNAL_ITEMS_H

#include <errno.h>

#include "daemon/store/journal_format.h"
#include "daemon/store/journal_read.h"

/* One payload on its way in. */
struct applying {
	struct journal_state *state;
	struct journal_slot *slot;
	struct project *p;
	struct journal_in in;
	const char *why; /* what is wrong with it */
};

/* -EBADMSG, and the first reason is kept. */
static inline int journal_bad(struct applying *a, const char *why)
{
	if (!a->why)
		a->why = why;
	return -EBADMSG;
}

/* Applies the items that are left of a->in to a->p. -EBADMSG, -ENOMEM, -ENOSPC. */
int journal_get_items(struct applying *a);

#endif
