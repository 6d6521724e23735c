/*
 * transfer.h - copies voxels from one volume into another, block by block: whole blocks are
 * shared, not copied. A mask is a volume too: the voxels that exist in it are selected.
 *
 * All return 0, the errors of volume writes (-ENOMEM, -ENOSPC, ...) or a code of cancel_check;
 * after an error `into` is partly written.
 */
#ifndef DAEMON_VOXEL_TRANSFER_H
#define DAEMON_VOXEL_TRANSFER_H

#include <stdint.h>

#include "daemon/voxel/volume.h"

/* What is selected: the voxels inside the box, and of those the ones in the mask if there
 * is one. */
struct transfer_choice {
	const struct box *box;     /* NULL: everywhere */
	const struct volume *mask; /* NULL: everything */
};

/* The voxels of `from` whose color is near the given one, as a mask. into is empty. */
int transfer_near(struct volume *into, const struct volume *from, const struct box *box, rgba color,
		  rgba tolerance);

/* The selected voxels of `from`, at their positions. into is empty. */
int transfer_chosen(struct volume *into, const struct volume *from,
		    const struct transfer_choice *choice);
int transfer_count(const struct volume *from, const struct transfer_choice *choice,
		   uint64_t *count);

/* Removes the voxels of part from v; part was chosen from v as it is now. */
int transfer_remove(struct volume *v, const struct volume *part);

/* Writes the voxels of `from` into `into`, moved by delta. -ERANGE: one would leave int32. */
int transfer_moved(struct volume *into, const struct volume *from, const int32_t delta[3]);

/* Gives every position of a mask the color; color 0 removes the voxels. */
int transfer_color(struct volume *into, const struct volume *mask, rgba color);

#endif
