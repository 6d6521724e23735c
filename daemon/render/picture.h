/*
 * picture.h - draws a scene into images, in own threads.
 *
 * Pixels are RGBA8, row-major from the top left. Pixels that no voxel covers are exactly the
 * background.
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

struct picture_job {
	const struct scene *scene;
	struct view view;
	struct shading shading;
	rgba background;
	bool smooth_edges; /* four more rays where neighbouring pixels see different faces */
};

/* Pictures of one scene. */
struct picture_set {
	const struct picture_job *jobs; /* [count] */
	struct picture *pictures;       /* [count]; pixels NULL: opened when it is their turn */
	size_t count;                   /* 1..PICTURES_MAX */
	unsigned threads_count;         /* 1..PICTURE_THREADS_MAX */
	/* Makes what jobs point to, called once, by one of the threads, before the first pixel; a
	 * negative return fails the set. NULL: they are ready. */
	int (*begin)(void *ctx);
	void *begin_ctx;
	/*
	 * false: the caller's thread is one of them. true: it waits, and the threads run only where
	 * nobody else wants the processor, so that requests are answered meanwhile as if there were
	 * no drawing; when they hardly get to run (another process keeps the machine busy) the
	 * caller's thread draws, too.
	 */
	bool in_background;
	/* Told of each picture by the thread that drew the last of it, several at a time; a
	 * negative return fails the set. NULL: nobody is. */
	int (*finish)(void *ctx, size_t index, struct picture *p);
	void *finish_ctx;
	/* Asked by the caller's thread between bands; false ends the drawing. NULL: nobody asks. */
	bool (*go_on)(void *ctx, uint64_t rows_done);
	void *go_on_ctx;
};

/* Returns 0, -ENOMEM, -ECANCELED or what finish returned; pictures stay the caller's. */
int picture_draw_set(const struct picture_set *set, struct err *err);

/* One, the caller's thread among those that draw. */
int picture_draw(struct picture *p, const struct picture_job *job, unsigned threads_count,
		 struct err *err);

#endif
