/* volume_hot.h - private to daemon/voxel: the block of a volume that is written in place. */
#ifndef DAEMON_VOXEL_VOLUME_HOT_H
#define DAEMON_VOXEL_VOLUME_HOT_H

#include "daemon/voxel/table.h"

/*
 * Makes the block at pos hot: it can then be written in place. slot is its slot in the table; NULL:
 * there is none, so one is added. Returns what volume writes return.
 */
int volume_make_hot(struct volume *v, struct block_pos pos, struct volume_slot *slot);

/* After writes that changed the number of voxels in the hot block by delta; removes an
 * empty block. */
void volume_count_hot(struct volume *v, int32_t delta);

static inline bool volume_is_hot(const struct volume *v, struct block_pos pos)
{
	return v->hot && block_pos_eq(v->hot_pos, pos);
}

#endif
