/*
 * shape_rows.h - which voxels of each row along x a body fills. Private to the drawing of shapes.
 *
 * A body is symmetric about the middle of its rows (except a cone along x), and in the outer half
 * of a row it fills one interval, even if it is a torus.
 */
#ifndef DAEMON_VOXEL_SHAPE_ROWS_H
#define DAEMON_VOXEL_SHAPE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/voxel/shapes.h"

/* Voxels p..q, counted from the middle (or the start, if not mirrored); empty when p > q. */
struct row {
	int32_t p;
	int32_t q;
};

/* Values that are the same for all voxels of a body. */
struct body {
	const struct shape *s;
	double inverse[3]; /* 1 / size */
	double limit;      /* of the sum of squares */
	double least;      /* the smallest sum any voxel can have: a cross-section is never empty */
	bool is_mirrored;
	int32_t half_count; /* voxels from the middle to the end of a row */
	struct row *rows;   /* [slices_count][size y], kept ones; NULL: none are kept */
	int32_t *slice_z;   /* [slices_count], -1 = empty */
	int32_t slices_count;
};

/* s is borrowed; shape_box must have accepted it. */
void body_init(struct body *b, const struct shape *s);
void body_deinit(struct body *b);

/* For shells, which look at each row again from its neighbours: keeps the slices within reach.
 * -ENOMEM. */
int body_keep_slices(struct body *b);

/* Row y of slice z, counted from the body's corner; empty outside the body. */
struct row body_row(struct body *b, int32_t y, int32_t z);

/* The part of that row that lies deeper than the shell. */
struct row body_inner_row(struct body *b, struct row row, int32_t y, int32_t z);

#endif
