/*
 * band.h - a few rows of a picture, which one thread draws by itself.
 *
 * Beams first find, for each tile, the distance before which there is no voxel; its rays start
 * there.
 */
#ifndef DAEMON_RENDER_BAND_H
#define DAEMON_RENDER_BAND_H

#include <stdint.h>

#include "daemon/render/lens.h"
#include "daemon/render/picture.h"
#include "daemon/render/smooth.h"

enum {
	BAND_ROWS = 16,
	BAND_BEAM_ROWS = BAND_ROWS + 2, /* rows traced for a band: with one above and one below */
	BAND_BEAM_WIDTH = 16,
	BAND_TILE_ROWS = 6, /* of the thin beams */
	BAND_TILE_ROWS_COUNT = BAND_BEAM_ROWS / BAND_TILE_ROWS,
	BAND_TILES_MAX = PICTURE_EDGE_MAX / LOOK_TILE,
};

/* A picture being drawn. Read only after drawing_init. */
struct drawing {
	struct picture *picture;
	const struct picture_job *job;
	struct lens lens;
	double t_far;     /* beyond everything */
	double stop;      /* how far beams may be followed */
	double stop_thin; /* the same for thin beams */
};

/* The pixels of p may be allocated later. */
void drawing_init(struct drawing *d, struct picture *p, const struct picture_job *job);

/* Working memory of one thread: a band with the row above and below it (which are traced again),
 * and what was found before in one scene. */
struct band_scratch {
	struct trace_memory beams;
	struct shade_memory faces;
	double t_min[BAND_TILE_ROWS_COUNT][BAND_TILES_MAX];
	rgba *pixels;         /* [BAND_BEAM_ROWS][width] */
	struct sight *sights; /* the same */
	uint8_t *edges;       /* the same */
	uint32_t width;
};

/* For pictures up to that width. NULL when out of memory. */
struct band_scratch *band_scratch_new(uint32_t width);
void band_scratch_forget(struct band_scratch *scratch); /* before another scene */
void band_scratch_free(struct band_scratch *scratch);   /* NULL is fine */

/* Draws rows first .. end - 1, at most BAND_ROWS. 0, or a code of cancel_check when not all rows
 * are drawn. */
int draw_band(const struct drawing *d, uint32_t first, uint32_t end, struct band_scratch *scratch);

#endif
