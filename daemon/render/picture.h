/*
 * picture.h - draws a scene into an image, in own threads.
 *
 * Pixels are RGBA8, row-major from the top left. Pixels that no voxel covers are exactly the
 * background.
 */
#ifndef DAEMON_RENDER_PICTURE_H
#define DAEMON_RENDER_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/render/scene.h"
#include "daemon/render/shade.h"
#include "daemon/render/view.h"

struct err;

enum {
	PICTURE_EDGE_MAX = 4096, /* pixels a side */
	PICTURE_THREADS_MAX = 16,
};

struct picture {
	uint32_t width;
	uint32_t height;
	rgba *pixels; /* [height][width] */
};

/* Fresh memory; -EINVAL outside 1..PICTURE_EDGE_MAX, -ENOMEM. */
int picture_open(struct picture *p, uint32_t width, uint32_t height);
void picture_close(struct picture *p);

struct picture_job {
	const struct scene *scene;
	struct view view;
	struct shading shading;
	rgba background;
	bool smooth_edges;      /* four more rays where neighbouring pixels see different faces */
	unsigned threads_count; /* 1..PICTURE_THREADS_MAX; the caller's thread is one of them */
	/* Asked by the caller's thread between bands; false ends the drawing. NULL: nobody asks. */
	bool (*go_on)(void *ctx, uint32_t rows_done);
	void *go_on_ctx;
};

/* Returns 0, -ENOMEM or -ECANCELED. */
int picture_draw(struct picture *p, const struct picture_job *job, struct err *err);

#endif
