/* merge.h - lays one volume over another, block by block. */
#ifndef DAEMON_VOXEL_MERGE_H
#define DAEMON_VOXEL_MERGE_H

#include "daemon/voxel/layer.h"

/*
 * Changes target to the result of laying source over it with that mode and opacity (0..1). Blocks
 * that only source has are shared, not copied, when the mode leaves them unchanged. Errors: those
 * of volume writes; target is then partly written.
 */
int merge_volume(struct volume *target, const struct volume *source, enum layer_mode mode,
		 float opacity);

#endif
