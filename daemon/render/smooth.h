/*
 * smooth.h - what pixels see, and anti-aliasing where neighbouring pixels see different faces.
 *
 * A pixel at an edge gets four more rays. Each is tested only against the planes that the pixel and
 * its neighbours see, without a walk through the scene. That misses only details thinner than the
 * distance between two pixels.
 */
#ifndef DAEMON_RENDER_SMOOTH_H
#define DAEMON_RENDER_SMOOTH_H

#include <stdint.h>

#include "daemon/render/lens.h"
#include "daemon/render/scene.h"
#include "daemon/render/shade.h"

/*
 * What one ray saw, without its light: an edge is where this differs between neighbours. Faces of
 * the same plane and color count as one, since no edge is visible between them.
 */
struct sight {
	uint32_t face;  /* axis * 2 + (looks up its axis) + 1; 0: the background */
	int32_t pos[3]; /* of the voxel */
	rgba color;
};

/* What is needed to trace pixels. Everything but the memory is read only. */
struct looker {
	const struct scene *scene;
	const struct shading *shading;
	const struct lens *lens;
	struct shade_memory *memory; /* of this thread */
	rgba background;
};

/* The color at a place of the picture; its ray meets nothing before t_min. */
rgba look(const struct looker *k, double x, double y, double t_min, struct sight *sight);

/* A row of pixels as seen through their middles. */
struct look_row {
	rgba *pixels;         /* [width] */
	struct sight *sights; /* [width] */
	uint8_t *edges;       /* [width]: whether it differs from a neighbour */
	const double *t_min;  /* of each LOOK_TILE pixels */
};

enum { LOOK_TILE = 4 };

/* Fills the row's edges, and completes those of the row above it (NULL: none). */
void look_for_edges(const struct look_row *row, const struct look_row *above, uint32_t width);

/* Writes row y of the picture to out, from the row itself (rows[1]) and the rows above and below
 * it. */
void look_smooth(const struct looker *k, const struct look_row rows[3], uint32_t y, uint32_t width,
		 rgba *out);

#endif
