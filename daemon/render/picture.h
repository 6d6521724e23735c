/*
 * picture.h - pictures of a scene, and what to draw into them.
 *
 * Pixels are RGBA8, row-major from the top left. Pixels that no voxel covers are exactly the
 * background. Here the calling thread draws them alone; drawers.h uses several threads.
 */
#ifndef DAEMON_RENDER_PICTURE_H
#define DAEMON_RENDER_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/render/scene.h"
#include "daemon/render/shade.h"
#include "daemon/render/view.h"

struct err;

enum {
	PICTURE_EDGE_MAX = 4096, /* pixels a side */
	PICTURE_THREADS_MAX = 16,
	PICTURES_MAX = 16, /* of a set */
};

struct picture {
	uint32_t width;
	uint32_t height;
	rgba *pixels; /* [height][width] */
};

/* Fresh memory; -EINVAL outside 1..PICTURE_EDGE_MAX, -ENOMEM. */
int picture_open(struct picture *p, uint32_t width, uint32_t height);
void picture_close(struct picture *p);

static inline size_t picture_bytes(const struct picture *p)
{
	return (size_t)p->width * p->height * sizeof(*p->pixels);
}

struct picture_job {
	const struct scene *scene;
	struct view view;
	struct shading shading;
	rgba background;
	bool smooth_edges; /* four more rays per pixel where neighbours see different faces */
};

/* Pictures of one scene. */
struct picture_set {
	const struct picture_job *jobs; /* [count] */
	struct picture *pictures;       /* [count]; pixels NULL: allocated when drawing starts */
	size_t count;                   /* 1..PICTURES_MAX */
	unsigned threads_max;           /* 0..PICTURE_THREADS_MAX; 0: see drawers.h */
	uint64_t client_id;             /* clients share the threads equally */
	/* Prepares what jobs point to. Called once, before the first pixel, by the thread that
	 * draws first; a negative return fails the set. NULL: already prepared. */
	int (*begin)(void *ctx);
	void *begin_ctx;
	/*
	 * Called for each picture by the thread that drew the last part of it, possibly several at
	 * a time; it may close the picture. A negative return fails the set. May be NULL.
	 */
	int (*finish)(void *ctx, size_t index, struct picture *p);
	void *finish_ctx;
	/* Called repeatedly by the caller's thread; a negative return ends the drawing and is
	 * returned. May be NULL. */
	int (*go_on)(void *ctx, uint64_t rows_done);
	void *go_on_ctx;
};

/* Returns 0, -ENOMEM, or what begin, finish, go_on or cancel_check returned. The caller owns the
 * pictures. */
int picture_draw_set(const struct picture_set *set, struct err *err);
int picture_draw(struct picture *p, const struct picture_job *job, struct err *err);

#endif
