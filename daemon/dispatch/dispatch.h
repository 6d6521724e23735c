/*
 * dispatch.h - the dispatch axis: finds a method's entry in the table by its name.
 *
 * Every name is accepted with and without the prefix "goxel.". Built once, then read by any thread.
 */
#ifndef DAEMON_DISPATCH_DISPATCH_H
#define DAEMON_DISPATCH_DISPATCH_H

#include <stddef.h>

#include "daemon/base/backend.h"
#include "daemon/base/span.h"

struct dispatch;
struct err;
struct method;

struct dispatch_ops {
	struct backend head;

	/*
	 * methods[count] is borrowed until deinit. -EEXIST: a duplicate name, in err; -EINVAL
	 * (hash): a name that is in methods but not in rpc/method_names.def, or the reverse.
	 */
	int (*init)(struct dispatch *d, const struct method *const *methods, size_t count,
		    struct err *err);
	void (*deinit)(struct dispatch *d);
	const struct method *(*find)(const struct dispatch *d,
				     struct span name); /* NULL: unknown */
};

struct dispatch {
	const struct dispatch_ops *ops;
};

extern const struct dispatch_ops dispatch_linear_ops;
extern const struct dispatch_ops dispatch_hash_ops;
extern const struct dispatch_ops *const dispatch_backends[];
extern const struct backend_axis dispatch_axis; /* the same */

int dispatch_open(const char *name, const struct method *const *methods, size_t count,
		  struct dispatch **out, struct err *err);
void dispatch_close(struct dispatch *d);

static inline const struct method *dispatch_find(const struct dispatch *d, struct span name)
{
	return d->ops->find(d, name);
}

#endif
