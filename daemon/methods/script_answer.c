#include "daemon/methods/script_answer.h"

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

/* NULL: the document has no such layer; what is asked of it is empty. */
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

static void reply_block(const struct volume *v, struct block_pos at, struct script_reply *reply)
{
	const struct block *b = v ? volume_find(v, at) : NULL;

	if (b)
		reply->bytes = span_of((const char *)b->voxels, sizeof(b->voxels));
	else
		reply_yes(reply, false);
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

int script_answer(struct script_answers *a, const void *message, size_t len,
		  struct script_reply *reply)
{
	struct script_ask ask;

	reply->bytes = span_of(NULL, 0);
	if (len != sizeof(ask))
		return -EPROTO;
	memcpy(&ask, message, sizeof(ask));
	switch (ask.kind) {
	case SCRIPT_ASK_HELLO:
		return note_hello(a, &ask);
	case SCRIPT_ASK_BLOCK:
		reply_block(volume_of(a, &ask), ask.at, reply);
		return 0;
	case SCRIPT_ASK_PLACES:
		reply_places(volume_of(a, &ask), ask.value, reply);
		return 0;
	case SCRIPT_ASK_BOX:
		reply_box(volume_of(a, &ask), reply);
		return 0;
	case SCRIPT_ASK_MEMORY:
		reply_yes(reply, take_memory(a, ask.value));
		return 0;
	default:
		return -EPROTO;
	}
}

bool script_is_end(const void *message, size_t len)
{
	uint32_t kind;

	if (len < sizeof(struct script_end))
		return false;
	memcpy(&kind, message, sizeof(kind));
	return kind == SCRIPT_ASK_END;
}
