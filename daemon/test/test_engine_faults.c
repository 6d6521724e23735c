/*
 * Issue 3, item 4: out of memory fails the request and nothing else. Every allocation of every kind
 * of edit fails once; the project is then as it was, or as it should have become.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/voxel/fill.h"
#include "daemon/voxel/selection.h"
#include "daemon/voxel/shapes.h"
#include "daemon/voxel/snapshot.h"

/* The linker's names are what they are. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

static long fail_at; /* the n-th allocation from now fails; 0 = none */

static bool fails(void)
{
	return fail_at > 0 && --fail_at == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(align, size);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

static struct layer *active(struct project *p)
{
	return document_active(&p->doc);
}

/* Something of everything: layers, a history to undo and to redo, a selection, a clipboard. */
static struct project *scene(void)
{
	const int32_t size[3] = { 64, 64, 64 };
	struct box box = { { -10, -10, -10 }, { 30, 12, 9 } };
	struct project *p = NULL;
	struct layer *l;
	const char *label;
	uint64_t count;

	assert_int_equal(project_new(1, "p", 1, size, &p), 0);
	selection_set_box(p, &box);
	assert_int_equal(selection_fill(p, active(p), 0xff0000ffu, &count), 0);
	assert_int_equal(project_layer_create(p, "b", 1, &l), 0);
	assert_int_equal(selection_fill(p, l, 0xff00ff00u, &count), 0);
	assert_int_equal(selection_copy(p, l, &count), 0);
	l->meta.opacity = 0.5f;
	assert_int_equal(project_layer_create(p, "c", 1, &l), 0);
	assert_int_equal(selection_fill(p, l, 0xffff0000u, &count), 0);
	assert_int_equal(project_layer_clear(p, l->meta.id), 0);
	assert_int_equal(project_undo(p, &label), 0);
	return p;
}

static int edit_voxel(struct project *p)
{
	struct voxel v = { 500, 0, 0, RGBA_WHITE };

	return project_set_voxel(p, active(p), &v, NULL);
}

static int edit_voxels(struct project *p)
{
	static struct voxel list[1000];

	for (int32_t i = 0; i < 1000; i++)
		list[i] = (struct voxel){ 5 * i - 100, i % 50, 0, i % 3 ? RGBA_WHITE : RGBA_NONE };
	return project_set_voxels(p, active(p), list, 1000);
}

static int edit_few_voxels(struct project *p)
{
	static struct voxel list[100];

	for (int32_t i = 0; i < 100; i++)
		list[i] = (struct voxel){ 20 * i - 100, 0, 0, RGBA_WHITE };
	return project_set_voxels(p, active(p), list, 100);
}

static int edit_create(struct project *p)
{
	struct layer *l;

	return project_layer_create(p, "new", 3, &l);
}

static int edit_duplicate(struct project *p)
{
	struct layer *l;

	return project_layer_duplicate(p, 1, &l);
}

static int edit_delete(struct project *p)
{
	return project_layer_delete(p, 2);
}

static int edit_merge(struct project *p)
{
	return project_layer_merge(p, 2, 1);
}

static int edit_clear(struct project *p)
{
	return project_layer_clear(p, 1);
}

static int edit_undo(struct project *p)
{
	const char *label;

	return project_undo(p, &label);
}

static int edit_redo(struct project *p)
{
	const char *label;

	return project_redo(p, &label);
}

static int edit_move(struct project *p)
{
	const int32_t delta[3] = { 7, 0, 20 };
	uint64_t count;

	return selection_move(p, active(p), delta, &count);
}

static int edit_paste(struct project *p)
{
	const int32_t at[3] = { 100, 0, 0 };
	uint64_t count;

	return selection_paste(p, active(p), at, &count);
}

static int edit_shape(struct project *p)
{
	struct shape s = {
		.kind = SHAPE_SPHERE, .size = { 40, 40, 40 }, .hollow = true, .thickness = 2
	};
	uint64_t count;
	int rc = project_begin(p, "shape");

	if (rc < 0)
		return rc;
	rc = project_edit_layer(p, active(p));
	if (!rc)
		rc = shape_draw(&active(p)->volume, &s, RGBA_WHITE, &count);
	return project_end(p, rc);
}

static int edit_flood(struct project *p)
{
	struct fill f = { .color = RGBA_WHITE, .tolerance = 5, .voxels_max = 1 << 20 };
	uint64_t count;
	int rc = project_begin(p, "flood");

	if (rc < 0)
		return rc;
	rc = project_edit_layer(p, active(p));
	if (!rc)
		rc = fill_flood(&active(p)->volume, &f, &count);
	return project_end(p, rc);
}

static int edit_picture(struct project *p)
{
	struct snapshot *s = snapshot_take(p);
	struct volume out = { 0 };
	int rc = s ? document_merge_visible(&s->doc, &out) : -ENOMEM;

	volume_deinit(&out);
	snapshot_put(s);
	return rc;
}

static bool same_volume(const struct volume *a, const struct volume *b)
{
	struct volume_iter it = { .v = a };

	if (volume_voxels_count(a) != volume_voxels_count(b))
		return false;
	while (volume_next(&it)) {
		const struct block *other = volume_find(b, it.pos);

		if (!other || memcmp(other->voxels, it.block->voxels, sizeof(other->voxels)) != 0)
			return false;
	}
	return true;
}

static bool same(const struct document *a, const struct document *b)
{
	if (a->layers_count != b->layers_count || a->active_id != b->active_id)
		return false;
	for (size_t i = 0; i < a->layers_count; i++)
		if (a->layers[i]->meta.id != b->layers[i]->meta.id ||
		    !same_volume(&a->layers[i]->volume, &b->layers[i]->volume))
			return false;
	return true;
}

static uint32_t blocks_in_layers(const struct document *d)
{
	uint32_t count = 0;

	for (size_t i = 0; i < d->layers_count; i++)
		count += volume_blocks_count(&d->layers[i]->volume);
	return count;
}

typedef int(edit)(struct project *p);

/* Lets the n-th allocation of the edit fail; false when it has fewer. */
static bool fails_cleanly(edit *does, long n)
{
	struct project *p = scene();
	struct snapshot *before = snapshot_take(p);
	uint32_t blocks_before = p->doc.budget.blocks_count - blocks_in_layers(&p->doc);
	bool has_failed;
	int rc;

	assert_non_null(before);
	block_pool_trim(); /* so that blocks come from malloc */
	fail_at = n;
	rc = does(p);
	has_failed = fail_at == 0;
	fail_at = 0;
	if (rc < 0) {
		assert_int_equal(rc, -ENOMEM);
		assert_true(same(&p->doc, &before->doc));
		assert_int_equal(p->doc.version, before->doc.version);
		assert_int_equal(p->doc.budget.blocks_count - blocks_in_layers(&p->doc),
				 blocks_before);
		/* And it works once there is memory. */
		assert_int_equal(does(p), 0);
	}
	snapshot_put(before);
	project_free(p);
	return has_failed;
}

static void test_every_allocation_may_fail(void **state)
{
	static edit *const edits[] = {
		edit_voxel,  edit_voxels, edit_few_voxels, edit_create, edit_duplicate,
		edit_delete, edit_merge,  edit_clear,      edit_undo,   edit_redo,
		edit_move,   edit_paste,  edit_shape,      edit_flood,  edit_picture,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		long n = 1;

		while (fails_cleanly(edits[i], n))
			n++;
		assert_true(n > 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
