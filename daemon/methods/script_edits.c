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
static uint32_t *slot_of(const struct script_edits *e, const int32_t pos[3])
{
	uint32_t at = hash(e->active_id, pos);

	for (;; at = (at + 1) & (SCRIPT_SLOTS - 1)) {
		const struct script_op *op;

		if (!e->slots[at])
			return &e->slots[at];
		op = &e->result->ops[e->slots[at] - 1];
		if (op->layer_id == e->active_id && !memcmp(op->pos, pos, sizeof(op->pos)))
			return &e->slots[at];
	}
}

bool script_edits_set(struct script_edits *e, const int32_t pos[3], rgba color)
{
	uint32_t *slot = slot_of(e, pos);
	struct script_op op = { .kind = SCRIPT_VOXEL,
				.layer_id = e->active_id,
				.pos = { pos[0], pos[1], pos[2] },
				.color = rgba_stored(color) };

	if (*slot) {
		e->result->ops[*slot - 1].color = op.color;
		return true;
	}
	if (!add(e, &op))
		return false;
	*slot = e->result->ops_count;
	return true;
}

rgba script_edits_get(const struct script_edits *e, const int32_t pos[3])
{
	const uint32_t *slot = slot_of(e, pos);
	const struct layer *l;

	if (*slot)
		return e->result->ops[*slot - 1].color;
	l = document_layer(e->doc, e->active_id);
	return l ? volume_get(&l->volume, pos[0], pos[1], pos[2]) : RGBA_NONE;
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
