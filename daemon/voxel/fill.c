#include "daemon/voxel/fill.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/voxel/analyze.h"
#include "daemon/voxel/table.h"

/* A row still to be looked at: positions x0..x1 of (y, z), next to a filled one. */
struct seed {
	int32_t x0, x1, y, z;
};

struct flood {
	const struct fill *f;
	struct volume *v;
	struct volume *seen; /* what was filled, where color alone cannot tell; or NULL */
	struct box bounds;
	rgba from; /* the start's color; RGBA_NONE: empty positions are filled */
	uint64_t count;
	struct seed *seeds;
	size_t seeds_count;
	size_t seeds_cap;
	struct cursor read;
	struct cursor read_seen;
};

/* The position gets the color and has not got it yet. */
static bool is_open(struct flood *fl, int32_t x, int32_t y, int32_t z)
{
	rgba c = cursor_get(&fl->read, x, y, z);

	if (c == fl->from)
		return !fl->seen || !cursor_get(&fl->read_seen, x, y, z);
	if (!fl->seen || !c || !fl->from || !rgba_near(c, fl->from, fl->f->tolerance))
		return false;
	return !cursor_get(&fl->read_seen, x, y, z);
}

static int push(struct flood *fl, struct seed s)
{
	if (s.y < fl->bounds.min[1] || s.y > fl->bounds.max[1] || s.z < fl->bounds.min[2] ||
	    s.z > fl->bounds.max[2])
		return 0;
	if (fl->seeds_count == fl->seeds_cap) {
		size_t cap = fl->seeds_cap ? 2 * fl->seeds_cap : 1024;
		struct seed *grown = realloc(fl->seeds, cap * sizeof(*grown));

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
	int rc;

	fl->count += (uint64_t)((int64_t)x1 - x0 + 1);
	if (fl->count > fl->f->voxels_max)
		return -EMSGSIZE;
	rc = volume_fill_row(fl->v, x0, x1, y, z, fl->f->color);
	if (!rc && fl->seen)
		rc = volume_fill_row(fl->seen, x0, x1, y, z, RGBA_WHITE);
	/* The writes may have replaced the blocks that the cursors hold. */
	fl->read.is_set = false;
	fl->read_seen.is_set = false;
	return rc;
}

/* Fills the run through x and pushes the rows beside it. Returns its end in *end. */
static int fill_run(struct flood *fl, int32_t x, const struct seed *s, int32_t *end)
{
	/* No farther than the limit allows: bounds may be as wide as int32. */
	uint64_t room = fl->f->voxels_max - fl->count;
	int32_t x0 = x;
	int32_t x1 = x;
	int rc;

	for (; x0 > fl->bounds.min[0] && room && is_open(fl, x0 - 1, s->y, s->z); room--)
		x0--;
	for (; x1 < fl->bounds.max[0] && room && is_open(fl, x1 + 1, s->y, s->z); room--)
		x1++;
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

static int drain(struct flood *fl)
{
	while (fl->seeds_count) {
		struct seed s = fl->seeds[--fl->seeds_count];

		for (int64_t x = s.x0; x <= s.x1; x++) {
			int32_t end;
			int rc;

			if (!is_open(fl, (int32_t)x, s.y, s.z))
				continue;
			rc = fill_run(fl, (int32_t)x, &s, &end);
			if (rc < 0)
				return rc;
			x = (int64_t)end + 1; /* the one after the end is closed */
		}
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
	free(fl.seeds);
	volume_deinit(&seen);
	*count = fl.count;
	return rc;
}
