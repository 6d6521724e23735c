/*
 * Selection, clipboard and moves. The selected voxels of a layer are first copied into a volume of
 * their own (usually few, so this costs less than a walk over the layer for each step), then
 * written in the edit.
 */
#include "daemon/voxel/selection.h"

#include <errno.h>

#include "daemon/voxel/analyze.h"

void selection_clear(struct project *p)
{
	volume_deinit(&p->selection.mask);
	p->selection = (struct selection){ 0 };
}

void selection_set_box(struct project *p, const struct box *box)
{
	selection_clear(p);
	p->selection.is_set = true;
	p->selection.box = *box;
}

struct color_pick {
	struct volume *mask;
	rgba color;
	rgba tolerance;
};

static int pick_color(void *arg, const struct voxel *v)
{
	struct color_pick *pick = arg;

	if (!rgba_near(v->color, pick->color, pick->tolerance))
		return 0;
	return volume_set(pick->mask, v->x, v->y, v->z, RGBA_WHITE);
}

int selection_set_color(struct project *p, struct layer *l, rgba color, rgba tolerance,
			const struct box *region, uint64_t *count)
{
	struct volume mask = { 0 };
	struct color_pick pick = { &mask, color, tolerance };
	int rc = analyze_walk(&l->volume, region, pick_color, &pick);

	if (rc < 0) {
		volume_deinit(&mask);
		return rc;
	}
	selection_clear(p);
	*count = volume_voxels_count(&mask);
	if (!volume_box(&mask, &p->selection.box)) {
		volume_deinit(&mask);
		return 0;
	}
	p->selection.is_set = true;
	p->selection.has_mask = true;
	p->selection.mask = mask;
	return 0;
}

/* Calls visit for each selected voxel of l. */
struct selected {
	struct cursor mask;
	bool has_mask;
	analyze_visit *visit;
	void *arg;
};

static int visit_selected(void *arg, const struct voxel *v)
{
	struct selected *s = arg;

	if (s->has_mask && !cursor_get(&s->mask, v->x, v->y, v->z))
		return 0;
	return s->visit(s->arg, v);
}

static int walk(const struct project *p, const struct layer *l, analyze_visit *visit, void *arg)
{
	const struct selection *sel = &p->selection;
	struct selected s = { { .v = &sel->mask }, sel->has_mask, visit, arg };

	return analyze_walk(&l->volume, &sel->box, visit_selected, &s);
}

static int count_one(void *arg, const struct voxel *v)
{
	(void)v;
	(*(uint64_t *)arg)++;
	return 0;
}

int selection_count(const struct project *p, const struct layer *l, uint64_t *count)
{
	*count = 0;
	return p->selection.is_set ? walk(p, l, count_one, count) : 0;
}

/* Copies voxels into a volume, moved and perhaps recolored. */
struct gather {
	struct volume *into;
	int32_t delta[3];
	bool has_color;
	rgba color;
};

static int gather_one(void *arg, const struct voxel *v)
{
	struct gather *g = arg;
	int32_t at[3];

	if (__builtin_add_overflow(v->x, g->delta[0], &at[0]) ||
	    __builtin_add_overflow(v->y, g->delta[1], &at[1]) ||
	    __builtin_add_overflow(v->z, g->delta[2], &at[2]))
		return -ERANGE;
	return volume_set(g->into, at[0], at[1], at[2], g->has_color ? g->color : v->color);
}

/* Moves the voxels to the clipboard. */
static void keep_on_clipboard(struct project *p, struct volume *voxels)
{
	volume_deinit(&p->clipboard.voxels);
	p->clipboard = (struct clipboard){ true, p->selection.box, *voxels };
}

int selection_copy(struct project *p, struct layer *l, uint64_t *count)
{
	struct volume voxels = { 0 };
	struct gather g = { .into = &voxels };
	int rc;

	if (!p->selection.is_set)
		return -ENOENT;
	rc = walk(p, l, gather_one, &g);
	if (rc < 0) {
		volume_deinit(&voxels);
		return rc;
	}
	*count = volume_voxels_count(&voxels);
	keep_on_clipboard(p, &voxels);
	return 0;
}

/* Writes all voxels of `from` into l, moved by delta; removes them when erase is set. */
static int stamp(struct layer *l, const struct volume *from, const int32_t delta[3], bool erase)
{
	struct gather g = { .into = &l->volume, .has_color = erase, .color = RGBA_NONE };

	for (int i = 0; i < 3; i++)
		g.delta[i] = delta[i];
	return analyze_walk(from, NULL, gather_one, &g);
}

/* Copies the selected voxels of l into a new volume. */
static int lift(struct project *p, struct layer *l, struct volume *out)
{
	struct gather g = { .into = out };

	if (!p->selection.is_set)
		return -ENOENT;
	return walk(p, l, gather_one, &g);
}

static int begin(struct project *p, struct layer *l, const char *label)
{
	int rc = project_begin(p, label);

	if (rc < 0)
		return rc;
	rc = project_edit_layer(p, l);
	return rc < 0 ? project_end(p, rc) : 0;
}

/* Removes the selected voxels and hands them to the caller in a new volume. */
static int take_out(struct project *p, struct layer *l, struct volume *lifted)
{
	const int32_t stay[3] = { 0, 0, 0 };
	int rc = lift(p, l, lifted);

	if (!rc)
		rc = begin(p, l, "delete selection");
	return rc < 0 ? rc : project_end(p, stamp(l, lifted, stay, true));
}

int selection_delete(struct project *p, struct layer *l, uint64_t *count)
{
	struct volume lifted = { 0 };
	int rc = take_out(p, l, &lifted);

	*count = volume_voxels_count(&lifted);
	volume_deinit(&lifted);
	return rc;
}

int selection_cut(struct project *p, struct layer *l, uint64_t *count)
{
	struct volume lifted = { 0 };
	int rc = take_out(p, l, &lifted);

	*count = volume_voxels_count(&lifted);
	if (rc < 0)
		volume_deinit(&lifted);
	else
		keep_on_clipboard(p, &lifted);
	return rc;
}

/* Fills every position of the selection, also empty ones unless it was made by color. */
int selection_fill(struct project *p, struct layer *l, rgba color, uint64_t *count)
{
	const struct selection *sel = &p->selection;
	struct gather g = { .into = &l->volume, .has_color = true, .color = color };
	int rc;

	if (!sel->is_set)
		return -ENOENT;
	rc = begin(p, l, "fill selection");
	if (rc < 0)
		return rc;
	if (sel->has_mask)
		rc = analyze_walk(&sel->mask, NULL, gather_one, &g);
	else
		rc = volume_fill_box(&l->volume, &sel->box, color);
	*count = sel->has_mask ? volume_voxels_count(&sel->mask) : box_volume(&sel->box);
	return project_end(p, rc);
}

static int move_box(const struct box *from, const int32_t delta[3], struct box *out)
{
	for (int i = 0; i < 3; i++)
		if (__builtin_add_overflow(from->min[i], delta[i], &out->min[i]) ||
		    __builtin_add_overflow(from->max[i], delta[i], &out->max[i]))
			return -ERANGE;
	return 0;
}

/* The selection's mask moved by delta; *out is a new volume. */
static int move_mask(const struct selection *sel, const int32_t delta[3], struct volume *out)
{
	struct gather g = { .into = out };

	for (int i = 0; i < 3; i++)
		g.delta[i] = delta[i];
	return sel->has_mask ? analyze_walk(&sel->mask, NULL, gather_one, &g) : 0;
}

int selection_move(struct project *p, struct layer *l, const int32_t delta[3], uint64_t *count)
{
	const int32_t stay[3] = { 0, 0, 0 };
	struct selection *sel = &p->selection;
	struct volume lifted = { 0 };
	struct volume mask = { 0 };
	struct box moved;
	int rc = lift(p, l, &lifted);

	if (!rc)
		rc = move_box(&sel->box, delta, &moved);
	if (!rc)
		rc = move_mask(sel, delta, &mask);
	if (!rc)
		rc = begin(p, l, "move selection");
	if (!rc) {
		rc = stamp(l, &lifted, stay, true);
		if (!rc)
			rc = stamp(l, &lifted, delta, false);
		rc = project_end(p, rc);
	}
	*count = volume_voxels_count(&lifted);
	volume_deinit(&lifted);
	if (rc < 0) {
		volume_deinit(&mask);
		return rc;
	}
	volume_deinit(&sel->mask);
	sel->mask = mask;
	sel->box = moved;
	return 0;
}

int selection_paste(struct project *p, struct layer *l, const int32_t *at, uint64_t *count)
{
	const struct clipboard *clip = &p->clipboard;
	int32_t delta[3] = { 0, 0, 0 };
	int rc;

	if (!clip->is_set)
		return -ENOENT;
	for (int i = 0; at && i < 3; i++)
		if (__builtin_sub_overflow(at[i], clip->box.min[i], &delta[i]))
			return -ERANGE;
	rc = begin(p, l, "paste");
	if (rc < 0)
		return rc;
	*count = volume_voxels_count(&clip->voxels);
	return project_end(p, stamp(l, &clip->voxels, delta, false));
}
