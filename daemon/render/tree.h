/*
 * tree.h - for blocks so far apart that a grid over them would be too large: a balanced tree of
 * boxes in the order of a space-filling curve.
 *
 * Without it a ray would walk cell by cell through the empty space between two voxels at opposite
 * ends of the coordinates, a hundred million cells.
 */
#ifndef DAEMON_RENDER_TREE_H
#define DAEMON_RENDER_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/render/scene.h"

struct hit;
struct scene_tree;
struct trace_line;

struct tree_leaf {
	struct block_pos pos;
	struct scene_cell cell;
};

struct scene_tree *tree_new(uint32_t leaves_count);     /* NULL when out of memory */
struct tree_leaf *tree_leaves(struct scene_tree *tree); /* [leaves_count], to be filled */
void tree_grow(struct scene_tree *tree);                /* call then; sorts the leaves */
void tree_free(struct scene_tree *tree);                /* NULL is fine */

/* Like trace_ray; the line is relative to the origin of the world. */
bool tree_trace(const struct scene_tree *tree, const struct trace_line *line, double t_min,
		struct hit *hit);

#endif
