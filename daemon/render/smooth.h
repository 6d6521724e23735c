/*
 * smooth.h - what pixels see, and smoother edges where neighbouring ones see different faces.
 *
 * Four rays more for a pixel at an edge; each is asked only whether it meets one of the planes that
 * the pixel and its neighbours see, which needs no walk through the scene. That misses only what is
 * thinner than the distance of two pixels.
 */
#ifndef DAEMON_RENDER_SMOOTH_H
#define DAEMON_RENDER_SMOOTH_H

#include <stdint.h>

#include "daemon/render/lens.h"
#include "daemon/render/scene.h"
#include "daemon/render/shade.h"

/*
 * What one ray saw, beside its light: edges are where this differs between neighbours. Faces of one
 * plane and color are one: no edge is smoothed where none is seen.
 */
struct sight {
	uint32_t face;  /* axis * 2 + (looks up its axis) + 1; 0: the background */
	int32_t pos[3]; /* of the voxel */
	rgba color;
};

/* What looking needs. Everything but the memory is read only. */
struct looker {
	const struct scene *scene;
	const struct shading *shading;
	const struct lens *lens;
	struct shade_memory *memory; /* of this thread */
	rgba background;
};

/* The color at a place of the picture; rays there meet nothing before t_min. */
rgba look(const struct looker *k, double x, double y, double t_min, struct sight *sight);

/* A row of pixels as seen through their middles. */
struct look_row {
	rgba *pixels;         /* [width] */
	struct sight *sights; /* [width] */
	uint8_t *edges;       /* [width]: whether it looks different from a neighbour */
	const double *t_min;  /* of each LOOK_TILE pixels */
};

enum { LOOK_TILE = 4 };

/* Fills the row's edges, and completes those of the row above it (NULL: none). */
void look_for_edges(const struct look_row *row, const struct look_row *above, uint32_t width);

/* Row y of the picture into out, from itself (rows[1]) and the rows above and below it. */
void look_smooth(const struct looker *k, const struct look_row rows[3], uint32_t y, uint32_t width,
		 rgba *out);

#endif
