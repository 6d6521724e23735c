/*
 * selections, the clipboard and moves against a plain cube of colors, at random: whole
 * blocks and parts of them, moved by blocks and by voxels; undo takes each of them back.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/base/rng.h"
#include "daemon/test/voxel_model.h"
#include "daemon/voxel/selection.h"

enum { ROUNDS = 400, COLORS = 3, MODEL_END = MODEL_MIN + MODEL_EDGE };

struct world {
	struct project *p;
	struct rng rng;
	struct model now;
	struct model before;
	bool is_chosen[MODEL_EDGE][MODEL_EDGE][MODEL_EDGE];
};

static struct layer *active(struct world *w)
{
	return document_active(&w->p->doc);
}

static rgba any_color(struct world *w)
{
	return 0xff000001u + (rgba)rng_below(&w->rng, COLORS);
}

static bool *chosen_at(struct world *w, int x, int y, int z)
{
	return &w->is_chosen[z - MODEL_MIN][y - MODEL_MIN][x - MODEL_MIN];
}

/* Half of them along blocks. */
static struct box any_box(struct world *w)
{
	bool is_aligned = rng_below(&w->rng, 2);
	struct box box;

	for (int i = 0; i < 3; i++) {
		int32_t a = MODEL_MIN + (int32_t)rng_below(&w->rng, MODEL_EDGE);
		int32_t b = MODEL_MIN + (int32_t)rng_below(&w->rng, MODEL_EDGE);

		box.min[i] = a < b ? a : b;
		box.max[i] = a < b ? b : a;
		if (is_aligned) {
			box.min[i] = (box.min[i] & ~BLOCK_MASK) < MODEL_MIN
					     ? 0
					     : box.min[i] & ~BLOCK_MASK;
			box.max[i] = (box.max[i] | BLOCK_MASK) >= MODEL_END
					     ? BLOCK_MASK
					     : box.max[i] | BLOCK_MASK;
			if (box.min[i] > box.max[i])
				box.min[i] = 0;
		}
	}
	return box;
}

#define FOR_BOX(b)                                               \
	for (int z = (b)->min[2]; z <= (b)->max[2]; z++)         \
		for (int y = (b)->min[1]; y <= (b)->max[1]; y++) \
			for (int x = (b)->min[0]; x <= (b)->max[0]; x++)

static const struct box whole = { { MODEL_MIN, MODEL_MIN, MODEL_MIN },
				  { MODEL_END - 1, MODEL_END - 1, MODEL_END - 1 } };

static void fill_at_random(struct world *w)
{
	struct box box = any_box(w);
	rgba color = rng_below(&w->rng, 4) ? any_color(w) : RGBA_NONE;
	uint64_t count;

	selection_set_box(w->p, &box);
	assert_int_equal(selection_fill(w->p, active(w), color, &count), 0);
	FOR_BOX(&box)
	*model_at(&w->now, x, y, z) = color;
}

/* Selects by box or by color; the count of the layer's voxels that are selected. */
static uint64_t choose(struct world *w)
{
	struct box box = any_box(w);
	rgba color = any_color(w);
	rgba tolerance = (rgba)rng_below(&w->rng, 2);
	bool by_color = rng_below(&w->rng, 2);
	uint64_t expected = 0;
	uint64_t count = 0;

	memset(w->is_chosen, 0, sizeof(w->is_chosen));
	FOR_BOX(&box)
	{
		rgba c = *model_at(&w->now, x, y, z);

		if (c && (!by_color || rgba_near(c, color, tolerance))) {
			*chosen_at(w, x, y, z) = true;
			expected++;
		}
	}
	if (by_color) {
		assert_int_equal(
			selection_set_color(w->p, active(w), color, tolerance, &box, &count), 0);
		assert_int_equal(count, expected);
	} else {
		selection_set_box(w->p, &box);
	}
	assert_int_equal(selection_count(w->p, active(w), &count), 0);
	assert_int_equal(count, expected);
	return expected;
}

/* By blocks or by voxels, and so that everything chosen stays inside. */
static void any_delta(struct world *w, int32_t delta[3])
{
	struct box box = { { 0, 0, 0 }, { 0, 0, 0 } };
	bool is_aligned = rng_below(&w->rng, 2);
	bool any = false;

	FOR_BOX(&whole)
	{
		struct box one = { { x, y, z }, { x, y, z } };

		if (!*chosen_at(w, x, y, z))
			continue;
		if (any)
			box_unite(&box, &one);
		else
			box = one;
		any = true;
	}
	for (int i = 0; i < 3; i++) {
		int32_t low = MODEL_MIN - box.min[i];
		int32_t high = MODEL_END - 1 - box.max[i];

		delta[i] = low + (int32_t)rng_below(&w->rng, (uint32_t)(high - low + 1));
		if (is_aligned)
			delta[i] = delta[i] / BLOCK_EDGE * BLOCK_EDGE;
	}
}

/* What was chosen goes, or appears moved, or both. */
static void apply(struct world *w, bool goes, const int32_t *delta)
{
	FOR_BOX(&whole)
	if (goes && *chosen_at(w, x, y, z))
		*model_at(&w->now, x, y, z) = RGBA_NONE;
	FOR_BOX(&whole)
	if (delta && *chosen_at(w, x, y, z))
		*model_at(&w->now, x + delta[0], y + delta[1], z + delta[2]) =
			*model_at(&w->before, x, y, z);
}

/* A color for what was chosen; of a box, for its empty places, too. */
static void fill_chosen(struct world *w)
{
	rgba color = rng_below(&w->rng, 4) ? any_color(w) : RGBA_NONE;
	bool has_mask = w->p->selection.has_mask;
	struct box box = w->p->selection.box;
	uint64_t count;

	assert_int_equal(selection_fill(w->p, active(w), color, &count), 0);
	FOR_BOX(&box)
	if (!has_mask || *chosen_at(w, x, y, z))
		*model_at(&w->now, x, y, z) = color;
}

/* True: the layer may have changed. */
static bool act(struct world *w, uint64_t expected)
{
	int32_t delta[3];
	int32_t at[3];
	uint64_t count = 0;
	unsigned what = (unsigned)rng_below(&w->rng, 5);

	if (!w->p->selection.is_set) {
		assert_int_equal(selection_delete(w->p, active(w), &count), -ENOENT);
		return false;
	}
	any_delta(w, delta);
	switch (what) {
	case 4:
		fill_chosen(w);
		return true;
	case 0:
		assert_int_equal(selection_delete(w->p, active(w), &count), 0);
		apply(w, true, NULL);
		break;
	case 1:
		assert_int_equal(selection_move(w->p, active(w), delta, &count), 0);
		apply(w, true, delta);
		break;
	default:
		for (int i = 0; i < 3; i++)
			at[i] = w->p->selection.box.min[i] + delta[i];
		if (what == 2)
			assert_int_equal(selection_cut(w->p, active(w), &count), 0);
		else
			assert_int_equal(selection_copy(w->p, active(w), &count), 0);
		assert_int_equal(selection_paste(w->p, active(w), at, &count), 0);
		apply(w, what == 2, delta);
	}
	assert_int_equal(count, expected);
	return true;
}

static void undo_all(struct world *w, uint32_t steps)
{
	const char *label;

	while (w->p->history.done_count > steps)
		assert_int_equal(project_undo(w->p, &label), 0);
}

static void test_selections_are_what_a_plain_cube_says(void **state)
{
	const int32_t size[3] = { 64, 64, 64 };
	struct world *w = calloc(1, sizeof(*w));

	(void)state;
	assert_non_null(w);
	rng_init(&w->rng, 7, 7);
	assert_int_equal(project_new(1, "p", 1, size, &w->p), 0);
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t steps;
		uint64_t expected;
		const char *label;

		if (round % 8 == 0)
			fill_at_random(w);
		history_clear(&w->p->history);
		w->before = w->now;
		expected = choose(w);
		steps = w->p->history.done_count;
		if (!act(w, expected))
			continue;
		if (!model_equal(&w->now, &active(w)->volume))
			fail_msg("round %d", round);
		if (round % 3)
			continue;
		undo_all(w, steps);
		if (!model_equal(&w->before, &active(w)->volume))
			fail_msg("undo of round %d", round);
		while (w->p->history.undone_count)
			assert_int_equal(project_redo(w->p, &label), 0);
		if (!model_equal(&w->now, &active(w)->volume))
			fail_msg("redo of round %d", round);
	}
	project_free(w->p);
	free(w);
}

/* A block that the clipboard shares with the layer is pasted beside itself, and its own place is
 * written, too, in one edit. */
static void test_a_shared_block_is_known_at_each_place(void **state)
{
	const int32_t size[3] = { 64, 64, 64 };
	const int32_t at[3] = { -BLOCK_EDGE, 0, 0 };
	struct box left = { { 0, 0, 0 }, { BLOCK_MASK, BLOCK_MASK, BLOCK_MASK } };
	struct box right = { { BLOCK_EDGE, 0, 0 }, { 2 * BLOCK_EDGE - 1, BLOCK_MASK, BLOCK_MASK } };
	/* So that the right block is laid over the left one row by row. */
	struct voxel hole = { BLOCK_EDGE + 5, 5, 5, RGBA_NONE };
	struct project *p = NULL;
	const struct volume *v;
	uint64_t count;
	const char *label;

	(void)state;
	assert_int_equal(project_new(1, "p", 1, size, &p), 0);
	v = &document_active(&p->doc)->volume;
	selection_set_box(p, &left);
	assert_int_equal(selection_fill(p, document_active(&p->doc), RGBA_WHITE, &count), 0);
	selection_set_box(p, &right);
	assert_int_equal(selection_fill(p, document_active(&p->doc), 0xff0000ffu, &count), 0);
	assert_int_equal(project_set_voxel(p, document_active(&p->doc), &hole, NULL), 0);
	box_unite(&right, &left);
	selection_set_box(p, &right);
	assert_int_equal(selection_copy(p, document_active(&p->doc), &count), 0);
	assert_int_equal(selection_paste(p, document_active(&p->doc), at, &count), 0);
	assert_int_equal(volume_get(v, 6, 5, 5), 0xff0000ffu);
	assert_int_equal(volume_get(v, -1, 5, 5), RGBA_WHITE);
	assert_int_equal(project_undo(p, &label), 0);
	assert_int_equal(volume_get(v, 6, 5, 5), RGBA_WHITE);
	assert_int_equal(volume_get(v, -1, 5, 5), RGBA_NONE);
	assert_int_equal(volume_voxels_count(v), 2 * BLOCK_VOXELS - 1);
	project_free(p);
}

static void test_moves_end_at_the_ends_of_the_coordinates(void **state)
{
	const int32_t size[3] = { 64, 64, 64 };
	const int32_t too_far[3] = { 1, 0, 0 };
	const int32_t back[3] = { -3, 0, 0 };
	struct voxel v = { INT32_MAX, 0, 0, RGBA_WHITE };
	struct box box = { { INT32_MAX - 4, 0, 0 }, { INT32_MAX, 0, 0 } };
	struct project *p = NULL;
	uint64_t count;

	(void)state;
	assert_int_equal(project_new(1, "p", 1, size, &p), 0);
	assert_int_equal(project_set_voxel(p, document_active(&p->doc), &v, NULL), 0);
	selection_set_box(p, &box);
	assert_int_equal(selection_move(p, document_active(&p->doc), too_far, &count), -ERANGE);
	assert_int_equal(selection_copy(p, document_active(&p->doc), &count), 0);
	assert_int_equal(selection_paste(p, document_active(&p->doc),
					 (int32_t[]){ INT32_MAX - 3, 0, 0 }, &count),
			 -ERANGE);
	assert_int_equal(volume_voxels_count(&document_active(&p->doc)->volume), 1);
	assert_int_equal(selection_move(p, document_active(&p->doc), back, &count), 0);
	assert_int_equal(volume_get(&document_active(&p->doc)->volume, INT32_MAX - 3, 0, 0),
			 RGBA_WHITE);
	project_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selections_are_what_a_plain_cube_says),
		cmocka_unit_test(test_a_shared_block_is_known_at_each_place),
		cmocka_unit_test(test_moves_end_at_the_ends_of_the_coordinates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
