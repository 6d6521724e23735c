#include "daemon/voxel/fill.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/voxel/table.h"

enum {
	CHECK_SEEDS = 64,         /* visited between two calls of cancel_check */
	CHECK_VOXELS = 64 * 1024, /* written in one row between two calls of it */
};

/* A row still to visit: positions x0..x1 of (y, z), next to a filled row. */
struct seed {
	int32_t x0, x1, y, z;
};

struct flood {
	const struct fill *f;
	struct volume *v;
	struct volume *seen; /* positions filled so far, needed where their color does not show it;
				or NULL */
	struct box bounds;
	rgba from; /* the start's color; RGBA_NONE: empty positions are filled */
	uint64_t count;
	struct seed *seeds;
	size_t seeds_count;
	size_t seeds_cap;
	struct cursor read;
	struct cursor read_seen;
};

/* Compares four colors at once, one bit each; the compiler generates SSE2 or NEON. */
typedef uint32_t quad_vec __attribute__((vector_size(16)));

/* Bit i: voxel i of these 16 has exactly that color. */
static uint32_t match_exact(const rgba *row, rgba from)
{
	const quad_vec want = { from, from, from, from };
	quad_vec bits = { 1, 2, 4, 8 };
	quad_vec sum = { 0 };

	for (uint32_t i = 0; i < BLOCK_EDGE; i += 4) {
		quad_vec colors;

		memcpy(&colors, row + i, sizeof(colors));
		sum |= (quad_vec)(colors == want) & bits;
		bits <<= 4;
	}
	return sum[0] | sum[1] | sum[2] | sum[3];
}

/* Bits of mask whose voxel exists and is near that color. */
static uint32_t match_near(const rgba *row, rgba from, rgba tolerance, uint32_t mask)
{
	uint32_t exact = match_exact(row, from) & mask;
	uint32_t rest = mask & ~exact & ~match_exact(row, RGBA_NONE);

	for (; rest; rest &= rest - 1) {
		uint32_t i = (uint32_t)__builtin_ctz(rest);

		if (rgba_near(row[i], from, tolerance))
			exact |= 1u << i;
	}
	return exact;
}

/* The 16 voxels of the row through x in its block; NULL when there is no block. */
static const rgba *row_of(struct cursor *c, int32_t x, int32_t y, int32_t z)
{
	cursor_get(c, x, y, z);
	return c->block ? &c->block->voxels[block_index(0, y, z)] : NULL;
}

/* A bit for each of the 16 positions from start that lies in the bounds. */
static uint32_t bounds_mask(const struct box *b, int64_t start)
{
	uint32_t mask = 0xffff;

	if (b->min[0] > start)
		mask &= b->min[0] - start > BLOCK_MASK ? 0 : 0xffffu << (b->min[0] - start);
	if (b->max[0] < start + BLOCK_MASK)
		mask &= b->max[0] < start ? 0 : 0xffffu >> (start + BLOCK_MASK - b->max[0]);
	return mask & 0xffff;
}

/* A bit for each position of x's 16 that still has to be filled. */
static uint32_t open_mask(struct flood *fl, int32_t x, int32_t y, int32_t z)
{
	uint32_t mask = bounds_mask(&fl->bounds, x & ~BLOCK_MASK);
	const rgba *row;

	if (fl->seen) {
		row = row_of(&fl->read_seen, x, y, z);
		mask &= row ? match_exact(row, RGBA_NONE) : 0xffff;
	}
	if (!mask)
		return 0;
	row = row_of(&fl->read, x, y, z);
	if (!row)
		return fl->from ? 0 : mask;
	if (fl->seen)
		return match_near(row, fl->from, fl->f->tolerance, mask);
	return mask & match_exact(row, fl->from);
}

static int push(struct flood *fl, struct seed s)
{
	if (s.y < fl->bounds.min[1] || s.y > fl->bounds.max[1] || s.z < fl->bounds.min[2] ||
	    s.z > fl->bounds.max[2])
		return 0;
	if (fl->seeds_count == fl->seeds_cap) {
		size_t cap = fl->seeds_cap ? 2 * fl->seeds_cap : 1024;
		struct seed *grown = budget_realloc(BUDGET_WORK, fl->seeds, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		fl->seeds = grown;
		fl->seeds_cap = cap;
	}
	fl->seeds[fl->seeds_count++] = s;
	return 0;
}

static int paint_run(struct flood *fl, int32_t x0, int32_t x1, int32_t y, int32_t z)
{
	int64_t next;
	int rc = 0;

	fl->count += (uint64_t)((int64_t)x1 - x0 + 1);
	if (fl->count > fl->f->voxels_max)
		return -EMSGSIZE;
	for (int64_t x = x0; x <= x1 && rc == 0; x = next) {
		int32_t last;

		next = x + CHECK_VOXELS;
		last = next <= x1 ? (int32_t)(next - 1) : x1;
		if (x > x0)
			rc = cancel_check();
		if (rc == 0)
			rc = volume_fill_row(fl->v, (int32_t)x, last, y, z, fl->f->color);
		if (rc == 0 && fl->seen)
			rc = volume_fill_row(fl->seen, (int32_t)x, last, y, z, RGBA_WHITE);
	}
	/* The writes may have replaced the blocks that the cursors point to. */
	fl->read.is_set = false;
	fl->read_seen.is_set = false;
	return rc;
}

/* Length of the run of open positions from bit upwards; it ends at bit 15. */
static int32_t run_up(uint32_t mask, uint32_t bit)
{
	return __builtin_ctz(~(mask >> bit));
}

/* Length of the run of open positions from bit downwards. */
static int32_t run_down(uint32_t mask, uint32_t bit)
{
	return __builtin_clz(~(mask << (31 - bit)));
}

/* Finds the open run that contains x (open in mask), limited in length. */
static void find_run(struct flood *fl, uint32_t mask, int32_t x, const struct seed *s, int32_t *x0,
		     int32_t *x1)
{
	int64_t room = (int64_t)(fl->f->voxels_max - fl->count) + 1;
	int64_t lo = x; /* becomes the closed position below */
	int64_t hi = x; /* and the one above */
	uint32_t next = mask;

	do {
		hi += run_up(next, (uint32_t)(hi & BLOCK_MASK));
		if ((hi & BLOCK_MASK) || hi > INT32_MAX || hi - lo > room)
			break;
		next = open_mask(fl, (int32_t)hi, s->y, s->z);
	} while (next & 1);
	next = mask;
	do {
		lo -= run_down(next, (uint32_t)(lo & BLOCK_MASK));
		if ((lo & BLOCK_MASK) != BLOCK_MASK || lo < INT32_MIN || hi - lo > room)
			break;
		next = open_mask(fl, (int32_t)lo, s->y, s->z);
	} while (next >> BLOCK_MASK & 1);
	*x0 = (int32_t)(lo + 1);
	*x1 = (int32_t)(hi - 1);
}

/* Fills the run through x and pushes the neighbouring rows. *end is where the run ends. */
static int fill_run(struct flood *fl, uint32_t mask, int32_t x, const struct seed *s, int32_t *end)
{
	int32_t x0;
	int32_t x1;
	int rc;

	find_run(fl, mask, x, s, &x0, &x1);
	*end = x1;
	rc = paint_run(fl, x0, x1, s->y, s->z);
	if (!rc && s->y > INT32_MIN)
		rc = push(fl, (struct seed){ x0, x1, s->y - 1, s->z });
	if (!rc && s->y < INT32_MAX)
		rc = push(fl, (struct seed){ x0, x1, s->y + 1, s->z });
	if (!rc && s->z > INT32_MIN)
		rc = push(fl, (struct seed){ x0, x1, s->y, s->z - 1 });
	if (!rc && s->z < INT32_MAX)
		rc = push(fl, (struct seed){ x0, x1, s->y, s->z + 1 });
	return rc;
}

/* Fills every run that touches the seed's positions. */
static int grow_seed(struct flood *fl, const struct seed *s)
{
	for (int64_t x = s->x0; x <= s->x1;) {
		uint32_t mask = open_mask(fl, (int32_t)x, s->y, s->z);
		uint32_t rest = mask >> (x & BLOCK_MASK);
		int32_t end;
		int rc;

		if (!rest) {
			x = (x | BLOCK_MASK) + 1;
			continue;
		}
		x += __builtin_ctz(rest);
		if (x > s->x1)
			break;
		rc = fill_run(fl, mask, (int32_t)x, s, &end);
		if (rc < 0)
			return rc;
		x = (int64_t)end + 2; /* the one after the end is closed */
	}
	return 0;
}

static int drain(struct flood *fl)
{
	unsigned checks = 0;

	while (fl->seeds_count) {
		struct seed s = fl->seeds[--fl->seeds_count];
		int rc = cancel_check_nth(&checks, CHECK_SEEDS);

		if (rc == 0)
			rc = grow_seed(fl, &s);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int fill_flood(struct volume *v, const struct fill *f, uint64_t *count)
{
	struct volume seen = { 0 };
	struct flood fl = { .f = f, .v = v, .read = { .v = v }, .read_seen = { .v = &seen } };
	int rc;

	*count = 0;
	if (f->bounds)
		fl.bounds = *f->bounds;
	else if (!volume_box(v, &fl.bounds))
		return -ERANGE;
	if (!box_has(&fl.bounds, f->from[0], f->from[1], f->from[2]))
		return -ERANGE;
	fl.from = volume_get(v, f->from[0], f->from[1], f->from[2]);
	if (f->tolerance && fl.from)
		fl.seen = &seen;
	if (!fl.seen && fl.from == rgba_stored(f->color))
		return 0;
	rc = push(&fl, (struct seed){ f->from[0], f->from[0], f->from[1], f->from[2] });
	if (!rc)
		rc = drain(&fl);
	budget_free(fl.seeds);
	volume_deinit(&seen);
	*count = fl.count;
	return rc;
}
