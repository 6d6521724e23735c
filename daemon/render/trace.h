/*
 * trace.h - finds what rays meet in a scene.
 *
 * Source: J. Amanatides and A. Woo, "A Fast Voxel Traversal Algorithm for Ray Tracing", 1987,
 * inside bricks of 4^3 voxels; larger empty cells are crossed in one step.
 */
#ifndef DAEMON_RENDER_TRACE_H
#define DAEMON_RENDER_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/render/scene.h"

/* The first voxel a ray meets. */
struct hit {
	int32_t pos[3];
	int axis; /* of the face that was entered */
	int side; /* -1 or +1: the direction of that face */
	double t; /* along the ray */
	rgba color;
};

/*
 * Walks the ray's voxels from t_min on. direction need not have unit length. False: it meets
 * nothing. An eye inside a voxel sees that voxel.
 */
bool trace_ray(const struct scene *s, const double origin[3], const double direction[3],
	       double t_min, struct hit *hit);

/*
 * How far, on each axis, the rays of a beam may be from its middle: slightly less than a brick, or
 * than a voxel, because of rounding.
 */
#define TRACE_BEAM_REACH      3.99
#define TRACE_THIN_BEAM_REACH 0.99

/*
 * A t before which no ray of the beam meets anything. The beam consists of the rays that stay
 * within TRACE_BEAM_REACH of this ray on each axis. INFINITY: nothing is met before t_stop.
 */
double trace_beam(const struct scene *s, const double origin[3], const double direction[3],
		  double t_stop);

enum { TRACE_BRICKS = 512 };

/* A brick that a thin beam passed through. */
struct trace_brick {
	uint32_t number; /* in the scene, from 1; 0: empty entry */
	uint64_t near;   /* its voxels that exist or touch one that does */
};

/* Of one thread, for one scene; zeroed at first. */
struct trace_memory {
	struct trace_brick bricks[TRACE_BRICKS];
};

/* The same for TRACE_THIN_BEAM_REACH, and exact to a voxel. t_range: the t before which nothing is
 * met, and t_stop. */
double trace_thin_beam(const struct scene *s, struct trace_memory *memory, const double origin[3],
		       const double direction[3], const double t_range[2]);

/* ---- for tree.c ------------------------------------------------------------------------- */

/* Relative to the corner of the grid it passes through. */
struct trace_line {
	double o[3];
	double d[3];
	double inverse[3]; /* 1 / d */
};

/* Where the line enters and leaves a box, from t_in on; false: never. *axis is that of the face it
 * enters through; unchanged when it starts inside. */
bool trace_clip(const struct trace_line *l, const double low[3], const double high[3], double *t_in,
		double *t_out, int *axis);

/* The first voxel in the grid from `at` on, which the line enters at t through a face of that axis;
 * at and hit->pos are relative to the grid's corner. */
bool trace_grid(const struct scene_grid *g, const struct trace_line *l, int32_t at[3], double t,
		int axis, struct hit *hit);

#endif
