#include "daemon/voxel/analyze.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/voxel/table.h"

static struct block_part part_of(const struct box *region, struct block_pos pos)
{
	int32_t at[3] = { pos.x, pos.y, pos.z };
	struct block_part part = { { 0, 0, 0 }, { BLOCK_MASK, BLOCK_MASK, BLOCK_MASK }, true };

	for (int i = 0; region && i < 3; i++) {
		int64_t start = (int64_t)at[i] * BLOCK_EDGE;

		if (region->min[i] > start)
			part.lo[i] = (int32_t)(region->min[i] - start);
		if (region->max[i] < start + BLOCK_MASK)
			part.hi[i] = (int32_t)(region->max[i] - start);
		part.is_whole &= part.lo[i] == 0 && part.hi[i] == BLOCK_MASK;
	}
	return part;
}

static int walk_block(const struct volume_slot *slot, const struct block_part *part,
		      analyze_visit *visit, void *arg)
{
	for (int32_t z = part->lo[2]; z <= part->hi[2]; z++) {
		for (int32_t y = part->lo[1]; y <= part->hi[1]; y++) {
			const rgba *row = &slot->block->voxels[block_index(0, y, z)];

			for (int32_t x = part->lo[0]; x <= part->hi[0]; x++) {
				struct voxel v = { slot->pos.x * BLOCK_EDGE + x,
						   slot->pos.y * BLOCK_EDGE + y,
						   slot->pos.z * BLOCK_EDGE + z, row[x] };
				int rc = row[x] ? visit(arg, &v) : 0;

				if (rc)
					return rc;
			}
		}
	}
	return 0;
}

int analyze_blocks(const struct volume *v, const struct box *region, analyze_block *visit,
		   void *arg)
{
	struct volume_slot *list;
	uint32_t n;
	int rc = volume_sorted(v, region, &list, &n);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		struct block_part part = part_of(region, list[i].pos);

		rc = cancel_check();
		if (rc == 0)
			rc = visit(arg, &list[i], &part);
	}
	budget_free(list);
	return rc;
}

struct walk {
	analyze_visit *visit;
	void *arg;
};

static int walk_one(void *arg, const struct volume_slot *slot, const struct block_part *part)
{
	struct walk *w = arg;

	return walk_block(slot, part, w->visit, w->arg);
}

int analyze_walk(const struct volume *v, const struct box *region, analyze_visit *visit, void *arg)
{
	struct walk w = { visit, arg };

	return analyze_blocks(v, region, walk_one, &w);
}

/* Calls visit for the colors of the solid voxels of a part, one row segment of n colors at
 * a time. */
typedef int(row_visit)(void *arg, const rgba *colors, uint32_t n);

static int walk_rows(const struct block *b, const struct block_part *part, row_visit *visit,
		     void *arg)
{
	if (part->is_whole)
		return visit(arg, b->voxels, BLOCK_VOXELS);
	for (int32_t z = part->lo[2]; z <= part->hi[2]; z++) {
		for (int32_t y = part->lo[1]; y <= part->hi[1]; y++) {
			int rc = visit(arg, &b->voxels[block_index(part->lo[0], y, z)],
				       (uint32_t)(part->hi[0] - part->lo[0] + 1));

			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static int walk_colors(const struct volume *v, const struct box *region, row_visit *visit,
		       void *arg)
{
	struct volume_iter it = { .v = v };
	int rc = 0;

	while (rc == 0 && volume_next(&it)) {
		int32_t at[3] = { it.pos.x, it.pos.y, it.pos.z };
		bool is_in = true;
		struct block_part part;

		for (int i = 0; region && i < 3; i++)
			is_in &= at[i] >= region->min[i] >> BLOCK_BITS &&
				 at[i] <= region->max[i] >> BLOCK_BITS;
		if (!is_in)
			continue;
		part = part_of(region, it.pos);
		rc = cancel_check();
		if (rc == 0)
			rc = walk_rows(it.block, &part, visit, arg);
	}
	return rc;
}

static int count_row(void *arg, const rgba *colors, uint32_t n)
{
	uint64_t *count = arg;
	uint32_t solid = 0;

	for (uint32_t i = 0; i < n; i++)
		solid += colors[i] != 0;
	*count += solid;
	return 0;
}

int analyze_count(const struct volume *v, const struct box *region, uint64_t *count)
{
	*count = region ? 0 : volume_voxels_count(v);
	return region ? walk_colors(v, region, count_row, count) : 0;
}

/* ---- colors ---------------------------------------------------------------- */

enum { CHECK_COLORS = 1 << 14 /* between two calls of cancel_check */ };

/* Shades of red get neighbouring slots, other channels are spread: a gradient touches few cache
 * lines. */
static uint32_t color_hash(rgba c)
{
	return rgba_r(c) + (uint32_t)(((uint64_t)(c >> 8) * 0x9e3779b97f4a7c15ull) >> 32);
}

static struct color_count *color_slot(struct color_count *slots, uint32_t mask, rgba c)
{
	uint32_t i = color_hash(c) & mask;

	while (slots[i].count && slots[i].color != c)
		i = (i + 1) & mask;
	return &slots[i];
}

static int grow(struct color_counts *c)
{
	uint32_t cap = c->slots ? 2 * (c->mask + 1) : 1024;
	struct color_count *slots = budget_calloc(BUDGET_WORK, cap, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; c->slots && i <= c->mask; i++) {
		int rc = i % CHECK_COLORS ? 0 : cancel_check();

		if (rc < 0) {
			budget_free(slots);
			return rc;
		}
		if (c->slots[i].count)
			*color_slot(slots, cap - 1, c->slots[i].color) = c->slots[i];
	}
	budget_free(c->slots);
	c->slots = slots;
	c->mask = cap - 1;
	return 0;
}

static int add_color(struct color_counts *c, rgba color, uint32_t count)
{
	struct color_count *slot;

	if (!c->slots || 2 * c->count > c->mask) {
		int rc = grow(c);

		if (rc < 0)
			return rc;
	}
	slot = color_slot(c->slots, c->mask, color);
	c->count += !slot->count;
	slot->color = color;
	slot->count += count;
	c->total += count;
	return 0;
}

struct color_scan {
	struct color_counts *counts;
	unsigned bin_size;
};

static unsigned bin(unsigned channel, unsigned size)
{
	unsigned middle = channel / size * size + size / 2;

	return middle > 255 ? 255 : middle;
}

static rgba binned(rgba c, unsigned size)
{
	if (size <= 1)
		return c;
	return rgba_of(bin(rgba_r(c), size), bin(rgba_g(c), size), bin(rgba_b(c), size), rgba_a(c));
}

/* Neighbours mostly have the same color, so one look-up serves a run of equal colors. */
static int scan_row(void *arg, const rgba *colors, uint32_t n)
{
	struct color_scan *scan = arg;
	uint32_t end;

	for (uint32_t i = 0; i < n; i = end) {
		int rc;

		end = i + 1;
		while (end < n && colors[end] == colors[i])
			end++;
		if (!colors[i])
			continue;
		rc = add_color(scan->counts, binned(colors[i], scan->bin_size), end - i);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int analyze_colors(struct color_counts *c, const struct volume *v, const struct box *region,
		   unsigned bin_size)
{
	struct color_scan scan = { c, bin_size };

	return walk_colors(v, region, scan_row, &scan);
}

/* Encodes an entry as an integer that sorts in the order asked for: count (descending), then r, g,
 * b, a. */
static uint64_t sort_key(const struct color_count *c, bool by_count)
{
	uint64_t first = by_count ? UINT32_MAX - c->count : c->count;

	return first << 32 | __builtin_bswap32(c->color);
}

static struct color_count sort_entry(uint64_t key, bool by_count)
{
	uint32_t first = (uint32_t)(key >> 32);

	return (struct color_count){ __builtin_bswap32((uint32_t)key),
				     by_count ? UINT32_MAX - first : first };
}

/* One pass of a radix sort by the byte at shift. Returns 1; 0 when all keys have the same byte
 * there; or a code of cancel_check. */
static int sort_pass(const uint64_t *from, uint64_t *to, uint32_t n, unsigned shift)
{
	uint32_t starts[256] = { 0 };
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		starts[from[i] >> shift & 255]++;
	if (starts[from[0] >> shift & 255] == n)
		return 0;
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t count = starts[i];

		starts[i] = sum;
		sum += count;
	}
	for (uint32_t i = 0; i < n;) {
		uint32_t end = n - i > CHECK_COLORS ? i + CHECK_COLORS : n;
		int rc = cancel_check();

		if (rc < 0)
			return rc;
		for (; i < end; i++)
			to[starts[from[i] >> shift & 255]++] = from[i];
	}
	return 1;
}

/* Turns every used slot into a key; there are c->count of them. */
static int make_keys(const struct color_counts *c, bool by_count, uint64_t *keys)
{
	uint32_t n = 0;

	for (uint32_t i = 0; c->slots && i <= c->mask; i++) {
		int rc = i % CHECK_COLORS ? 0 : cancel_check();

		if (rc < 0)
			return rc;
		if (c->slots[i].count)
			keys[n++] = sort_key(&c->slots[i], by_count);
	}
	return 0;
}

/* Sorts from the lowest byte up. By color, the upper half (the count) is not compared. Swaps *keys
 * and *other. */
static int sort_keys(uint64_t **keys, uint64_t **other, uint32_t n, bool by_count)
{
	for (unsigned shift = 0; n && shift < (by_count ? 64 : 32); shift += 8) {
		uint64_t *from = *keys;
		int rc = sort_pass(from, *other, n, shift);

		if (rc < 0)
			return rc;
		if (rc) {
			*keys = *other;
			*other = from;
		}
	}
	return 0;
}

int analyze_colors_list(struct color_counts *c, bool by_count)
{
	uint64_t *memory = budget_malloc(BUDGET_WORK, 2 * ((size_t)c->count + 1) * sizeof(*memory));
	uint64_t *keys = memory;
	uint64_t *other;
	int rc;

	if (!memory)
		return -ENOMEM;
	other = memory + c->count;
	rc = make_keys(c, by_count, keys);
	if (rc == 0)
		rc = sort_keys(&keys, &other, c->count, by_count);
	for (uint32_t i = 0; rc == 0 && i < c->count; i++)
		c->slots[i] = sort_entry(keys[i], by_count);
	budget_free(memory);
	return rc;
}

void analyze_colors_deinit(struct color_counts *c)
{
	budget_free(c->slots);
	*c = (struct color_counts){ 0 };
}
