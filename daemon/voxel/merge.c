#include "daemon/voxel/merge.h"

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/voxel/document.h"
#include "daemon/voxel/table.h"

static unsigned min_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static rgba with_alpha(rgba color, unsigned a)
{
	return rgba_stored((color & 0xffffffu) | a << 24);
}

static rgba paint(rgba s, rgba t)
{
	if (!t)
		return RGBA_NONE;
	/* The alpha of the target; the color is blended by the alpha of the source. */
	return with_alpha(rgba_over(s, with_alpha(t, 255)), rgba_a(t));
}

/* The color that results where s is laid over t. */
static rgba combine(enum layer_mode mode, rgba s, rgba t)
{
	unsigned sa = rgba_a(s);
	unsigned ta = rgba_a(t);

	switch (mode) {
	case LAYER_SUB:
		return with_alpha(t, ta > sa ? ta - sa : 0);
	case LAYER_SUB_CLAMP:
		return with_alpha(t, min_of(ta, 255 - sa));
	case LAYER_PAINT:
		return paint(s, t);
	case LAYER_MAX:
		return with_alpha(sa ? s : t, sa > ta ? sa : ta);
	case LAYER_INTERSECT:
		return with_alpha(t, min_of(sa, ta));
	case LAYER_INTERSECT_FILL:
		return with_alpha(s, min_of(sa, ta));
	case LAYER_MULT_ALPHA:
		return with_alpha(t, (ta * sa + 127) / 255);
	case LAYER_REPLACE:
		return sa ? s : t;
	case LAYER_OVER:
	case LAYER_MODE_COUNT:
		break;
	}
	return rgba_over(s, t);
}

static bool clears_outside(enum layer_mode mode)
{
	return mode == LAYER_INTERSECT || mode == LAYER_INTERSECT_FILL || mode == LAYER_MULT_ALPHA;
}

static bool adds_outside(enum layer_mode mode)
{
	return mode == LAYER_OVER || mode == LAYER_MAX || mode == LAYER_REPLACE;
}

static rgba faded(rgba color, unsigned opacity)
{
	return opacity == 255 ? color : with_alpha(color, (rgba_a(color) * opacity + 127) / 255);
}

enum { CHECK_SHARED = 64 /* blocks only shared between two calls of cancel_check */ };

struct merge {
	struct volume *target;
	enum layer_mode mode;
	unsigned opacity; /* 0..255 */
};

/* source is NULL where the source volume has no block. */
static int merge_block(const struct merge *m, struct block_pos pos, const struct block *source)
{
	int32_t x0 = pos.x * BLOCK_EDGE;
	int32_t y0 = pos.y * BLOCK_EDGE;
	int32_t z0 = pos.z * BLOCK_EDGE;
	int rc = cancel_check();

	if (rc < 0)
		return rc;
	for (int32_t i = 0; i < BLOCK_VOXELS; i++) {
		int32_t x = x0 + (i & BLOCK_MASK);
		int32_t y = y0 + (i >> BLOCK_BITS & BLOCK_MASK);
		int32_t z = z0 + (i >> (2 * BLOCK_BITS));
		rgba s = source ? faded(source->voxels[i], m->opacity) : RGBA_NONE;
		const struct block *under;
		rgba t;

		if (!s && !clears_outside(m->mode))
			continue;
		under = m->target->hot;
		if (!under || !block_pos_eq(m->target->hot_pos, pos))
			under = volume_find(m->target, pos);
		t = under ? under->voxels[i] : RGBA_NONE;
		rc = volume_set(m->target, x, y, z, combine(m->mode, s, t));
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int lay_over(const struct merge *m, const struct volume *source)
{
	struct volume_iter it = { .v = source };
	unsigned checks = 0;

	while (volume_next(&it)) {
		bool is_alone = !volume_find(m->target, it.pos);
		int rc = cancel_check_nth(&checks, CHECK_SHARED);

		if (rc < 0)
			return rc;
		if (is_alone && !adds_outside(m->mode))
			continue;
		if (is_alone && m->opacity == 255)
			rc = volume_share_block(m->target, it.pos, (struct block *)it.block);
		else
			rc = merge_block(m, it.pos, it.block);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* For modes that also change the target where the source is empty. */
static int cut_down(const struct merge *m, const struct volume *source)
{
	struct volume_slot *list;
	uint32_t n;
	int rc = volume_sorted(m->target, NULL, &list, &n);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = merge_block(m, list[i].pos, volume_find(source, list[i].pos));
	budget_free(list);
	return rc;
}

int merge_volume(struct volume *target, const struct volume *source, enum layer_mode mode,
		 float opacity)
{
	struct merge m = { target, mode, 255 };

	if (!(opacity >= 1))
		m.opacity = opacity > 0 ? (unsigned)(opacity * 255 + 0.5f) : 0;
	return clears_outside(mode) ? cut_down(&m, source) : lay_over(&m, source);
}

static int merge_visible(struct document *d, struct volume *out)
{
	bool is_first = true;

	for (size_t i = 0; i < d->layers_count; i++) {
		struct layer *l = d->layers[i];
		int rc;

		if (!l->meta.visible)
			continue;
		/* On an empty target, the modes that cut have no effect. */
		if (is_first && !adds_outside(l->meta.mode))
			continue;
		if (is_first && l->meta.opacity >= 1)
			rc = volume_share(out, &l->volume);
		else
			rc = merge_volume(out, &l->volume, l->meta.mode, l->meta.opacity);
		if (rc < 0)
			return rc;
		is_first = false;
	}
	return 0;
}

int document_merge_visible(struct document *d, struct volume *out)
{
	int rc;

	budget_begin_reading();
	rc = merge_visible(d, out);
	budget_end_reading();
	return rc;
}
