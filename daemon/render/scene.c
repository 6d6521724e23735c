/* Builds the bit sets of existing voxels, block by block from the volume. */
#include "daemon/render/scene.h"

#include <assert.h>
#include <errno.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/render/tree.h"

/* A bit for each of the 16 voxels of a row that exists. */
static inline unsigned row_bits(const rgba *row)
{
	unsigned bits = 0;

	for (unsigned x = 0; x < BLOCK_EDGE; x++)
		bits |= (unsigned)(row[x] != RGBA_NONE) << x;
	return bits;
}

/* Fills voxels[SCENE_BRICKS] and returns the set of bricks that hold any. */
static uint64_t find_voxels(const struct block *b, uint64_t *voxels)
{
	uint64_t bricks = 0;

	for (unsigned row = 0; row < BLOCK_EDGE * BLOCK_EDGE; row++) {
		unsigned y = row & BLOCK_MASK;
		unsigned z = row >> BLOCK_BITS;
		unsigned first = (y >> SCENE_BRICK_BITS) << 2 | (z >> SCENE_BRICK_BITS) << 4;
		unsigned shift = (y & 3) << 2 | (z & 3) << 4;
		unsigned bits = row_bits(&b->voxels[(size_t)row * BLOCK_EDGE]);

		for (unsigned i = 0; bits; i++, bits >>= SCENE_BRICK_EDGE) {
			voxels[first + i] |= (uint64_t)(bits & 15) << shift;
			bricks |= (uint64_t)((bits & 15) != 0) << (first + i);
		}
	}
	return bricks;
}

/* Updates `near` of the cell and of the cells around it for its bricks. */
static void spread(struct scene_cell *cells, const int32_t size[3], size_t index)
{
	uint64_t bricks = cells[index].bricks;

	for (int x = -1; x <= 1; x++)
		for (int y = -1; y <= 1; y++)
			for (int z = -1; z <= 1; z++) {
				int64_t off = ((int64_t)z * size[1] + y) * size[0] + x;

				cells[(int64_t)index + off].near |= scene_grow(
					scene_grow(scene_grow(bricks, 0, x), 1, y), 2, z);
			}
}

static int fill_grid(struct scene *s)
{
	struct volume_iter it = { .v = s->volume };
	const int32_t *size = s->grid.size;
	struct scene_cell *cells =
		budget_calloc(BUDGET_PICTURES, (size_t)size[0] * (size_t)size[1] * (size_t)size[2],
			      sizeof(*cells));
	uint64_t *voxels = s->voxels;
	int rc = cells ? 0 : -ENOMEM;

	for (; rc == 0 && volume_next(&it); voxels += SCENE_BRICKS) {
		size_t x = (size_t)((int64_t)it.pos.x - s->grid.base[0] / BLOCK_EDGE);
		size_t y = (size_t)((int64_t)it.pos.y - s->grid.base[1] / BLOCK_EDGE);
		size_t z = (size_t)((int64_t)it.pos.z - s->grid.base[2] / BLOCK_EDGE);
		size_t index = (z * (size_t)size[1] + y) * (size_t)size[0] + x;

		cells[index].block = it.block;
		cells[index].voxels = voxels;
		cells[index].bricks = find_voxels(it.block, voxels);
		spread(cells, size, index);
		rc = cancel_check();
	}
	s->grid.cells = cells;
	return rc;
}

static int fill_tree(struct scene *s)
{
	struct volume_iter it = { .v = s->volume };
	uint64_t *voxels = s->voxels;
	struct tree_leaf *leaf;
	int rc = 0;

	s->tree = tree_new(volume_blocks_count(s->volume));
	if (!s->tree)
		return -ENOMEM;
	leaf = tree_leaves(s->tree);
	for (; rc == 0 && volume_next(&it); leaf++, voxels += SCENE_BRICKS) {
		*leaf = (struct tree_leaf){ it.pos,
					    { .block = it.block,
					      .voxels = voxels,
					      .bricks = find_voxels(it.block, voxels) } };
		rc = cancel_check();
	}
	if (rc == 0)
		tree_grow(s->tree); /* 20 ms for all the blocks of a document */
	return rc;
}

int scene_open(struct scene *s, const struct volume *volume)
{
	int64_t cells = 1;
	int rc;

	*s = (struct scene){ .volume = volume };
	s->is_empty = !volume_box(volume, &s->box);
	if (s->is_empty)
		return 0;
	for (int i = 0; i < 3; i++) {
		int64_t first = (s->box.min[i] >> BLOCK_BITS) - 1;
		int64_t size = (s->box.max[i] >> BLOCK_BITS) - first + 2;

		s->grid.base[i] = first * BLOCK_EDGE;
		s->grid.size[i] = (int32_t)size;
		if (cells <= SCENE_GRID_MAX)
			cells *= size; /* 2^20 times 2^29 at most */
	}
	assert(volume_blocks_count(volume) > 0);
	s->voxels =
		budget_calloc(BUDGET_PICTURES, (size_t)volume_blocks_count(volume) * SCENE_BRICKS,
			      sizeof(*s->voxels));
	if (!s->voxels)
		return -ENOMEM;
	rc = cells <= SCENE_GRID_MAX ? fill_grid(s) : fill_tree(s);
	if (rc < 0)
		scene_close(s);
	return rc;
}

void scene_close(struct scene *s)
{
	budget_free((void *)(uintptr_t)s->grid.cells);
	tree_free(s->tree);
	budget_free(s->voxels);
	*s = (struct scene){ .is_empty = true };
}

rgba scene_color(const struct scene *s, int32_t x, int32_t y, int32_t z)
{
	if (s->is_empty || !box_has(&s->box, x, y, z))
		return RGBA_NONE;
	if (!s->grid.cells)
		return volume_get(s->volume, x, y, z);
	return scene_grid_color(&s->grid, (int32_t[]){ (int32_t)(x - s->grid.base[0]),
						       (int32_t)(y - s->grid.base[1]),
						       (int32_t)(z - s->grid.base[2]) });
}
