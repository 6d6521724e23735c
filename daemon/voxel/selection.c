/*
 * Selection, clipboard and moves. The selected voxels of a layer are first copied into a volume of
 * their own, which shares those blocks of the layer that are selected as a whole, then written in
 * the edit.
 */
#include "daemon/voxel/selection.h"

#include <errno.h>

#include "daemon/voxel/transfer.h"

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

int selection_set_color(struct project *p, struct layer *l, rgba color, rgba tolerance,
			const struct box *region, uint64_t *count)
{
	struct volume mask = { 0 };
	int rc = transfer_near(&mask, &l->volume, region, color, tolerance);

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

static struct transfer_choice choice_of(const struct selection *sel)
{
	return (struct transfer_choice){ &sel->box, sel->has_mask ? &sel->mask : NULL };
}

int selection_count(const struct project *p, const struct layer *l, uint64_t *count)
{
	struct transfer_choice choice = choice_of(&p->selection);

	*count = 0;
	return p->selection.is_set ? transfer_count(&l->volume, &choice, count) : 0;
}

/* Copies the selected voxels of l into a new volume. */
static int lift(struct project *p, struct layer *l, struct volume *out)
{
	struct transfer_choice choice = choice_of(&p->selection);

	if (!p->selection.is_set)
		return -ENOENT;
	return transfer_chosen(out, &l->volume, &choice);
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
	int rc = lift(p, l, &voxels);

	if (rc < 0) {
		volume_deinit(&voxels);
		return rc;
	}
	*count = volume_voxels_count(&voxels);
	keep_on_clipboard(p, &voxels);
	return 0;
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
	int rc = lift(p, l, lifted);

	if (!rc)
		rc = begin(p, l, "delete selection");
	return rc < 0 ? rc : project_end(p, transfer_remove(&l->volume, lifted));
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
	int rc;

	if (!sel->is_set)
		return -ENOENT;
	rc = begin(p, l, "fill selection");
	if (rc < 0)
		return rc;
	if (sel->has_mask)
		rc = transfer_color(&l->volume, &sel->mask, color);
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

int selection_move(struct project *p, struct layer *l, const int32_t delta[3], uint64_t *count)
{
	struct selection *sel = &p->selection;
	struct volume lifted = { 0 };
	struct volume mask = { 0 };
	struct box moved;
	int rc = lift(p, l, &lifted);

	if (!rc)
		rc = move_box(&sel->box, delta, &moved);
	if (!rc)
		rc = transfer_moved(&mask, &sel->mask, delta);
	if (!rc)
		rc = begin(p, l, "move selection");
	if (!rc) {
		rc = transfer_remove(&l->volume, &lifted);
		if (!rc)
			rc = transfer_moved(&l->volume, &lifted, delta);
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
	return project_end(p, transfer_moved(&l->volume, &clip->voxels, delta));
}
