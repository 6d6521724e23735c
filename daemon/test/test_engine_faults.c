/*
 * Issue 3, item 4, and issue 7, item 2: out of memory fails the request and nothing else. Every
 * allocation of every kind of edit fails once, and the memory limit is reached at every size; the
 * project is then as it was, or as it should have become.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/base/budget.h"
#include "daemon/voxel/fill.h"
#include "daemon/voxel/selection.h"
#include "daemon/voxel/shapes.h"
#include "daemon/voxel/snapshot.h"

/* The linker's names are what they are. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
bool __real_budget_take(enum budget_kind kind, size_t bytes);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
bool __wrap_budget_take(enum budget_kind kind, size_t bytes);

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

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	return fails() ? MAP_FAILED : __real_mmap(at, size, prot, flags, fd, offset);
}

bool __wrap_budget_take(enum budget_kind kind, size_t bytes)
{
	return !fails() && __real_budget_take(kind, bytes);
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
	struct voxel lone = { -500, 0, 0, RGBA_WHITE };
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
	assert_int_equal(project_set_voxel(p, l, &lone, NULL), 0);
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

/* Empties a block and then asks for many: what a roll-back puts back needs a block, too. */
static int edit_lone_voxels(struct project *p)
{
	static struct voxel list[100];

	list[0] = (struct voxel){ -500, 0, 0, RGBA_NONE };
	for (int32_t i = 1; i < 100; i++)
		list[i] = (struct voxel){ 0, 20 * i + 50, 0, RGBA_WHITE };
	return project_set_voxels(p, active(p), list, 100);
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

/* Does the edit, which may find no memory; then the project is as before, and it works later. */
static int does_all_or_nothing(edit *does, void (*prepare)(long n), long n, bool *has_failed)
{
	struct project *p = scene();
	struct snapshot *before = snapshot_take(p);
	uint32_t blocks_before = p->doc.budget.blocks_count - blocks_in_layers(&p->doc);
	uint32_t steps_before = p->history.done_count;
	int rc;

	assert_non_null(before);
	block_pool_drop(); /* so that blocks are fresh */
	prepare(n);
	rc = does(p);
	*has_failed = fail_at == 0;
	fail_at = 0;
	budget_set_limit(0);
	if (rc < 0) {
		assert_int_equal(rc, -ENOMEM);
		assert_true(same(&p->doc, &before->doc));
		assert_int_equal(p->doc.version, before->doc.version);
		assert_int_equal(p->doc.budget.blocks_count - blocks_in_layers(&p->doc),
				 blocks_before);
		assert_int_equal(p->history.done_count, steps_before);
		/* And it works once there is memory. */
		assert_int_equal(does(p), 0);
	}
	snapshot_put(before);
	project_free(p);
	return rc;
}

static void fail_nth(long n)
{
	fail_at = n;
}

/* So that voxels may take n bytes more. */
static void leave_bytes(long n)
{
	uint64_t ceiling = budget_used() + (uint64_t)n;

	budget_set_limit((ceiling * BUDGET_VOXELS_SPARE + BUDGET_VOXELS_SPARE - 2) /
			 (BUDGET_VOXELS_SPARE - 1));
}

static edit *const edits[] = {
	edit_voxel,  edit_voxels, edit_lone_voxels, edit_few_voxels, edit_create, edit_duplicate,
	edit_delete, edit_merge,  edit_clear,       edit_undo,       edit_redo,   edit_move,
	edit_paste,  edit_shape,  edit_flood,       edit_picture,
};

enum { EDITS_COUNT = sizeof(edits) / sizeof(edits[0]) };

static void test_every_allocation_may_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < EDITS_COUNT; i++) {
		bool has_failed = true;
		long n = 0;

		while (has_failed)
			does_all_or_nothing(edits[i], fail_nth, ++n, &has_failed);
		assert_true(n > 1);
	}
}

static void test_the_limit_may_be_anywhere(void **state)
{
	uint64_t used;

	(void)state;
	block_pool_drop();
	used = budget_used();
	for (size_t i = 0; i < EDITS_COUNT; i++) {
		bool ignored;
		long n = 0;

		/* Undo and redo go beyond the limit and never fail. */
		while (does_all_or_nothing(edits[i], leave_bytes, n, &ignored) < 0)
			n += n < 40000 ? 1500 : 33000;
		if (edits[i] == edit_undo || edits[i] == edit_redo)
			assert_int_equal(n, 0);
		else
			assert_true(n > 0);
	}
	block_pool_drop();
	assert_int_equal(budget_used(), used);
}

/* Above the limit, the oldest steps of the project's own history go first, the newest stay. */
static void test_short_memory_drops_old_steps(void **state)
{
	const int32_t size[3] = { 64, 64, 64 };
	struct box box = { { 0, 0, 0 }, { 63, 63, 63 } };
	struct voxel odd[64];
	struct project *p = NULL;
	uint64_t count;

	(void)state;
	for (int i = 0; i < 64; i++)
		odd[i] = (struct voxel){ i % 4 * BLOCK_EDGE, i / 4 % 4 * BLOCK_EDGE,
					 i / 16 * BLOCK_EDGE, RGBA_WHITE };
	assert_int_equal(project_new(1, "p", 1, size, &p), 0);
	selection_set_box(p, &box);
	/* A mask of all but one voxel makes blocks that are not shared. */
	assert_int_equal(selection_fill(p, active(p), 0xff000001u, &count), 0);
	assert_int_equal(project_set_voxels(p, active(p), odd, 64), 0);
	assert_int_equal(selection_set_color(p, active(p), 0xff000001u, 0, NULL, &count), 0);
	for (rgba i = 2; i <= 20; i++)
		assert_int_equal(selection_fill(p, active(p), 0xff000000u | i, &count), 0);
	assert_int_equal(p->history.done_count, 21);
	block_pool_drop();
	leave_bytes(10000);
	/* Each edit copies 64 blocks; as many lie in the oldest steps. */
	for (rgba i = 21; i <= 25; i++)
		assert_int_equal(selection_fill(p, active(p), 0xff000000u | i, &count), 0);
	assert_in_range(p->history.done_count, HISTORY_STEPS_SPARED, 22);
	/* Nothing more can be dropped: refused, and the newest steps are still there. */
	leave_bytes(-(long)(20UL * 64 * sizeof(struct block)));
	assert_int_equal(selection_fill(p, active(p), 0xff0000ffu, &count), -ENOMEM);
	assert_int_equal(p->history.done_count, HISTORY_STEPS_SPARED);
	assert_int_equal(volume_get(&active(p)->volume, 5, 5, 5), 0xff000019u);
	for (int i = 0; i < HISTORY_STEPS_SPARED; i++) {
		const char *label;

		assert_int_equal(project_undo(p, &label), 0);
	}
	assert_int_equal(volume_get(&active(p)->volume, 5, 5, 5), 0xff000011u);
	budget_set_limit(0);
	project_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_allocation_may_fail),
		cmocka_unit_test(test_the_limit_may_be_anywhere),
		cmocka_unit_test(test_short_memory_drops_old_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
