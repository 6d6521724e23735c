/*
 * The context of v15: nothing is created before it is needed, each project has its own lock, which
 * a group of requests takes once, and long readers work on a snapshot without it.
 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/err.h"
#include "daemon/context/context.h"
#include "daemon/context/workspace.h"

struct context_shared {
	struct context base;
};

static int shared_init(struct context *c, const struct context_cfg *cfg, struct err *err)
{
	(void)c;
	(void)cfg;
	(void)err;
	return 0;
}

static void shared_deinit(struct context *c)
{
	(void)c;
}

static int shared_attach(struct context *c, struct context_lease *lease, struct err *err)
{
	(void)c;
	/* The first request that needs its arrays allocates them. */
	lease->workspace = calloc(1, sizeof(*lease->workspace));
	if (!lease->workspace)
		return err_set(err, -ENOMEM, "workspace of thread %u", lease->index);
	return 0;
}

static void shared_detach(struct context *c, struct context_lease *lease)
{
	(void)c;
	workspace_deinit(lease->workspace);
	free(lease->workspace);
	lease->workspace = NULL;
}

static pthread_mutex_t *shared_mutex(struct context *c, struct context_entry *entry)
{
	(void)c;
	return &entry->lock;
}

static void shared_done(struct context *c, struct context_lease *lease)
{
	/* The lock is kept for the rest of the group; context_leave releases it. */
	(void)c;
	(void)lease;
}

static void shared_reading(struct context *c, struct context_lease *lease)
{
	(void)c;
	context_leave(lease);
}

const struct context_ops context_shared_ops = {
	.head = { .name = "shared",
		  .summary =
			  "made on first use, a lock per project and group, snapshots for readers",
		  .size = sizeof(struct context_shared) },
	.caps = CONTEXT_CAP_GROUPS | CONTEXT_CAP_SNAPSHOTS,
	.init = shared_init,
	.deinit = shared_deinit,
	.attach = shared_attach,
	.detach = shared_detach,
	.mutex = shared_mutex,
	.done = shared_done,
	.reading = shared_reading,
};
