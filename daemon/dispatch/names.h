/* names.h - what both ways of dispatch agree on about names. Private to daemon/dispatch. */
#ifndef DAEMON_DISPATCH_NAMES_H
#define DAEMON_DISPATCH_NAMES_H

#include "daemon/base/span.h"

/* The name without one "goxel." before it. */
static inline struct span names_strip(struct span name)
{
	const struct span prefix = SPAN_LIT("goxel.");

	if (span_starts(name, prefix))
		return span_of(name.ptr + prefix.len, name.len - prefix.len);
	return name;
}

#endif
