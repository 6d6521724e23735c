#include "daemon/base/backend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"

enum { OBJECT_ALIGN = 64 };

const struct backend *backend_find(const struct backend_axis *axis, const char *name)
{
	const struct backend *b;

	for (size_t i = 0; (b = axis->at(i)); i++)
		if (!strcmp(b->name, name))
			return b;
	return NULL;
}

int backend_unknown(const struct backend_axis *axis, const char *name, struct err *err)
{
	const struct backend *b;
	char list[ERR_MSG_MAX / 2] = "";
	size_t len = 0;

	if (axis->also)
		len = (size_t)snprintf(list, sizeof(list), "%s", axis->also);
	for (size_t i = 0; (b = axis->at(i)) && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "",
					b->name);
	return err_set(err, -ENOENT, "--%s: '%s' is not one of %s", axis->name, name, list);
}

int backend_new(const struct backend_axis *axis, const char *name, const struct backend **which,
		void **object, struct err *err)
{
	const struct backend *b = backend_find(axis, name);
	size_t bytes;
	void *ptr;

	if (!b)
		return backend_unknown(axis, name, err);
	bytes = (b->size + OBJECT_ALIGN - 1) & ~(size_t)(OBJECT_ALIGN - 1);
	ptr = aligned_alloc(OBJECT_ALIGN, bytes);
	if (!ptr)
		return err_set(err, -ENOMEM, "%s '%s': out of memory", axis->name, name);
	memset(ptr, 0, bytes);
	*which = b;
	*object = ptr;
	return 0;
}

void backend_print(const struct backend_axis *axis, FILE *out)
{
	const struct backend *b;

	for (size_t i = 0; (b = axis->at(i)); i++)
		fprintf(out, "  %-12s %s\n", b->name, b->summary);
}
