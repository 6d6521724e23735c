#include "daemon/methods/script/script_answer.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/budget.h"

enum { ERRNO_MAX = 4095 };

static bool take_memory(struct script_answers *a, uint64_t bytes)
{
	if (bytes > SCRIPT_MEMORY_BYTES_MAX - a->memory_bytes ||
	    !budget_take(BUDGET_SCRIPTS, (size_t)bytes))
		return false;
	a->memory_bytes += bytes;
	return true;
}

bool script_answers_init(struct script_answers *a, const struct document *doc, size_t source_bytes)
{
	*a = (struct script_answers){ .doc = doc };
	return take_memory(a, SCRIPT_MEMORY_BYTES_FIRST + source_bytes);
}

void script_answers_deinit(struct script_answers *a)
{
	if (a->memory_bytes)
		budget_give(BUDGET_SCRIPTS, (size_t)a->memory_bytes);
	a->memory_bytes = 0;
}

/* NULL when the document has no such layer; answers are then empty. */
static const struct volume *volume_of(const struct script_answers *a, const struct script_ask *ask)
{
	const struct layer *l = document_layer(a->doc, ask->layer_id);

	return l ? &l->volume : NULL;
}

static void reply_yes(struct script_reply *reply, bool yes)
{
	reply->room.yes = (char)yes;
	reply->bytes = span_of(&reply->room.yes, 1);
}

/* Returns the number of slices written. */
static uint32_t copy_slices(const struct block *b, uint32_t slices, script_slice *out)
{
	uint32_t count = 0;

	for (uint32_t z = 0; b && z < BLOCK_EDGE; z++)
		if (slices >> z & 1)
			memcpy(out[count++], b->voxels + (size_t)z * SCRIPT_SLICE_VOXELS,
			       sizeof(*out));
	return count;
}

static void reply_cell(const struct volume *v, const struct script_ask *ask,
		       struct script_reply *reply)
{
	struct script_cell_reply *out = &reply->room.cell;
	uint32_t count = 0;

	out->cell = (struct script_cell){ 0 };
	for (uint32_t i = 0; v && i < SCRIPT_CELL_BLOCKS; i++)
		if (volume_find(v, script_cell_block(ask->at, i)))
			script_cell_add(&out->cell, i);
	if (v)
		count = copy_slices(volume_find(v, ask->at), ask->value, out->slices);
	reply->bytes =
		span_of((const char *)out, sizeof(out->cell) + count * sizeof(out->slices[0]));
}

static uint32_t bits_count(const struct script_cell *c)
{
	uint32_t count = 0;

	for (int i = 0; i < SCRIPT_CELL_WORDS; i++)
		count += (uint32_t)__builtin_popcountll(c->has[i]);
	return count;
}

static int reply_slices(const struct volume *v, const struct script_ask_slices *ask,
			struct script_reply *reply)
{
	uint32_t slices = ask->ask.value & SCRIPT_SLICES_ALL;
	uint32_t count = 0;

	if (bits_count(&ask->want) * (uint32_t)__builtin_popcount(slices) > SCRIPT_SLICES_MAX)
		return -EPROTO;
	for (uint32_t i = 0; v && i < SCRIPT_CELL_BLOCKS; i++)
		if (script_cell_has(&ask->want, i))
			count += copy_slices(volume_find(v, script_cell_block(ask->ask.at, i)),
					     slices, reply->room.slices + count);
	reply->bytes =
		span_of((const char *)reply->room.slices, count * sizeof(reply->room.slices[0]));
	return 0;
}

static void reply_places(const struct volume *v, uint32_t from, struct script_reply *reply)
{
	struct volume_iter it = { .v = v, .slot = from };
	struct script_places *places = &reply->room.places;

	places->count = 0;
	while (v && places->count < SCRIPT_PLACES_MAX && volume_next(&it))
		places->at[places->count++] = it.pos;
	places->next = places->count == SCRIPT_PLACES_MAX ? it.slot : 0;
	reply->bytes = span_of((const char *)places, offsetof(struct script_places, at) +
							     places->count * sizeof(places->at[0]));
}

static void reply_box(const struct volume *v, struct script_reply *reply)
{
	struct script_box *box = &reply->room.box;

	*box = (struct script_box){ 0 };
	box->is_there = v && volume_box(v, &box->box);
	reply->bytes = span_of((const char *)box, sizeof(*box));
}

static int note_hello(struct script_answers *a, const struct script_ask *ask)
{
	if (a->has_hello || ask->value > ERRNO_MAX)
		return -EPROTO;
	a->has_hello = true;
	a->sandbox_code = -(int)ask->value;
	return 0;
}

/* Answers questions of the fixed size. */
static int answer(struct script_answers *a, const struct script_ask *ask,
		  struct script_reply *reply)
{
	switch (ask->kind) {
	case SCRIPT_ASK_HELLO:
		return note_hello(a, ask);
	case SCRIPT_ASK_CELL:
		reply_cell(volume_of(a, ask), ask, reply);
		return 0;
	case SCRIPT_ASK_PLACES:
		reply_places(volume_of(a, ask), ask->value, reply);
		return 0;
	case SCRIPT_ASK_BOX:
		reply_box(volume_of(a, ask), reply);
		return 0;
	case SCRIPT_ASK_MEMORY:
		reply_yes(reply, take_memory(a, ask->value));
		return 0;
	default:
		return -EPROTO;
	}
}

int script_answer(struct script_answers *a, const void *message, size_t len,
		  struct script_reply *reply)
{
	struct script_ask_slices ask;

	reply->bytes = span_of(NULL, 0);
	if (len != sizeof(ask.ask) && len != sizeof(ask))
		return -EPROTO;
	memcpy(&ask, message, len);
	if (len == sizeof(ask.ask))
		return answer(a, &ask.ask, reply);
	if (ask.ask.kind != SCRIPT_ASK_SLICES)
		return -EPROTO;
	return reply_slices(volume_of(a, &ask.ask), &ask, reply);
}

bool script_is_end(const void *message, size_t len)
{
	uint32_t kind;

	if (len < sizeof(struct script_end))
		return false;
	memcpy(&kind, message, sizeof(kind));
	return kind == SCRIPT_ASK_END;
}
