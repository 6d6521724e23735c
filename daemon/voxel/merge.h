/* merge.h - lays one volume over another, block by block. */
#ifndef DAEMON_VOXEL_MERGE_H
#define DAEMON_VOXEL_MERGE_H

#include "daemon/voxel/layer.h"

/*
 * Changes target as source, laid over it with that mode and opacity (0..1), would look. Blocks that
 * only source has are shared, not copied, where the mode lets them through unchanged.
 * Errors: those of volume writes; target is partly written then.
 */
int merge_volume(struct volume *target, const struct volume *source, enum layer_mode mode,
		 float opacity);

#endif
