#include "daemon/methods/script_edits.h"

#include <string.h>

#include "daemon/methods/script_text.h"

void script_edits_init(struct script_edits *e, const struct document *doc,
		       struct script_result *result,
		       uint32_t *slots) /* NOLINT(readability-non-const-parameter): written later */
{
	*e = (struct script_edits){
		.doc = doc,
		.result = result,
		.slots = slots,
		.active_id = doc->active_id,
		.next_id = doc->next_layer_id,
	};
}

static bool add(struct script_edits *e, const struct script_op *op)
{
	if (e->result->ops_count == SCRIPT_OPS_MAX)
		return false;
	e->result->ops[e->result->ops_count++] = *op;
	return true;
}

/* Mixes the four words; the multiplier is that of the 64-bit Fibonacci hash. */
static uint32_t hash(int32_t layer_id, const int32_t pos[3])
{
	uint64_t h = (uint32_t)layer_id;

	for (int i = 0; i < 3; i++)
		h = (h ^ (uint32_t)pos[i]) * 0x9e3779b97f4a7c15ull + (h >> 29);
	return (uint32_t)(h >> 32) & (SCRIPT_SLOTS - 1);
}

/* The slot of that place: of its op, or the free one where it would be. */
static uint32_t *slot_of(const struct script_edits *e, int32_t layer_id, const int32_t pos[3])
{
	uint32_t at = hash(layer_id, pos);

	for (;; at = (at + 1) & (SCRIPT_SLOTS - 1)) {
		const struct script_op *op;

		if (!e->slots[at])
			return &e->slots[at];
		op = &e->result->ops[e->slots[at] - 1];
		if (op->layer_id == layer_id && !memcmp(op->pos, pos, sizeof(op->pos)))
			return &e->slots[at];
	}
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
		e->result->ops[known - 1].color = op.color;
		return true;
	}
	if (!add(e, &op))
		return false;
	*slot_of(e, e->active_id, pos) = e->result->ops_count;
	return true;
}

/* What the snapshot has of the layer; NULL: nothing that is to be seen. */
static const struct volume *seen_volume(const struct script_edits *e, int32_t id)
{
	const struct layer *l = mark_of(e, id) ? NULL : document_layer(e->doc, id);

	return l ? &l->volume : NULL;
}

rgba script_edits_get(const struct script_edits *e, const int32_t pos[3])
{
	uint32_t known = op_at(e, pos);
	const struct volume *v;

	if (known)
		return e->result->ops[known - 1].color;
	v = seen_volume(e, e->active_id);
	return v ? volume_get(v, pos[0], pos[1], pos[2]) : RGBA_NONE;
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

/* The voxels of a block of the snapshot that no op has taken away. */
static void widen_by_block(const struct script_edits *e, int32_t id, const struct volume_iter *it,
			   struct box *box, bool *is_there)
{
	for (int32_t i = 0; i < BLOCK_VOXELS; i++) {
		int32_t pos[3] = { it->pos.x * BLOCK_EDGE + (i & BLOCK_MASK),
				   it->pos.y * BLOCK_EDGE + (i >> BLOCK_BITS & BLOCK_MASK),
				   it->pos.z * BLOCK_EDGE + (i >> 2 * BLOCK_BITS) };
		uint32_t index;

		if (!it->block->voxels[i] || (*is_there && box_has(box, pos[0], pos[1], pos[2])))
			continue;
		index = *slot_of(e, id, pos);
		if (!index || e->result->ops[index - 1].color)
			widen(box, is_there, pos);
	}
}

bool script_edits_box(const struct script_edits *e, int32_t id, struct box *out)
{
	struct volume_iter it = { .v = seen_volume(e, id) };
	bool is_there = false;

	for (uint32_t i = first_op(e, id); i < e->result->ops_count; i++) {
		const struct script_op *op = &e->result->ops[i];

		if (op->kind == SCRIPT_VOXEL && op->layer_id == id && op->color)
			widen(out, &is_there, op->pos);
	}
	while (it.v && volume_next(&it))
		widen_by_block(e, id, &it, out, &is_there);
	return is_there;
}

int32_t script_edits_add_layer(struct script_edits *e, const char *name, size_t len)
{
	struct script_result *result = e->result;
	size_t used = 0;
	struct script_op op = { .kind = SCRIPT_LAYER_NEW,
				.layer_id = e->next_id,
				.pos = { (int32_t)result->names_count } };

	if (result->names_count == SCRIPT_LAYERS_MAX || e->next_id == INT32_MAX || !add(e, &op))
		return 0;
	(void)script_utf8(result->names[result->names_count++], VOXEL_NAME_MAX - 1, &used, name,
			  len);
	e->active_id = e->next_id++;
	return e->active_id;
}

bool script_edits_has_layer(const struct script_edits *e, int32_t id)
{
	const struct script_mark *mark = mark_of(e, id);

	if (mark && mark->is_deleted)
		return false;
	return document_layer(e->doc, id) || (id >= e->doc->next_layer_id && id < e->next_id);
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
	*mark = (struct script_mark){ .layer_id = id, .first_op = e->result->ops_count };
	return mark;
}

bool script_edits_clear(struct script_edits *e, int32_t id)
{
	return mark_now(e, id, SCRIPT_LAYER_CLEAR);
}

uint32_t script_edits_layers_count(const struct script_edits *e)
{
	return (uint32_t)e->doc->layers_count + e->result->names_count - e->deleted_count;
}

/* The highest layer that is left. */
static int32_t top_layer(const struct script_edits *e)
{
	for (int32_t id = e->next_id - 1; id >= e->doc->next_layer_id; id--)
		if (script_edits_has_layer(e, id))
			return id;
	for (size_t i = e->doc->layers_count; i-- > 0;)
		if (script_edits_has_layer(e, e->doc->layers[i]->meta.id))
			return e->doc->layers[i]->meta.id;
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
