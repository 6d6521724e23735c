/* names.h - names of methods, as both dispatch backends see them. Private to daemon/dispatch. */
#ifndef DAEMON_DISPATCH_NAMES_H
#define DAEMON_DISPATCH_NAMES_H

#include "daemon/base/span.h"

/* The name without a leading "goxel.". */
static inline struct span names_strip(struct span name)
{
	const struct span prefix = SPAN_LIT("goxel.");

	if (span_starts(name, prefix))
		return span_of(name.ptr + prefix.len, name.len - prefix.len);
	return name;
}

#endif
