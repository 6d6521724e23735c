/*
 * The context of v14: a whole workspace for each worker before the first request, and one lock for
 * all documents, held from entering until the request is done, for any kind of request.
 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/err.h"
#include "daemon/context/context.h"
#include "daemon/context/workspace.h"

struct context_per_worker {
	struct context base;
	pthread_mutex_t edit;         /* protects every document */
	struct workspace *workspaces; /* [leases_count] */
};

static void per_worker_deinit(struct context *c)
{
	struct context_per_worker *w = (struct context_per_worker *)c;

	for (unsigned i = 0; w->workspaces && i < c->cfg.leases_count; i++)
		workspace_deinit(&w->workspaces[i]);
	free(w->workspaces);
	pthread_mutex_destroy(&w->edit);
}

static int per_worker_init(struct context *c, const struct context_cfg *cfg, struct err *err)
{
	struct context_per_worker *w = (struct context_per_worker *)c;

	pthread_mutex_init(&w->edit, NULL);
	w->workspaces = calloc(cfg->leases_count, sizeof(*w->workspaces));
	for (unsigned i = 0; i < cfg->eager_count; i++) {
		if (!w->workspaces || workspace_fill(&w->workspaces[i]) < 0) {
			per_worker_deinit(c);
			return err_set(err, -ENOMEM, "workspace %u of %u", i + 1, cfg->eager_count);
		}
	}
	return 0;
}

static int per_worker_attach(struct context *c, struct context_lease *lease, struct err *err)
{
	lease->workspace = &((struct context_per_worker *)c)->workspaces[lease->index];
	/* For a thread in addition to those of the start. */
	if (!lease->workspace->is_filled && workspace_fill(lease->workspace) < 0)
		return err_set(err, -ENOMEM, "workspace of thread %u", lease->index);
	return 0;
}

static void per_worker_detach(struct context *c, struct context_lease *lease)
{
	(void)c;
	lease->workspace = NULL; /* the context keeps it */
}

static pthread_mutex_t *per_worker_mutex(struct context *c, struct context_entry *entry)
{
	(void)entry;
	return &((struct context_per_worker *)c)->edit;
}

static void per_worker_done(struct context *c, struct context_lease *lease)
{
	(void)c;
	context_leave(lease);
}

static void per_worker_reading(struct context *c, struct context_lease *lease)
{
	/* The lock is kept until done: no edits while a picture is rendered. */
	(void)c;
	(void)lease;
}

const struct context_ops context_per_worker_ops = {
	.head = { .name = "per-worker",
		  .summary = "a workspace per worker made at start, one lock for all documents",
		  .size = sizeof(struct context_per_worker) },
	.caps = CONTEXT_CAP_EAGER,
	.init = per_worker_init,
	.deinit = per_worker_deinit,
	.attach = per_worker_attach,
	.detach = per_worker_detach,
	.mutex = per_worker_mutex,
	.done = per_worker_done,
	.reading = per_worker_reading,
};
