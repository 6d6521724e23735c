/*
 * set_work.h - a set of pictures that is being drawn, cut into bands, so that an expensive part of
 * a picture does not make other threads wait; where there are several pictures, the next one's
 * bands follow.
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
	SET_WAITS,  /* for somebody to begin it */
	SET_BEGINS, /* the scene is being made */
	SET_DRAWS,
};

/* One picture of the set. */
struct set_part {
	struct drawing drawing;
	uint32_t width; /* kept: finish may close the picture */
	uint32_t height;
	uint32_t rows_left;
};

/* Caller-allocated. All but rc is under the lock. */
struct set_work {
	const struct picture_set *set;
	struct set_part parts[PICTURES_MAX];
	uint32_t width_max;
	enum set_stage stage;
	size_t next_part;
	uint32_t next_row;
	uint64_t rows_done;
	uint64_t pixels_left; /* not taken yet */
	uint64_t open_bytes;  /* of pictures that were opened here and are still open */
	atomic_int rc;        /* 0, or the first failure: written once, read by any thread */
};

struct set_band {
	size_t part;
	uint32_t first;
	uint32_t end;
};

void set_work_init(struct set_work *w, const struct picture_set *set);

/* The first failure stays. Any thread, without the lock. */
void set_work_fail(struct set_work *w, int rc);
static inline int set_work_rc(const struct set_work *w)
{
	return atomic_load_explicit(&w->rc, memory_order_relaxed);
}

/* A cancel_ask for threads that only help: have they been told to stop? ctx: the set_work. */
int set_work_ask(void *ctx);

/* Whether there is anything to begin or to draw, under the lock. */
bool set_work_has_more(const struct set_work *w);
/* The picture that the next band is of is not in memory yet: its bytes; 0: it is. Under the lock.
 */
size_t set_work_next_bytes(const struct set_work *w);

/* Makes the scene, without the lock; the stage was and is changed under it. */
void set_work_begin(struct set_work *w);

/* The next band, its picture's pixels in place, under the lock. False: it failed. */
bool set_work_take(struct set_work *w, struct set_band *out);
/* Draws it, without the lock. */
void set_work_draw(struct set_work *w, const struct set_band *band, struct workshop *shop);
/* Under the lock. True: it was the picture's last one, set_work_finish is due. */
bool set_work_end(struct set_work *w, const struct set_band *band);
/* Hands the picture over, without the lock. */
void set_work_finish(struct set_work *w, size_t part);
/* Under the lock, after that. */
void set_work_finished(struct set_work *w, size_t part);

/* The words for a failed set; returns its code. 0: it did not fail. */
int set_work_result(const struct set_work *w, struct err *err);

#endif
