/* dispatch_linear.c - strcmp over the whole table, on a copy of the name, as in v14. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/dispatch/dispatch.h"
#include "daemon/dispatch/names.h"
#include "daemon/rpc/limits.h"
#include "daemon/rpc/method.h"

struct dispatch_linear {
	struct dispatch base;
	const struct method *const *methods; /* [count], borrowed */
	size_t count;
};

static bool has_alias(const struct method *m, const char *name)
{
	for (const char *const *alias = m->aliases; alias && *alias; alias++)
		if (!strcmp(*alias, name))
			return true;
	return false;
}

static const struct method *find_text(const struct dispatch_linear *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->methods[i]->name, name) || has_alias(l->methods[i], name))
			return l->methods[i];
	return NULL;
}

/* The entry under this name must be m: the first match is what find returns. */
static int check_name(const struct dispatch_linear *l, const struct method *m, const char *name,
		      struct err *err)
{
	if (strlen(name) > RPC_METHOD_NAME_MAX)
		return err_set(err, -EINVAL, "method name '%s' has more than %d bytes", name,
			       RPC_METHOD_NAME_MAX);
	if (find_text(l, name) != m)
		return err_set(err, -EEXIST, "method name '%s' is a duplicate", name);
	return 0;
}

static int linear_init(struct dispatch *d, const struct method *const *methods, size_t count,
		       struct err *err)
{
	struct dispatch_linear *l = (struct dispatch_linear *)d;
	int rc = 0;

	l->methods = methods;
	l->count = count;
	for (size_t i = 0; i < count && !rc; i++) {
		rc = check_name(l, methods[i], methods[i]->name, err);
		for (const char *const *a = methods[i]->aliases; a && *a && !rc; a++)
			rc = check_name(l, methods[i], *a, err);
	}
	return rc;
}

static void linear_deinit(struct dispatch *d)
{
	(void)d; /* owns nothing */
}

static const struct method *linear_find(const struct dispatch *d, struct span name)
{
	char text[RPC_METHOD_NAME_MAX + 1];

	name = names_strip(name);
	/* A NUL inside the name would make strcmp match a shorter one. */
	if (name.len > RPC_METHOD_NAME_MAX || (name.len && memchr(name.ptr, 0, name.len)))
		return NULL;
	if (name.len)
		memcpy(text, name.ptr, name.len);
	text[name.len] = 0;
	return find_text((const struct dispatch_linear *)d, text);
}

const struct dispatch_ops dispatch_linear_ops = {
	.head = { .name = "linear",
		  .summary = "strcmp over the whole table (v14)",
		  .size = sizeof(struct dispatch_linear) },
	.init = linear_init,
	.deinit = linear_deinit,
	.find = linear_find,
};
