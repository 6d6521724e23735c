#include "daemon/dispatch/dispatch.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"

const struct dispatch_ops *const dispatch_backends[] = {
	&dispatch_linear_ops,
	&dispatch_hash_ops,
	NULL,
};

static const struct dispatch_ops *find(const char *name)
{
	for (size_t i = 0; dispatch_backends[i]; i++)
		if (!strcmp(dispatch_backends[i]->name, name))
			return dispatch_backends[i];
	return NULL;
}

int dispatch_open(const char *name, const struct method *const *methods, size_t count,
		  struct dispatch **out, struct err *err)
{
	const struct dispatch_ops *ops = find(name);
	struct dispatch *d;
	size_t bytes;
	int rc;

	assert(methods || !count);
	assert(out);
	if (!ops)
		return err_set(err, -ENOENT, "no dispatch backend named '%s'", name);
	bytes = (ops->size + 63) & ~(size_t)63;
	d = aligned_alloc(64, bytes);
	if (!d)
		return err_set(err, -ENOMEM, "dispatch object of %zu bytes", bytes);
	memset(d, 0, bytes);
	d->ops = ops;
	rc = ops->init(d, methods, count, err);
	if (rc < 0) {
		free(d);
		return err_wrap(err, rc, "open dispatch '%s'", name);
	}
	*out = d;
	return 0;
}

void dispatch_close(struct dispatch *d)
{
	if (!d)
		return;
	d->ops->deinit(d);
	free(d);
}
