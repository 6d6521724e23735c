/*
 * set_work.h - a set of pictures being drawn, divided into bands, so that an expensive part of a
 * picture does not make other threads wait; the bands of several pictures follow each other.
 *
 * Threads: one, or several that hold a lock in the calls that say so.
 */
#ifndef DAEMON_RENDER_SET_WORK_H
#define DAEMON_RENDER_SET_WORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/render/band.h"
#include "daemon/render/picture.h"

struct err;

enum set_stage {
	SET_WAITS,  /* not begun yet */
	SET_BEGINS, /* the scene is being prepared */
	SET_DRAWS,
};

/* One picture of the set. */
struct set_part {
	struct drawing drawing;
	uint32_t width; /* kept: finish may close the picture */
	uint32_t height;
	uint32_t rows_left;
};

/* Caller-allocated. All fields but rc are under the lock. */
struct set_work {
	const struct picture_set *set;
	struct set_part parts[PICTURES_MAX];
	uint32_t width_max;
	enum set_stage stage;
	size_t next_part;
	uint32_t next_row;
	uint64_t rows_done;
	uint64_t pixels_left; /* not handed out yet */
	uint64_t open_bytes;  /* of pictures that were opened here and are still open */
	atomic_int rc;        /* 0, or the first failure: written once, read by any thread */
};

struct set_band {
	size_t part;
	uint32_t first;
	uint32_t end;
};

void set_work_init(struct set_work *w, const struct picture_set *set);

/* Sets the failure code unless one is set. Any thread, without the lock. */
void set_work_fail(struct set_work *w, int rc);
static inline int set_work_rc(const struct set_work *w)
{
	return atomic_load_explicit(&w->rc, memory_order_relaxed);
}

/* A cancel_ask for helping threads: whether the set has failed. ctx: the set_work. */
int set_work_ask(void *ctx);

/* With the lock held: whether there is anything left to begin or to draw. */
bool set_work_has_more(const struct set_work *w);
/* With the lock held: the size of the picture of the next band when it is not allocated yet, else
 * 0. */
size_t set_work_next_bytes(const struct set_work *w);

/* Prepares the scene, without the lock; the stage is changed under it, before and after. */
void set_work_begin(struct set_work *w);

/* With the lock held: takes the next band and allocates its picture if needed. False: it failed. */
bool set_work_take(struct set_work *w, struct set_band *out);
/* Draws the band, without the lock. */
void set_work_draw(struct set_work *w, const struct set_band *band, struct band_scratch *scratch);
/* With the lock held. True: it was the picture's last band, call set_work_finish next. */
bool set_work_end(struct set_work *w, const struct set_band *band);
/* Passes the picture to set->finish, without the lock. */
void set_work_finish(struct set_work *w, size_t part);
/* With the lock held, after that. */
void set_work_finished(struct set_work *w, size_t part);

/* Sets err for a failed set and returns its code; 0 when it did not fail. */
int set_work_result(const struct set_work *w, struct err *err);

#endif
