/*
 * snapshot.h - a frozen document for long readers: renders, exports, scans.
 *
 * Taking one costs O(layers) under the project's lock; reading it needs no lock. Blocks that are
 * edited meanwhile are copied by the editor.
 */
#ifndef DAEMON_VOXEL_SNAPSHOT_H
#define DAEMON_VOXEL_SNAPSHOT_H

#include <stdatomic.h>
#include <stdint.h>

#include "daemon/voxel/document.h"

struct project;

struct snapshot {
	_Atomic uint32_t refs;
	int32_t project_id;
	struct document doc; /* frozen: read only, by any number of threads */
};

/* The caller holds the project's lock. NULL when out of memory. */
struct snapshot *snapshot_take(struct project *p);
void snapshot_put(struct snapshot *s); /* any thread; NULL is fine */

#endif
