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

static const struct buffers_ops *find(const char *name)
{
	for (size_t i = 0; buffers_backends[i]; i++)
		if (!strcmp(buffers_backends[i]->name, name))
			return buffers_backends[i];
	return NULL;
}

int buffers_open(const char *name, const struct buffers_cfg *cfg, struct buffers **out,
		 struct err *err)
{
	const struct buffers_ops *ops = find(name);
	struct buffers *b;
	size_t bytes;
	int rc;

	assert(cfg);
	assert(out);
	if (!ops)
		return err_set(err, -ENOENT, "no buffers backend named '%s'", name);
	bytes = (ops->size + 63) & ~(size_t)63;
	b = aligned_alloc(64, bytes);
	if (!b)
		return err_set(err, -ENOMEM, "buffers object of %zu bytes", bytes);
	memset(b, 0, bytes);
	b->ops = ops;
	rc = ops->init(b, cfg, err);
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
