/* undo and redo against saved copies; layers, merging, snapshots, selections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/alloc.h"
#include "daemon/base/rng.h"
#include "daemon/test/skip.h"
#include "daemon/test/voxel_model.h"
#include "daemon/voxel/analyze.h"
#include "daemon/voxel/selection.h"
#include "daemon/voxel/shapes.h"
#include "daemon/voxel/snapshot.h"

static const int32_t size[3] = { 64, 64, 64 };

static struct project *fresh(void)
{
	struct project *p = NULL;

	assert_int_equal(project_new(1, "p", 1, size, &p), 0);
	return p;
}

static struct layer *active(struct project *p)
{
	return document_active(&p->doc);
}

static int put(struct project *p, int32_t x, int32_t y, int32_t z, rgba color)
{
	struct voxel v = { x, y, z, color };

	return project_set_voxel(p, active(p), &v, NULL);
}

static bool same_meta(const struct layer_meta *a, const struct layer_meta *b)
{
	return a->id == b->id && !strcmp(a->name, b->name) && a->visible == b->visible &&
	       a->opacity == b->opacity && a->color == b->color && a->mode == b->mode;
}

/* Two documents hold the same layers with the same voxels. */
static bool same(const struct document *a, const struct document *b)
{
	if (a->layers_count != b->layers_count || a->active_id != b->active_id)
		return false;
	for (size_t i = 0; i < a->layers_count; i++) {
		struct volume_iter it = { .v = &a->layers[i]->volume };

		if (!same_meta(&a->layers[i]->meta, &b->layers[i]->meta) ||
		    volume_voxels_count(&a->layers[i]->volume) !=
			    volume_voxels_count(&b->layers[i]->volume))
			return false;
		while (volume_next(&it)) {
			const struct block *other = volume_find(&b->layers[i]->volume, it.pos);

			if (!other ||
			    memcmp(other->voxels, it.block->voxels, sizeof(other->voxels)) != 0)
				return false;
		}
	}
	return true;
}

static void random_voxels(struct rng *r, struct project *p, size_t n)
{
	struct voxel *list = malloc(n * sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = (struct voxel){ (int32_t)rng_below(r, 40) - 20,
					  (int32_t)rng_below(r, 40) - 20,
					  (int32_t)rng_below(r, 40) - 20,
					  rng_below(r, 3) ? (rgba)rng_next(r) | 0xff000000u : 0 };
	assert_int_equal(project_set_voxels(p, active(p), list, n), 0);
	free(list);
}

static void random_edit(struct rng *r, struct project *p)
{
	size_t pick = rng_below(r, p->doc.layers_count);
	int32_t id = p->doc.layers[pick]->meta.id;
	struct layer *l;

	switch (rng_below(r, 10)) {
	case 0:
		random_voxels(r, p, 1000);
		break;
	case 1:
		random_voxels(r, p, 100);
		break;
	case 2:
		assert_int_equal(project_layer_create(p, "new", 3, &l), 0);
		break;
	case 3:
		assert_int_equal(project_layer_delete(p, id), 0);
		break;
	case 4:
		if (p->doc.layers_count < 6)
			assert_int_equal(project_layer_duplicate(p, id, &l), 0);
		break;
	case 5:
		if (p->doc.active_id != id)
			assert_int_equal(project_layer_merge(p, id, p->doc.active_id), 0);
		break;
	case 6:
		assert_int_equal(project_layer_move(p, id, rng_below(r, p->doc.layers_count)), 0);
		break;
	case 7:
		assert_int_equal(project_layer_clear(p, id), 0);
		break;
	case 8:
		assert_int_equal(project_layer_activate(p, id), 0);
		break;
	default:
		put(p, (int32_t)rng_below(r, 40) - 20, 0, 0, (rgba)rng_next(r) | 0xff000000u);
	}
}

enum { EDITS = 100 };

static void test_undo_and_redo_restore_every_state(void **state)
{
	struct project *p = fresh();
	struct snapshot *states[EDITS + 1];
	struct rng r;
	const char *label;

	(void)state;
	rng_init(&r, 11, 0);
	for (int round = 0; round < 5; round++) {
		uint32_t done = 0;

		history_clear(&p->history);
		states[0] = snapshot_take(p);
		while (done < EDITS) {
			random_edit(&r, p);
			if (p->history.done_count == done)
				continue; /* it changed nothing and left no step */
			states[++done] = snapshot_take(p);
		}
		for (int pass = 0; pass < 2; pass++) {
			for (uint32_t i = done; i-- > 0;) {
				assert_int_equal(project_undo(p, &label), 0);
				assert_true(same(&p->doc, &states[i]->doc));
			}
			assert_int_equal(project_undo(p, &label), -ENOENT);
			for (uint32_t i = 1; i <= done; i++) {
				assert_int_equal(project_redo(p, &label), 0);
				assert_true(same(&p->doc, &states[i]->doc));
			}
			assert_int_equal(project_redo(p, &label), -ENOENT);
		}
		for (uint32_t i = 0; i <= done; i++)
			snapshot_put(states[i]);
	}
	project_free(p);
}

static void test_history_is_bounded(void **state)
{
	struct project *p = fresh();
	const char *label;
	int undone = 0;

	(void)state;
	for (int i = 0; i < HISTORY_STEPS_MAX + 10; i++)
		put(p, i, 0, 0, RGBA_WHITE);
	while (project_undo(p, &label) == 0)
		undone++;
	assert_int_equal(undone, HISTORY_STEPS_MAX);
	assert_int_equal(document_voxels_count(&p->doc), 10);
	assert_int_equal(put(p, 0, 9, 0, RGBA_WHITE), 0);
	assert_int_equal(project_redo(p, &label), -ENOENT);
	project_free(p);
}

static void test_history_costs_only_what_changed(void **state)
{
	struct project *p = fresh();
	struct box box = { { 0, 0, 0 }, { 159, 159, 159 } };
	struct shape small = { .kind = SHAPE_BOX, .size = { 20, 2, 2 } };
	struct block_usage before;
	struct block_usage after;
	uint64_t count;

	(void)state;
	for (int32_t z = 0; z < 160; z++) /* blocks of their own, not one shared by all */
		for (int32_t y = 0; y < 160; y++)
			assert_int_equal(volume_fill_row(&active(p)->volume, box.min[0], box.max[0],
							 y, z, RGBA_WHITE),
					 0);
	block_usage(&before);
	assert_int_equal(project_begin(p, "shape"), 0);
	assert_int_equal(project_edit_layer(p, active(p)), 0);
	assert_int_equal(shape_draw(&active(p)->volume, &small, 0xff0000ffu, &count), 0);
	assert_int_equal(project_commit(p), 0);
	block_usage(&after);
	assert_int_equal(after.live_count - before.live_count, 2);
	assert_int_equal(p->history.blocks_count, 2);
	/* A single voxel costs no block. */
	put(p, 100, 100, 100, 0xff00ff00u);
	block_usage(&after);
	assert_int_equal(after.live_count - before.live_count, 2);
	project_free(p);
}

static void test_failed_edit_changes_nothing(void **state)
{
	struct project *p = fresh();
	struct snapshot *before;
	struct voxel *list = calloc(1000, sizeof(*list));

	(void)state;
	for (int i = 0; i < 100; i++)
		put(p, 16 * i, 0, 0, RGBA_WHITE);
	before = snapshot_take(p);
	p->doc.budget.blocks_max = 500;
	for (int i = 0; i < 1000; i++)
		list[i] = (struct voxel){ 16 * i, 0, 0, 0xff0000ffu };
	assert_int_equal(project_set_voxels(p, active(p), list, 1000), -ENOSPC);
	assert_true(same(&p->doc, &before->doc));
	p->doc.budget.blocks_max = 150;
	assert_int_equal(project_set_voxels(p, active(p), list, 200), -ENOSPC);
	assert_true(same(&p->doc, &before->doc));
	assert_int_equal(p->doc.budget.blocks_count, 100);
	assert_int_equal(p->doc.version, before->doc.version);
	snapshot_put(before);
	free(list);
	project_free(p);
}

static void test_steady_editing_allocates_nothing(void **state)
{
	struct project *p = fresh();
	struct voxel list[HISTORY_VOXELS_MAX];
	struct alloc_counts before = { 0 };
	struct alloc_counts after;

	(void)state;
	if (!alloc_is_counted())
		skip_because(NO_ALLOC_COUNTS);
	for (int round = 0; round < 3 * HISTORY_STEPS_MAX; round++) {
		if (round == 2 * HISTORY_STEPS_MAX)
			alloc_read_thread(&before);
		for (int i = 0; i < HISTORY_VOXELS_MAX; i++)
			list[i] = (struct voxel){ i, round % 7, 0, (rgba)round | 0xff000000u };
		assert_int_equal(project_set_voxels(p, active(p), list, HISTORY_VOXELS_MAX), 0);
		put(p, round, 0, 0, RGBA_WHITE);
		put(p, round, 0, 0, RGBA_NONE);
	}
	alloc_read_thread(&after);
	assert_int_equal(after.allocs_count, before.allocs_count);
	project_free(p);
}

static void test_layer_limits(void **state)
{
	struct project *p = fresh();
	struct layer *l;

	(void)state;
	for (int i = 1; i < DOCUMENT_LAYERS_MAX; i++)
		assert_int_equal(project_layer_create(p, "x", 1, &l), 0);
	assert_int_equal(project_layer_create(p, "x", 1, &l), -ENOSPC);
	assert_int_equal(project_layer_duplicate(p, 1, &l), -ENOSPC);
	assert_int_equal(p->doc.layers_count, DOCUMENT_LAYERS_MAX);
	assert_int_equal(project_layer_delete(p, 9999), -ENOENT);
	assert_int_equal(project_layer_move(p, 1, DOCUMENT_LAYERS_MAX), -EINVAL);
	project_free(p);
}

static void test_names_are_cut_on_whole_characters(void **state)
{
	struct layer_meta meta;
	char name[400];

	(void)state;
	memset(name, 'a', sizeof(name));
	layer_set_name(&meta, name, 400);
	assert_int_equal(strlen(meta.name), VOXEL_NAME_MAX - 1);
	name[VOXEL_NAME_MAX - 2] = '\xc3';
	name[VOXEL_NAME_MAX - 1] = '\xa9';
	layer_set_name(&meta, name, 400);
	assert_int_equal(strlen(meta.name), VOXEL_NAME_MAX - 2);
	layer_set_name(&meta, "ab\0cd", 5);
	assert_string_equal(meta.name, "ab");
}

/* What each mode makes of an opaque and of a half-transparent source over a target. */
static void test_modes_of_merging(void **state)
{
	static const struct {
		enum layer_mode mode;
		rgba both, source_only, target_only;
	} cases[] = {
		{ LAYER_OVER, 0xff0000aau, 0xff0000aau, 0xff00bb00u },
		{ LAYER_SUB, 0, 0, 0xff00bb00u },
		{ LAYER_SUB_CLAMP, 0, 0, 0xff00bb00u },
		{ LAYER_PAINT, 0xff0000aau, 0, 0xff00bb00u },
		{ LAYER_MAX, 0xff0000aau, 0xff0000aau, 0xff00bb00u },
		{ LAYER_INTERSECT, 0xff00bb00u, 0, 0 },
		{ LAYER_INTERSECT_FILL, 0xff0000aau, 0, 0 },
		{ LAYER_MULT_ALPHA, 0xff00bb00u, 0, 0 },
		{ LAYER_REPLACE, 0xff0000aau, 0xff0000aau, 0xff00bb00u },
	};

	(void)state;
	for (size_t i = 0; i < LAYER_MODE_COUNT; i++) {
		struct project *p = fresh();
		struct layer *target = active(p);
		struct layer *source;

		put(p, 0, 0, 0, 0xff00bb00u);
		put(p, 2, 0, 0, 0xff00bb00u);
		assert_int_equal(project_layer_create(p, "s", 1, &source), 0);
		put(p, 0, 0, 0, 0xff0000aau);
		put(p, 1, 0, 0, 0xff0000aau);
		put(p, 100, 0, 0, 0xff0000aau);
		source->meta.mode = cases[i].mode;
		assert_int_equal(project_layer_merge(p, source->meta.id, target->meta.id), 0);
		assert_int_equal(volume_get(&target->volume, 0, 0, 0), cases[i].both);
		assert_int_equal(volume_get(&target->volume, 1, 0, 0), cases[i].source_only);
		assert_int_equal(volume_get(&target->volume, 100, 0, 0), cases[i].source_only);
		assert_int_equal(volume_get(&target->volume, 2, 0, 0), cases[i].target_only);
		assert_int_equal(p->doc.active_id, target->meta.id);
		project_free(p);
	}
}

static void test_visible_layers_merge_for_pictures(void **state)
{
	struct project *p = fresh();
	struct layer *l;
	struct volume out = { 0 };
	struct snapshot *s;

	(void)state;
	put(p, 0, 0, 0, 0xff0000ffu);
	assert_int_equal(project_layer_create(p, "half", 4, &l), 0);
	put(p, 0, 0, 0, 0xffff0000u);
	l->meta.opacity = 0.5f;
	assert_int_equal(project_layer_create(p, "hidden", 6, &l), 0);
	put(p, 5, 5, 5, RGBA_WHITE);
	l->meta.visible = false;
	s = snapshot_take(p);
	assert_int_equal(document_merge_visible(&s->doc, &out), 0);
	assert_int_equal(volume_voxels_count(&out), 1);
	assert_int_equal(volume_get(&out, 0, 0, 0), 0xff80007fu);
	volume_deinit(&out);
	snapshot_put(s);
	project_free(p);
}

static void test_selection_copy_paste_move(void **state)
{
	struct project *p = fresh();
	const int32_t at[3] = { 100, 100, 100 };
	const int32_t delta[3] = { 1, 0, 0 };
	const int32_t far[3] = { INT32_MAX, 0, 0 };
	struct box box = { { 0, 0, 0 }, { 4, 0, 0 } };
	const char *label;
	uint64_t count;

	(void)state;
	assert_int_equal(selection_copy(p, active(p), &count), -ENOENT);
	assert_int_equal(selection_paste(p, active(p), NULL, &count), -ENOENT);
	for (int32_t i = 0; i < 10; i++)
		put(p, i, 0, 0, i % 2 ? 0xff0000ffu : 0xff00ff00u);
	selection_set_box(p, &box);
	assert_int_equal(selection_copy(p, active(p), &count), 0);
	assert_int_equal(count, 5);
	assert_int_equal(selection_paste(p, active(p), at, &count), 0);
	assert_int_equal(volume_get(&active(p)->volume, 104, 100, 100), 0xff00ff00u);
	assert_int_equal(document_voxels_count(&p->doc), 15);
	assert_int_equal(project_undo(p, &label), 0);
	assert_int_equal(document_voxels_count(&p->doc), 10);
	/* Moving onto itself: the lifted voxels win over those that were in the way. */
	assert_int_equal(selection_move(p, active(p), delta, &count), 0);
	assert_int_equal(document_voxels_count(&p->doc), 9);
	assert_int_equal(volume_get(&active(p)->volume, 0, 0, 0), 0);
	assert_int_equal(volume_get(&active(p)->volume, 5, 0, 0), 0xff00ff00u);
	assert_int_equal(p->selection.box.min[0], 1);
	assert_int_equal(selection_move(p, active(p), far, &count), -ERANGE);
	assert_int_equal(document_voxels_count(&p->doc), 9);
	assert_int_equal(selection_delete(p, active(p), &count), 0);
	assert_int_equal(count, 5);
	assert_int_equal(project_undo(p, &label), 0);
	assert_int_equal(project_undo(p, &label), 0);
	assert_int_equal(document_voxels_count(&p->doc), 10);
	assert_int_equal(selection_set_color(p, active(p), 0xff0000ffu, 0, NULL, &count), 0);
	assert_int_equal(count, 5);
	assert_int_equal(selection_fill(p, active(p), RGBA_WHITE, &count), 0);
	assert_int_equal(volume_get(&active(p)->volume, 1, 0, 0), RGBA_WHITE);
	assert_int_equal(volume_get(&active(p)->volume, 2, 0, 0), 0xff00ff00u);
	assert_int_equal(selection_count(p, active(p), &count), 0);
	assert_int_equal(count, 5);
	project_free(p);
}

static void test_colors_are_counted(void **state)
{
	struct project *p = fresh();
	struct color_counts c = { 0 };
	struct box region = { { 0, 0, 0 }, { 9, 9, 9 } };

	(void)state;
	for (int32_t i = 0; i < 3000; i++)
		put(p, i % 100, i / 100, 0, rgba_of((unsigned)i % 256, (unsigned)i / 256, 0, 255));
	assert_int_equal(analyze_colors(&c, &active(p)->volume, NULL, 0), 0);
	assert_int_equal(c.count, 3000);
	assert_int_equal(c.total, 3000);
	assert_int_equal(analyze_colors_list(&c, false), 0);
	assert_int_equal(c.slots[0].color, 0xff000000u);
	assert_int_equal(c.slots[1].color, rgba_of(0, 1, 0, 255));
	analyze_colors_deinit(&c);
	assert_int_equal(analyze_colors(&c, &active(p)->volume, &region, 100), 0);
	assert_int_equal(c.total, 100);
	assert_int_equal(analyze_colors_list(&c, true), 0);
	assert_true(c.slots[0].count >= c.slots[c.count - 1].count);
	for (uint32_t i = 0; i < c.count; i++)
		assert_true(rgba_r(c.slots[i].color) == 50 || rgba_r(c.slots[i].color) == 150 ||
			    rgba_r(c.slots[i].color) == 250);
	analyze_colors_deinit(&c);
	project_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_undo_and_redo_restore_every_state),
		cmocka_unit_test(test_history_is_bounded),
		cmocka_unit_test(test_history_costs_only_what_changed),
		cmocka_unit_test(test_failed_edit_changes_nothing),
		cmocka_unit_test(test_steady_editing_allocates_nothing),
		cmocka_unit_test(test_layer_limits),
		cmocka_unit_test(test_names_are_cut_on_whole_characters),
		cmocka_unit_test(test_modes_of_merging),
		cmocka_unit_test(test_visible_layers_merge_for_pictures),
		cmocka_unit_test(test_selection_copy_paste_move),
		cmocka_unit_test(test_colors_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
