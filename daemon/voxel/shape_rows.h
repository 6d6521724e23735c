/*
 * shape_rows.h - what a body has of each row of voxels along x. Private to the drawing of shapes.
 *
 * A body is symmetric about the middle of its rows (all but a cone that lies along x), and what it
 * has of the outer half of a row is one interval, even of a torus.
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

/* What is the same for all voxels. */
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

/* s is borrowed, and one that shape_box accepts. */
void body_init(struct body *b, const struct shape *s);
void body_deinit(struct body *b);

/* Shells look at each row again from the rows around it: keeps the slices within reach. -ENOMEM. */
int body_keep_slices(struct body *b);

/* Row y of slice z, counted from the body's corner; empty outside the body. */
struct row body_row(struct body *b, int32_t y, int32_t z);

/* What of that row lies deeper than the shell. */
struct row body_inner_row(struct body *b, struct row row, int32_t y, int32_t z);

#endif
