#include "daemon/buffers/buffers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"

const struct buffers_ops *const buffers_backends[] = {
	&buffers_malloc_ops,
	&buffers_pool_ops,
	NULL,
};

static const struct backend *at(size_t i)
{
	return buffers_backends[i] ? &buffers_backends[i]->head : NULL;
}

const struct backend_axis buffers_axis = { .name = "buffers", .at = at };

int buffers_open(const char *name, const struct buffers_cfg *cfg, struct buffers **out,
		 struct err *err)
{
	const struct backend *which;
	struct buffers *b;
	void *object;
	int rc;

	assert(cfg);
	assert(out);
	rc = backend_new(&buffers_axis, name, &which, &object, err);
	if (rc < 0)
		return rc;
	b = object;
	b->ops = (const struct buffers_ops *)which;
	rc = b->ops->init(b, cfg, err);
	if (rc < 0) {
		free(b);
		return err_wrap(err, rc, "open buffers '%s'", name);
	}
	*out = b;
	return 0;
}

void buffers_close(struct buffers *b)
{
	if (!b)
		return;
	b->ops->deinit(b);
	free(b);
}
