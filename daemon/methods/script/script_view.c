#include "daemon/methods/script/script_view.h"

#include <stddef.h>
#include <string.h>

void script_view_init(struct script_view *v, struct script_link *link, script_voxels *voxels)
{
	*v = (struct script_view){ .link = link,
				   .voxels = voxels,
				   .ahead_count = SCRIPT_VIEW_AHEAD_FIRST };
}

bool script_view_has_layer(const struct script_view *v, int32_t id)
{
	for (uint32_t i = 0; i < v->layers_count; i++)
		if (v->layers[i].id == id)
			return true;
	return false;
}

static bool is_at(struct block_pos a, struct block_pos b)
{
	return a.x == b.x && a.y == b.y && a.z == b.z;
}

/* Neighbouring blocks map to different sets, so a walk along a row or a plane causes no
 * collisions. */
static uint32_t set_of(int32_t layer_id, struct block_pos at)
{
	uint32_t h = (uint32_t)at.x + (uint32_t)at.y * 16u + (uint32_t)at.z * 97u +
		     (uint32_t)layer_id * 31u;

	return (h ^ h >> 8) % SCRIPT_VIEW_SETS;
}

static struct script_view_place *place_of(struct script_view *v, int32_t layer_id,
					  struct block_pos at)
{
	struct script_view_place *p = &v->places[(size_t)set_of(layer_id, at) * SCRIPT_VIEW_WAYS];

	for (int i = 0; i < SCRIPT_VIEW_WAYS; i++)
		if (p[i].layer_id == layer_id && is_at(p[i].at, at))
			return &p[i];
	p = &v->places[SCRIPT_VIEW_SPARE];
	return p->layer_id == layer_id && is_at(p->at, at) ? p : NULL;
}

/* An empty place for a block that has none; the spare one when there is no memory for more. */
static struct script_view_place *place_for(struct script_view *v, int32_t layer_id,
					   struct block_pos at)
{
	uint32_t set = set_of(layer_id, at);
	struct script_view_place *p =
		&v->places[set * SCRIPT_VIEW_WAYS + v->turns[set]++ % SCRIPT_VIEW_WAYS];

	if (!p->is_counted && !script_link_take_memory(v->link, sizeof(script_voxels))) {
		v->is_full = true;
		p = &v->places[SCRIPT_VIEW_SPARE];
	}
	*p = (struct script_view_place){ .at = at, .layer_id = layer_id, .is_counted = true };
	return p;
}

static void fill(struct script_view *v, struct script_view_place *p, uint32_t slices,
		 const script_slice *from)
{
	script_slice *to = v->voxels[p - v->places];

	for (uint32_t z = 0; z < BLOCK_EDGE; z++)
		if (slices >> z & 1)
			memcpy(to[z], *from++, sizeof(*to));
	p->slices |= (uint16_t)slices;
}

static struct script_view_cell *cell_for(struct script_view *v, int32_t layer_id,
					 struct block_pos at)
{
	uint32_t h = (uint32_t)(at.x >> SCRIPT_CELL_BITS) +
		     (uint32_t)(at.y >> SCRIPT_CELL_BITS) * 7u +
		     (uint32_t)(at.z >> SCRIPT_CELL_BITS) * 31u + (uint32_t)layer_id * 131u;

	return &v->cells[h % SCRIPT_VIEW_CELLS];
}

/* Asks for the contents of the cell and slices of the block. NULL: the block does not exist. */
static struct script_view_place *ask_for_cell(struct script_view *v, struct script_view_cell *c,
					      int32_t layer_id, struct block_pos at,
					      uint32_t slices)
{
	struct script_ask ask = {
		.kind = SCRIPT_ASK_CELL, .layer_id = layer_id, .at = at, .value = slices
	};
	struct script_view_place *p;

	(void)script_link_ask(v->link, &ask, &v->reply, sizeof(v->reply));
	c->layer_id = layer_id;
	c->at = script_cell_block(at, 0);
	c->blocks = v->reply.cell.cell;
	if (!script_cell_has(&c->blocks, script_cell_index(at)))
		return NULL;
	p = place_for(v, layer_id, at);
	fill(v, p, slices, v->reply.cell.slices);
	return p;
}

/* Adds blocks after the current one in the cell that were never asked for. */
static void add_neighbours(struct script_view *v, const struct script_view_cell *c,
			   struct script_ask_slices *ask)
{
	uint32_t count = SCRIPT_SLICES_MAX / (uint32_t)__builtin_popcount(ask->ask.value) - 1;
	uint32_t index = script_cell_index(ask->ask.at);

	if (count > v->ahead_count)
		count = v->ahead_count;
	for (uint32_t i = 1; i < SCRIPT_CELL_BLOCKS && count; i++) {
		uint32_t next = (index + i) % SCRIPT_CELL_BLOCKS;

		if (!script_cell_has(&c->blocks, next) ||
		    place_of(v, c->layer_id, script_cell_block(c->at, next)))
			continue;
		script_cell_add(&ask->want, next);
		v->ahead_count--;
		count--;
	}
}

/* A slice that was fetched ahead was used: allow fetching more ahead. */
static void allow_more(struct script_view *v, struct script_view_place *p)
{
	p->is_ahead = false;
	v->ahead_count += 2;
	if (v->ahead_count > SCRIPT_VIEW_AHEAD_MAX)
		v->ahead_count = SCRIPT_VIEW_AHEAD_MAX;
}

static void keep_neighbour(struct script_view *v, int32_t layer_id, struct block_pos at,
			   uint32_t slices, const script_slice *from)
{
	struct script_view_place *p = place_for(v, layer_id, at);

	fill(v, p, slices, from);
	p->is_ahead = true;
}

/* The requested block gets its place last, so that no neighbour replaces it. */
static struct script_view_place *take_slices(struct script_view *v,
					     const struct script_ask_slices *ask,
					     struct script_view_place *p)
{
	uint32_t asked = script_cell_index(ask->ask.at);
	uint32_t slices = ask->ask.value;
	int32_t layer_id = ask->ask.layer_id;
	const script_slice *from = v->reply.slices;
	const script_slice *own = NULL;

	for (uint32_t i = 0; i < SCRIPT_CELL_BLOCKS; i++) {
		if (!script_cell_has(&ask->want, i))
			continue;
		if (i == asked)
			own = from;
		else if (!v->is_full)
			keep_neighbour(v, layer_id, script_cell_block(ask->ask.at, i), slices,
				       from);
		from += __builtin_popcount(slices);
	}
	if (!p || p->layer_id != layer_id || !is_at(p->at, ask->ask.at))
		p = place_for(v, layer_id, ask->ask.at);
	fill(v, p, slices, own);
	return p;
}

/* p: the block's place; NULL: it has none. */
static struct script_view_place *ask_for_slices(struct script_view *v,
						const struct script_view_cell *c,
						struct block_pos at, struct script_view_place *p,
						uint32_t slices)
{
	struct script_ask_slices ask = { .ask = { .kind = SCRIPT_ASK_SLICES,
						  .layer_id = c->layer_id,
						  .at = at,
						  .value = slices } };

	script_cell_add(&ask.want, script_cell_index(at));
	if (!v->is_full)
		add_neighbours(v, c, &ask);
	script_link_send(v->link, &ask, sizeof(ask));
	(void)script_link_receive(v->link, &v->reply, sizeof(v->reply));
	return take_slices(v, &ask, p);
}

/* The block with at least those slices. NULL: it does not exist. */
static struct script_view_place *find(struct script_view *v, int32_t layer_id, struct block_pos at,
				      uint32_t slices)
{
	struct script_view_place *p = place_of(v, layer_id, at);
	struct script_view_cell *c = cell_for(v, layer_id, at);

	if (p && p->is_ahead)
		allow_more(v, p);
	if (p && (p->slices & slices) == slices)
		return p;
	if (c->layer_id != layer_id || !is_at(c->at, script_cell_block(at, 0)))
		return ask_for_cell(v, c, layer_id, at, slices);
	if (!script_cell_has(&c->blocks, script_cell_index(at)))
		return NULL;
	if (p)
		slices = ~(uint32_t)p->slices & SCRIPT_SLICES_ALL;
	return ask_for_slices(v, c, at, p, slices);
}

const rgba *script_view_block(struct script_view *v, int32_t layer_id, struct block_pos at)
{
	v->last = find(v, layer_id, at, SCRIPT_SLICES_ALL);
	return v->last ? v->voxels[v->last - v->places][0] : NULL;
}

rgba script_view_voxel(struct script_view *v, int32_t layer_id, const int32_t pos[3])
{
	struct block_pos at = { pos[0] >> BLOCK_BITS, pos[1] >> BLOCK_BITS, pos[2] >> BLOCK_BITS };
	uint32_t z = (uint32_t)pos[2] & BLOCK_MASK;
	struct script_view_place *p = v->last;

	if (!p || p->layer_id != layer_id || !is_at(p->at, at) || !(p->slices >> z & 1))
		p = find(v, layer_id, at, 1u << z);
	v->last = p;
	return p ? v->voxels[p - v->places][z][block_index(pos[0], pos[1], 0)] : RGBA_NONE;
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
