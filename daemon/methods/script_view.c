#include "daemon/methods/script_view.h"

#include <stddef.h>

void script_view_init(struct script_view *v, struct script_link *link, script_voxels *voxels)
{
	*v = (struct script_view){ .link = link, .voxels = voxels };
}

bool script_view_has_layer(const struct script_view *v, int32_t id)
{
	for (uint32_t i = 0; i < v->layers_count; i++)
		if (v->layers[i].id == id)
			return true;
	return false;
}

static bool is_place(const struct script_view_place *p, int32_t layer_id, struct block_pos at)
{
	return p->layer_id == layer_id && p->at.x == at.x && p->at.y == at.y && p->at.z == at.z;
}

/* Neighbouring blocks get different sets: a walk through a row or a plane does not collide. */
static uint32_t set_of(int32_t layer_id, struct block_pos at)
{
	uint32_t h = (uint32_t)at.x + (uint32_t)at.y * 16u + (uint32_t)at.z * 97u +
		     (uint32_t)layer_id * 31u;

	return (h ^ h >> 8) % SCRIPT_VIEW_SETS;
}

/* A place to put a block into. The one behind the sets is for when there is no memory for more. */
static struct script_view_place *place_for(struct script_view *v, uint32_t set)
{
	struct script_view_place *p =
		&v->places[set * SCRIPT_VIEW_WAYS + v->turns[set]++ % SCRIPT_VIEW_WAYS];

	if (!p->is_counted && !script_link_take_memory(v->link, sizeof(script_voxels)))
		return &v->places[SCRIPT_VIEW_BLOCKS - 1];
	p->is_counted = true;
	return p;
}

static struct script_view_place *find(struct script_view *v, int32_t layer_id, struct block_pos at)
{
	uint32_t set = set_of(layer_id, at);
	struct script_ask ask = { .kind = SCRIPT_ASK_BLOCK, .layer_id = layer_id, .at = at };
	struct script_view_place *p = &v->places[(size_t)set * SCRIPT_VIEW_WAYS];

	for (int i = 0; i < SCRIPT_VIEW_WAYS; i++)
		if (is_place(&p[i], layer_id, at))
			return &p[i];
	p = place_for(v, set);
	p->has_voxels = script_link_ask(v->link, &ask, v->voxels[p - v->places],
					sizeof(script_voxels)) == sizeof(script_voxels);
	p->layer_id = layer_id;
	p->at = at;
	return p;
}

const rgba *script_view_block(struct script_view *v, int32_t layer_id, struct block_pos at)
{
	if (!v->last || !is_place(v->last, layer_id, at))
		v->last = find(v, layer_id, at);
	return v->last->has_voxels ? v->voxels[v->last - v->places] : NULL;
}

rgba script_view_voxel(struct script_view *v, int32_t layer_id, const int32_t pos[3])
{
	struct block_pos at = { pos[0] >> BLOCK_BITS, pos[1] >> BLOCK_BITS, pos[2] >> BLOCK_BITS };
	const rgba *voxels = script_view_block(v, layer_id, at);

	return voxels ? voxels[block_index(pos[0], pos[1], pos[2])] : RGBA_NONE;
}

bool script_view_box(struct script_view *v, int32_t layer_id, struct box *out)
{
	struct script_ask ask = { .kind = SCRIPT_ASK_BOX, .layer_id = layer_id };
	struct script_box reply = { 0 };

	(void)script_link_ask(v->link, &ask, &reply, sizeof(reply));
	if (reply.is_there)
		*out = reply.box;
	return reply.is_there;
}

void script_view_places(struct script_view *v, int32_t layer_id, struct script_places *out)
{
	struct script_ask ask = { .kind = SCRIPT_ASK_PLACES,
				  .layer_id = layer_id,
				  .value = out->next };

	(void)script_link_ask(v->link, &ask, out, sizeof(*out));
}
