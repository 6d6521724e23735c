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

static const struct backend *at(size_t i)
{
	return dispatch_backends[i] ? &dispatch_backends[i]->head : NULL;
}

const struct backend_axis dispatch_axis = { .name = "dispatch", .at = at };

int dispatch_open(const char *name, const struct method *const *methods, size_t count,
		  struct dispatch **out, struct err *err)
{
	const struct backend *which;
	struct dispatch *d;
	void *object;
	int rc;

	assert(methods || !count);
	assert(out);
	rc = backend_new(&dispatch_axis, name, &which, &object, err);
	if (rc < 0)
		return rc;
	d = object;
	d->ops = (const struct dispatch_ops *)which;
	rc = d->ops->init(d, methods, count, err);
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
