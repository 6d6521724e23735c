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
	const struct box *bounds; /* NULL: the box of the voxels there are */
	uint64_t voxels_max;      /* -EMSGSIZE above */
};

/*
 * *count = positions that got the color. -ERANGE: the start lies outside bounds; -EMSGSIZE,
 * -ENOMEM, those of writes and of cancel_check: partly written then (an edit rolls back).
 */
int fill_flood(struct volume *v, const struct fill *f, uint64_t *count);

#endif
