/*
 * analyze.h - what is in a volume: walks, counts of colors, positions of a color. Read only.
 *
 * All of it can take long and therefore returns the codes of cancel_check, too.
 */
#ifndef DAEMON_VOXEL_ANALYZE_H
#define DAEMON_VOXEL_ANALYZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/voxel/volume.h"

/* The part of a region in a block, in coordinates of the block. */
struct block_part {
	int32_t lo[3];
	int32_t hi[3];
	bool is_whole;
};

/* Calls visit for every block that touches region (NULL = all), in z, y, x order. Stops when it
 * returns non-zero and returns that; -ENOMEM. */
typedef int(analyze_block)(void *arg, const struct volume_slot *slot,
			   const struct block_part *part);
int analyze_blocks(const struct volume *v, const struct box *region, analyze_block *visit,
		   void *arg);

/*
 * Calls visit for every voxel in region (NULL = all), by blocks in z, y, x order, x fastest inside.
 * Stops when it returns non-zero and returns that; -ENOMEM.
 */
typedef int(analyze_visit)(void *arg, const struct voxel *v);
int analyze_walk(const struct volume *v, const struct box *region, analyze_visit *visit, void *arg);

/* Voxels in region (NULL = all). */
int analyze_count(const struct volume *v, const struct box *region, uint64_t *count);

struct color_count {
	rgba color;
	uint32_t count; /* a project has fewer than 2^28 voxels (DOCUMENT_BLOCKS_MAX) */
};

/* A hash of colors. Zeroed = empty; analyze_colors_deinit frees. */
struct color_counts {
	struct color_count *slots; /* private until analyze_colors_list */
	uint32_t mask;
	uint32_t count; /* different colors */
	uint64_t total; /* voxels */
};

/* Adds the colors of v in region. bin_size > 1: per channel the middle of its bin. -ENOMEM. */
int analyze_colors(struct color_counts *c, const struct volume *v, const struct box *region,
		   unsigned bin_size);
/* Turns the hash into a list slots[0..count-1], by count (largest first) or by r, g, b, a; nothing
 * can be added afterwards. -ENOMEM. */
int analyze_colors_list(struct color_counts *c, bool by_count);
void analyze_colors_deinit(struct color_counts *c);

#endif
