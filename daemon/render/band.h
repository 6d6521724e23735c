/*
 * band.h - a few rows of a picture, which one thread draws by itself.
 *
 * Beams first find for each tile where the first voxel can be; rays start there.
 */
#ifndef DAEMON_RENDER_BAND_H
#define DAEMON_RENDER_BAND_H

#include <stdint.h>

#include "daemon/render/lens.h"
#include "daemon/render/picture.h"
#include "daemon/render/smooth.h"

enum {
	BAND_ROWS = 16,
	BAND_BEAM_ROWS = BAND_ROWS + 2, /* seen for a band: the one above and below, too */
	BAND_BEAM_WIDTH = 16,
	BAND_TILE_ROWS = 6, /* of the thin beams */
	BAND_TILE_ROWS_COUNT = BAND_BEAM_ROWS / BAND_TILE_ROWS,
	BAND_TILES_MAX = PICTURE_EDGE_MAX / LOOK_TILE,
};

/* A picture under way. Read only after drawing_init. */
struct drawing {
	struct picture *picture;
	const struct picture_job *job;
	struct lens lens;
	double t_far;     /* behind everything */
	double stop;      /* how far beams may be followed */
	double stop_thin; /* and thin ones */
};

/* p's pixels need not be there yet. */
void drawing_init(struct drawing *d, struct picture *p, const struct picture_job *job);

/* What a thread works in: a band, and the row above and below it, which are found again. What it
 * remembers is of one scene. */
struct workshop {
	struct trace_memory beams;
	struct shade_memory faces;
	double t_min[BAND_TILE_ROWS_COUNT][BAND_TILES_MAX];
	rgba *pixels;         /* [BAND_BEAM_ROWS][width] */
	struct sight *sights; /* the same */
	uint8_t *edges;       /* the same */
	uint32_t width;
};

/* For pictures up to that width. NULL when out of memory. */
struct workshop *workshop_new(uint32_t width);
void workshop_forget(struct workshop *shop); /* before another scene */
void workshop_free(struct workshop *shop);   /* NULL is fine */

/* Rows first .. end - 1, at most BAND_ROWS. 0 or a code of cancel_check: then not all are drawn. */
int draw_band(const struct drawing *d, uint32_t first, uint32_t end, struct workshop *shop);

#endif
