/* proc_maps.h - parses a line of /proc/PID/maps, or a mapping's first line in smaps. */
#ifndef DAEMON_BASE_PROC_MAPS_H
#define DAEMON_BASE_PROC_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"

struct proc_mapping {
	uint64_t start, limit, offset;
	char perms[5];    /* "r-xp" */
	struct span path; /* borrowed from the line; empty for anonymous memory */
};

/* False when the line does not have that form. The line ends at '
 * ' or NUL. */
bool proc_maps_parse(const char *line, struct proc_mapping *out);

#endif
