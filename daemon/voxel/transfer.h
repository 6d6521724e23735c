/*
 * transfer.h - voxels from one volume into another, block by block: what is whole is shared, not
 * copied. A mask is a volume, too: what exists in it is selected.
 *
 * All return 0, the errors of volume writes (-ENOMEM, -ENOSPC, ...) or a code of cancel_check;
 * `into` is partly written then.
 */
#ifndef DAEMON_VOXEL_TRANSFER_H
#define DAEMON_VOXEL_TRANSFER_H

#include <stdint.h>

#include "daemon/voxel/volume.h"

/* What is selected: inside the box, and in the mask where there is one. */
struct transfer_choice {
	const struct box *box;     /* NULL: everywhere */
	const struct volume *mask; /* NULL: everything */
};

/* The voxels of `from` near color, as a mask. into is empty. */
int transfer_near(struct volume *into, const struct volume *from, const struct box *box, rgba color,
		  rgba tolerance);

/* The voxels of `from` that are selected, where they are. into is empty. */
int transfer_chosen(struct volume *into, const struct volume *from,
		    const struct transfer_choice *choice);
int transfer_count(const struct volume *from, const struct transfer_choice *choice,
		   uint64_t *count);

/* Removes from v what exists in part, which was chosen of v as it is. */
int transfer_remove(struct volume *v, const struct volume *part);

/* Lays the voxels of `from` over those of into, moved. -ERANGE: one would leave int32. */
int transfer_moved(struct volume *into, const struct volume *from, const int32_t delta[3]);

/* Gives every position of a mask a color; none removes. */
int transfer_color(struct volume *into, const struct volume *mask, rgba color);

#endif
