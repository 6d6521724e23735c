/*
 * tree.h - blocks so far apart that a grid over them would not fit: a balanced tree of boxes over
 * them in the order of a space-filling curve.
 *
 * Without it a ray would walk the emptiness between two voxels at the ends of the coordinates cell
 * by cell, a hundred million of them.
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
void tree_grow(struct scene_tree *tree);                /* then; sorts the leaves */
void tree_free(struct scene_tree *tree);                /* NULL is fine */

/* As trace_ray; the line counts from the corner of the world. */
bool tree_trace(const struct scene_tree *tree, const struct trace_line *line, double t_min,
		struct hit *hit);

#endif
