/*
 * fill.h - 6-connected flood fill by rows.
 *
 * From a voxel: all voxels connected to it whose color is near its own get the new color. From an
 * empty position: the empty positions connected to it, inside bounds.
 * Source: span filling, A. R. Smith 1979, with rows taken 16 voxels at a time.
 */
#ifndef DAEMON_VOXEL_FILL_H
#define DAEMON_VOXEL_FILL_H

#include <stdint.h>

#include "daemon/voxel/volume.h"

#define FILL_VOXELS_DEFAULT (16u << 20)

struct fill {
	int32_t from[3];
	rgba color;
	rgba tolerance;           /* per channel */
	const struct box *bounds; /* NULL: the box of all voxels */
	uint64_t voxels_max;      /* above: -EMSGSIZE */
};

/*
 * Sets *count to the number of positions filled. -ERANGE: the start lies outside bounds. -EMSGSIZE,
 * -ENOMEM, errors of writes and of cancel_check: then v is partly written (an edit rolls back).
 */
int fill_flood(struct volume *v, const struct fill *f, uint64_t *count);

#endif
