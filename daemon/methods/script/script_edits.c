#include "daemon/methods/script/script_edits.h"

#include <string.h>

#include "daemon/methods/script/script_text.h"

/* NOLINTBEGIN(readability-non-const-parameter): written later */
void script_edits_init(struct script_edits *e, struct script_view *view, struct script_op *ops,
		       uint32_t *slots)
/* NOLINTEND(readability-non-const-parameter) */
{
	*e = (struct script_edits){ .view = view,
				    .link = view->link,
				    .ops = ops,
				    .slots = slots,
				    .slots_mask = SCRIPT_SLOTS_FIRST - 1 };
}

void script_edits_begin(struct script_edits *e)
{
	e->active_id = e->view->active_id;
	e->next_id = e->view->next_layer_id;
}

static bool add(struct script_edits *e, const struct script_op *op)
{
	if (e->ops_count == SCRIPT_OPS_MAX || !script_link_take_memory(e->link, sizeof(*op)))
		return false;
	e->ops[e->ops_count++] = *op;
	return true;
}

/* Mixes the four words; the multiplier is that of the 64-bit Fibonacci hash. */
static uint32_t hash(int32_t layer_id, const int32_t pos[3])
{
	uint64_t h = (uint32_t)layer_id;

	for (int i = 0; i < 3; i++)
		h = (h ^ (uint32_t)pos[i]) * 0x9e3779b97f4a7c15ull + (h >> 29);
	return (uint32_t)(h >> 32);
}

/* The slot of that place: of its op, or the free one where it would be. */
static uint32_t *slot_of(const struct script_edits *e, int32_t layer_id, const int32_t pos[3])
{
	uint32_t at = hash(layer_id, pos) & e->slots_mask;

	for (;; at = (at + 1) & e->slots_mask) {
		const struct script_op *op;

		if (!e->slots[at])
			return &e->slots[at];
		op = &e->ops[e->slots[at] - 1];
		if (op->layer_id == layer_id && !memcmp(op->pos, pos, sizeof(op->pos)))
			return &e->slots[at];
	}
}

/* Twice the slots when half of them may be in use. The later of two edits of a place wins, as when
 * they came. */
static bool make_room(struct script_edits *e)
{
	size_t slots_bytes = ((size_t)e->slots_mask + 1) * sizeof(*e->slots);

	if (e->ops_count <= e->slots_mask / 2 || e->slots_mask == SCRIPT_SLOTS_MAX - 1)
		return true;
	if (!script_link_take_memory(e->link, slots_bytes))
		return false;
	memset(e->slots, 0, slots_bytes);
	e->slots_mask = 2 * e->slots_mask + 1;
	for (uint32_t i = 0; i < e->ops_count; i++) {
		const struct script_op *op = &e->ops[i];

		if (op->kind == SCRIPT_VOXEL)
			*slot_of(e, op->layer_id, op->pos) = i + 1;
	}
	return true;
}

/* NULL: the layer was neither cleared nor deleted. */
static struct script_mark *mark_of(const struct script_edits *e, int32_t id)
{
	for (uint32_t i = 0; i < e->marks_count; i++)
		if (e->marks[i].layer_id == id)
			return (struct script_mark *)&e->marks[i];
	return NULL;
}

/* Ops of the layer before this one are not to be seen. */
static uint32_t first_op(const struct script_edits *e, int32_t id)
{
	const struct script_mark *mark = mark_of(e, id);

	return mark ? mark->first_op : 0;
}

/* Index + 1 of the op that says what is at pos on the active layer; 0: the snapshot does. */
static uint32_t op_at(const struct script_edits *e, const int32_t pos[3])
{
	uint32_t index = *slot_of(e, e->active_id, pos);

	return index > first_op(e, e->active_id) ? index : 0;
}

bool script_edits_set(struct script_edits *e, const int32_t pos[3], rgba color)
{
	uint32_t known = op_at(e, pos);
	struct script_op op = { .kind = SCRIPT_VOXEL,
				.layer_id = e->active_id,
				.pos = { pos[0], pos[1], pos[2] },
				.color = rgba_stored(color) };

	if (known) {
		e->ops[known - 1].color = op.color;
		return true;
	}
	if (!make_room(e) || !add(e, &op))
		return false;
	*slot_of(e, e->active_id, pos) = e->ops_count;
	return true;
}

/* The view's voxels of the layer are still there. */
static bool is_seen(const struct script_edits *e, int32_t id)
{
	return !mark_of(e, id) && script_view_has_layer(e->view, id);
}

rgba script_edits_get(struct script_edits *e, const int32_t pos[3])
{
	uint32_t known = op_at(e, pos);

	if (known)
		return e->ops[known - 1].color;
	return is_seen(e, e->active_id) ? script_view_voxel(e->view, e->active_id, pos) : RGBA_NONE;
}

static void widen(struct box *box, bool *is_there, const int32_t pos[3])
{
	for (int i = 0; i < 3; i++) {
		if (!*is_there || pos[i] < box->min[i])
			box->min[i] = pos[i];
		if (!*is_there || pos[i] > box->max[i])
			box->max[i] = pos[i];
	}
	*is_there = true;
}

/* The voxels of a block of the view that no op has taken away. */
static void widen_by_block(struct script_edits *e, int32_t id, struct block_pos at, struct box *box,
			   bool *is_there)
{
	const int32_t low[3] = { at.x * BLOCK_EDGE, at.y * BLOCK_EDGE, at.z * BLOCK_EDGE };
	const rgba *voxels;

	if (*is_there && box_has(box, low[0], low[1], low[2]) &&
	    box_has(box, low[0] + BLOCK_MASK, low[1] + BLOCK_MASK, low[2] + BLOCK_MASK))
		return;
	voxels = script_view_block(e->view, id, at);
	for (int32_t i = 0; voxels && i < BLOCK_VOXELS; i++) {
		int32_t pos[3] = { low[0] + (i & BLOCK_MASK),
				   low[1] + (i >> BLOCK_BITS & BLOCK_MASK),
				   low[2] + (i >> 2 * BLOCK_BITS) };
		uint32_t index;

		if (!voxels[i] || (*is_there && box_has(box, pos[0], pos[1], pos[2])))
			continue;
		index = *slot_of(e, id, pos);
		if (!index || e->ops[index - 1].color)
			widen(box, is_there, pos);
	}
}

/* By the edits of the layer that can be seen; *has_removed: one of them takes a voxel away. */
static void widen_by_edits(const struct script_edits *e, int32_t id, struct box *box,
			   bool *is_there, bool *has_removed)
{
	for (uint32_t i = first_op(e, id); i < e->ops_count; i++) {
		const struct script_op *op = &e->ops[i];

		if (op->kind != SCRIPT_VOXEL || op->layer_id != id)
			continue;
		if (op->color)
			widen(box, is_there, op->pos);
		else
			*has_removed = true;
	}
}

bool script_edits_box(struct script_edits *e, int32_t id, struct box *out)
{
	struct script_places places = { 0 };
	struct box seen;
	bool is_there = false;
	bool has_removed = false;

	widen_by_edits(e, id, out, &is_there, &has_removed);
	if (!is_seen(e, id) || !script_view_box(e->view, id, &seen))
		return is_there;
	if (!has_removed) {
		widen(out, &is_there, seen.min);
		widen(out, &is_there, seen.max);
		return true;
	}
	do {
		script_view_places(e->view, id, &places);
		for (uint32_t i = 0; i < places.count; i++)
			widen_by_block(e, id, places.at[i], out, &is_there);
	} while (places.next);
	return is_there;
}

int32_t script_edits_add_layer(struct script_edits *e, const char *name, size_t len)
{
	size_t used = 0;
	struct script_op op = { .kind = SCRIPT_LAYER_NEW,
				.layer_id = e->next_id,
				.pos = { (int32_t)e->names_count } };

	if (e->names_count == SCRIPT_LAYERS_MAX || e->next_id == INT32_MAX || !add(e, &op))
		return 0;
	(void)script_utf8(e->names[e->names_count++], VOXEL_NAME_MAX - 1, &used, name, len);
	e->active_id = e->next_id++;
	return e->active_id;
}

bool script_edits_has_layer(const struct script_edits *e, int32_t id)
{
	const struct script_mark *mark = mark_of(e, id);

	if (mark && mark->is_deleted)
		return false;
	return script_view_has_layer(e->view, id) ||
	       (id >= e->view->next_layer_id && id < e->next_id);
}

bool script_edits_activate(struct script_edits *e, int32_t id)
{
	struct script_op op = { .kind = SCRIPT_LAYER_ACTIVE, .layer_id = id };

	e->active_id = id;
	return add(e, &op);
}

bool script_edits_show(struct script_edits *e, int32_t id, bool visible)
{
	struct script_op op = { .kind = SCRIPT_LAYER_VISIBLE, .layer_id = id, .pos = { visible } };

	return add(e, &op);
}

/* From here on the layer is empty. NULL: too many such layers, or edits. */
static struct script_mark *mark_now(struct script_edits *e, int32_t id, enum script_op_kind kind)
{
	struct script_op op = { .kind = (int32_t)kind, .layer_id = id };
	struct script_mark *mark = mark_of(e, id);

	if ((!mark && e->marks_count == SCRIPT_LAYERS_MAX) || !add(e, &op))
		return NULL;
	if (!mark)
		mark = &e->marks[e->marks_count++];
	*mark = (struct script_mark){ .layer_id = id, .first_op = e->ops_count };
	return mark;
}

bool script_edits_clear(struct script_edits *e, int32_t id)
{
	return mark_now(e, id, SCRIPT_LAYER_CLEAR);
}

uint32_t script_edits_layers_count(const struct script_edits *e)
{
	return e->view->layers_count + e->names_count - e->deleted_count;
}

/* The highest layer that is left. */
static int32_t top_layer(const struct script_edits *e)
{
	for (int32_t id = e->next_id - 1; id >= e->view->next_layer_id; id--)
		if (script_edits_has_layer(e, id))
			return id;
	for (uint32_t i = e->view->layers_count; i-- > 0;)
		if (script_edits_has_layer(e, e->view->layers[i].id))
			return e->view->layers[i].id;
	return 0;
}

bool script_edits_delete(struct script_edits *e, int32_t id)
{
	struct script_mark *mark = mark_now(e, id, SCRIPT_LAYER_DELETE);

	if (!mark)
		return false;
	mark->is_deleted = true;
	e->deleted_count++;
	return e->active_id != id || script_edits_activate(e, top_layer(e));
}
