/*
 * The ring of steps: the steps at [first, first + done) can be undone, the undone_count after them
 * can be redone. The extra slot after the ring holds the step being made; commit swaps it with its
 * place in the ring, so that the arrays are reused.
 */
#include "daemon/voxel/history.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/budget.h"
#include "daemon/voxel/history_step.h"

static struct history_step *open_step(const struct history *h)
{
	return h->steps[HISTORY_STEPS_MAX];
}

/* The n-th step, counted from the oldest. */
static struct history_step *step_at(const struct history *h, uint32_t n)
{
	return h->steps[(h->first + n) % HISTORY_STEPS_MAX];
}

static struct layer *layer_of(struct volume *v)
{
	return (struct layer *)((char *)v - offsetof(struct layer, volume));
}

static int before_block(struct volume_watch *w, struct volume *v, struct block_pos pos,
			struct block *block)
{
	struct history *h = (struct history *)((char *)w - offsetof(struct history, watch));

	return step_add_block(open_step(h), layer_of(v), pos, block);
}

void history_init(struct history *h)
{
	*h = (struct history){ .watch = { .before = before_block } };
}

static void drop(struct history *h, struct history_step *s)
{
	h->blocks_count -= s->blocks_count;
	step_clear(s);
}

static void drop_undone(struct history *h)
{
	while (h->undone_count)
		drop(h, step_at(h, h->done_count + --h->undone_count));
}

static void drop_oldest(struct history *h)
{
	drop(h, step_at(h, 0));
	h->first = (h->first + 1) % HISTORY_STEPS_MAX;
	h->done_count--;
}

void history_clear(struct history *h)
{
	assert(!h->is_open);
	drop_undone(h);
	while (h->done_count)
		drop_oldest(h);
}

void history_deinit(struct history *h)
{
	if (!h->steps)
		return;
	history_clear(h);
	for (uint32_t i = 0; i <= HISTORY_STEPS_MAX; i++)
		step_deinit(&h->memory[i]);
	free(h->memory);
	free(h->steps);
	free(h->watched);
	h->steps = NULL;
	h->watched = NULL;
}

/* For the budget, while an edit is under way. */
static bool drop_spare(void *ctx, size_t bytes)
{
	struct history *h = ctx;

	(void)bytes;
	if (h->done_count <= HISTORY_STEPS_SPARED)
		return false;
	drop_oldest(h);
	return true;
}

static int make_ring(struct history *h)
{
	struct history_step **steps = calloc(HISTORY_STEPS_MAX + 1, sizeof(struct history_step *));

	h->memory = calloc(HISTORY_STEPS_MAX + 1, sizeof(*h->memory));
	if (!steps || !h->memory) {
		free(steps);
		free(h->memory);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i <= HISTORY_STEPS_MAX; i++)
		steps[i] = &h->memory[i];
	h->steps = steps;
	return 0;
}

int history_begin(struct history *h, const char *label)
{
	assert(!h->is_open);
	if (!h->steps && make_ring(h) < 0)
		return -ENOMEM;
	h->is_open = true;
	/* A step of single voxels holds almost no memory, and such edits are frequent. */
	h->has_spare = h->blocks_count > 0;
	if (h->has_spare)
		budget_set_spare(drop_spare, h);
	h->epoch++;
	open_step(h)->label = label;
	return 0;
}

int history_keep_layers(struct history *h, struct document *d)
{
	assert(h->is_open);
	return open_step(h)->metas ? 0 : step_add_layers(open_step(h), d);
}

int history_keep_voxel(struct history *h, struct layer *l, const struct voxel *old)
{
	struct history_step *s = open_step(h);

	assert(h->is_open);
	if (s->voxels_count >= HISTORY_VOXELS_MAX || s->blocks_count ||
	    (s->voxels_count && s->voxels_layer != l))
		return -ENOSPC;
	return step_add_voxel(s, l, old);
}

int history_keep_blocks(struct history *h, struct layer *l)
{
	assert(h->is_open);
	if (l->volume.watch)
		return 0;
	if (h->watched_count == h->watched_cap) {
		uint32_t cap = h->watched_cap ? 2 * h->watched_cap : 4;
		struct layer **grown = realloc(h->watched, cap * sizeof(struct layer *));

		if (!grown)
			return -ENOMEM;
		h->watched = grown;
		h->watched_cap = cap;
	}
	layer_ref(l);
	h->watched[h->watched_count++] = l;
	volume_watch(&l->volume, &h->watch, h->epoch);
	return 0;
}

static void unwatch(struct history *h)
{
	while (h->watched_count) {
		struct layer *l = h->watched[--h->watched_count];

		volume_unwatch(&l->volume);
		layer_put(l);
	}
	if (h->has_spare)
		budget_set_spare(NULL, NULL);
	h->is_open = false;
}

const struct history_step *history_made(const struct history *h)
{
	assert(h->is_open);
	return step_is_empty(open_step(h)) ? NULL : open_step(h);
}

bool history_commit(struct history *h)
{
	struct history_step *made = open_step(h);
	uint32_t place;

	assert(h->is_open);
	unwatch(h);
	if (step_is_empty(made))
		return false;
	drop_undone(h);
	if (h->done_count == HISTORY_STEPS_MAX)
		drop_oldest(h);
	place = (h->first + h->done_count) % HISTORY_STEPS_MAX;
	h->steps[HISTORY_STEPS_MAX] = h->steps[place];
	h->steps[place] = made;
	h->done_count++;
	h->blocks_count += made->blocks_count;
	while (h->blocks_count > HISTORY_BLOCKS_MAX && h->done_count > 1)
		drop_oldest(h);
	return true;
}

void history_commit_voxel(struct history *h, struct layer *l, const struct voxel *old)
{
	struct history_step *s = open_step(h);
	const char *label = s->label;

	assert(h->is_open && step_is_empty(s));
	unwatch(h);
	drop_undone(h);
	/* Single voxels come in long rows: the oldest step becomes the newest. */
	if (h->done_count == HISTORY_STEPS_MAX && step_is_of_voxels(step_at(h, 0), l)) {
		h->first = (h->first + 1) % HISTORY_STEPS_MAX;
		h->done_count--;
	} else if (h->done_count == HISTORY_STEPS_MAX) {
		drop_oldest(h);
	}
	s = step_at(h, h->done_count++);
	if (!s->voxels_layer) {
		layer_ref(l);
		s->voxels_layer = l;
	}
	s->label = label;
	s->few[0] = *old;
	s->voxels_count = 1;
}

int history_rollback(struct history *h, struct document *d)
{
	struct history_step *s = open_step(h);
	int rc;

	assert(h->is_open);
	unwatch(h);
	/* Undo writes to tables that still have room; only the layer list, and a block whose last
	 * voxel was removed, need memory. */
	budget_begin_restore();
	rc = step_backward(s, d);
	budget_end_restore();
	step_clear(s);
	return rc;
}

int history_undo(struct history *h, struct document *d, const char **label)
{
	struct history_step *s;
	int rc;

	if (!h->done_count)
		return -ENOENT;
	s = step_at(h, h->done_count - 1);
	budget_begin_restore();
	rc = step_backward(s, d);
	budget_end_restore();
	if (rc < 0)
		return rc;
	h->done_count--;
	h->undone_count++;
	*label = s->label;
	return 0;
}

int history_redo(struct history *h, struct document *d, const char **label)
{
	struct history_step *s;
	int rc;

	if (!h->undone_count)
		return -ENOENT;
	s = step_at(h, h->done_count);
	budget_begin_restore();
	rc = step_forward(s, d);
	budget_end_restore();
	if (rc < 0)
		return rc;
	h->done_count++;
	h->undone_count--;
	*label = s->label;
	return 0;
}

const struct history_step *history_undone(const struct history *h)
{
	assert(h->undone_count);
	return step_at(h, h->done_count);
}

const struct history_step *history_done(const struct history *h)
{
	assert(h->done_count);
	return step_at(h, h->done_count - 1);
}
