/*
 * selection.h - select by box and color, copy, cut, paste, move, fill. Edits are whole edits.
 *
 * Functions that return int can take long: besides their own errors they return -ENOMEM and the
 * codes of cancel_check, and then nothing has changed.
 */
#ifndef DAEMON_VOXEL_SELECTION_H
#define DAEMON_VOXEL_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/voxel/project.h"

/* Selection changes are not undone by undo; only voxels are. */
void selection_clear(struct project *p);
void selection_set_box(struct project *p, const struct box *box);
/* Voxels of l near color, inside region (NULL = everywhere). *count may be 0: nothing selected. */
int selection_set_color(struct project *p, struct layer *l, rgba color, rgba tolerance,
			const struct box *region, uint64_t *count);

/* Voxels of l that are selected. */
int selection_count(const struct project *p, const struct layer *l, uint64_t *count);

/* -ENOENT: nothing is selected. Counts are of voxels. */
int selection_copy(struct project *p, struct layer *l, uint64_t *count);
int selection_cut(struct project *p, struct layer *l, uint64_t *count); /* both steps or none */
int selection_delete(struct project *p, struct layer *l, uint64_t *count);
int selection_fill(struct project *p, struct layer *l, rgba color, uint64_t *count);

/* Moves the selected voxels of l and the selection by delta. -ERANGE beyond int32. */
int selection_move(struct project *p, struct layer *l, const int32_t delta[3], uint64_t *count);

/*
 * Pastes the clipboard into l with its minimum corner at `at` (NULL: where it was copied from).
 * -ENOENT: nothing was copied. -ERANGE: beyond int32.
 */
int selection_paste(struct project *p, struct layer *l, const int32_t *at, uint64_t *count);

#endif
