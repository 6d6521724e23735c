#include "daemon/test/journal_model.h"

#include <assert.h>
#include <string.h>

enum { STRIDE = 7 }; /* between the cells of a batch; has no divisor in common with the edge */

static rgba color_of(uint32_t n)
{
	return n | 0xff000000u;
}

static uint32_t cell_of(const struct model_edit *e, uint32_t i)
{
	return (e->cell + i * STRIDE) % MODEL_CELLS;
}

static int find(const struct model_state *s, int32_t id)
{
	int i = 0;

	while (i < s->count && s->layers[i].id != id)
		i++;
	return i;
}

void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	m->now.count = 1;
	m->now.layers[0].id = 1;
	m->now.active_id = 1;
	m->next_id = 2;
	m->color = 1;
	m->version = 1;
}

void model_forget_undo(struct model *m)
{
	m->undo_count = 0;
}

static bool is_empty(const struct model_layer *l)
{
	static const rgba nothing[MODEL_CELLS];

	return !memcmp(l->at, nothing, sizeof(nothing));
}

struct model_edit model_choose(const struct model *m, struct rng *r)
{
	const struct model_layer *l = &m->now.layers[rng_below(r, (uint64_t)m->now.count)];
	struct model_edit e = {
		.kind = MODEL_ADD,
		.layer_id = l->id,
		.cell = (uint32_t)rng_below(r, MODEL_CELLS),
		.color = m->color,
		.count = 1,
	};
	bool has_room = m->now.count < MODEL_LAYERS_MAX;

	switch (rng_below(r, 24)) {
	case 0:
	case 1:
		e.kind = MODEL_BATCH;
		e.count = 2 + (uint32_t)rng_below(r, 20);
		break;
	case 2: /* more than a step of history keeps one by one */
		e.kind = MODEL_BATCH;
		e.count = 257 + (uint32_t)rng_below(r, 400);
		break;
	case 3:
		e.kind = is_empty(l) ? MODEL_ADD : MODEL_CLEAR;
		break;
	case 4:
		e.kind = has_room ? MODEL_CREATE : MODEL_ADD;
		break;
	case 5:
		e.kind = m->now.count > 1 ? MODEL_DELETE : MODEL_ADD;
		break;
	case 6:
		e.kind = has_room ? MODEL_DUPLICATE : MODEL_ADD;
		break;
	case 7:
	case 8:
	case 9:
		e.kind = m->undo_count ? MODEL_UNDO : MODEL_ADD;
		break;
	default:
		break;
	}
	return e;
}

static void push_undo(struct model *m)
{
	m->undo[m->undo_at] = m->now;
	m->undo_at = (m->undo_at + 1) % MODEL_UNDO_MAX;
	if (m->undo_count < MODEL_UNDO_MAX)
		m->undo_count++;
}

static void insert_layer(struct model *m, int index, const struct model_layer *l)
{
	struct model_state *s = &m->now;

	memmove(&s->layers[index + 1], &s->layers[index],
		(size_t)(s->count - index) * sizeof(s->layers[0]));
	s->layers[index] = *l;
	s->layers[index].id = m->next_id;
	s->active_id = m->next_id++;
	s->count++;
}

static void delete_layer(struct model_state *s, int index)
{
	int32_t id = s->layers[index].id;

	s->count--;
	memmove(&s->layers[index], &s->layers[index + 1],
		(size_t)(s->count - index) * sizeof(s->layers[0]));
	if (s->active_id == id)
		s->active_id = s->layers[index ? index - 1 : 0].id;
}

void model_apply(struct model *m, const struct model_edit *e)
{
	static const struct model_layer empty;
	int index = find(&m->now, e->layer_id);
	struct model_layer *l = &m->now.layers[index];

	m->version++;
	m->color = e->color + e->count;
	if (e->kind == MODEL_UNDO) {
		m->undo_at = (m->undo_at + MODEL_UNDO_MAX - 1) % MODEL_UNDO_MAX;
		m->undo_count--;
		m->now = m->undo[m->undo_at];
		return;
	}
	push_undo(m);
	switch (e->kind) {
	case MODEL_ADD:
	case MODEL_BATCH:
		for (uint32_t i = 0; i < e->count; i++)
			l->at[cell_of(e, i)] = color_of(e->color + i);
		break;
	case MODEL_CLEAR:
		memset(l->at, 0, sizeof(l->at));
		break;
	case MODEL_CREATE:
		insert_layer(m, m->now.count, &empty);
		break;
	case MODEL_DELETE:
		delete_layer(&m->now, index);
		break;
	case MODEL_DUPLICATE: {
		struct model_layer copy = *l;

		insert_layer(m, index + 1, &copy);
		break;
	}
	case MODEL_UNDO:
		break;
	}
}

static void add_voxel(const struct model_edit *e, uint32_t i, struct strbuf *out)
{
	uint32_t cell = cell_of(e, i);
	rgba color = color_of(e->color + i);

	strbuf_addf(out, "%u,%u,%u,%u,%u,%u,%u", cell % MODEL_EDGE, cell / MODEL_EDGE % MODEL_EDGE,
		    cell / MODEL_EDGE / MODEL_EDGE, rgba_r(color), rgba_g(color), rgba_b(color),
		    rgba_a(color));
}

static void request(struct strbuf *out, const char *method, int32_t project_id)
{
	strbuf_addf(out,
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{\"project_id\":%d",
		    method, project_id);
}

void model_request(const struct model_edit *e, int32_t project_id, struct strbuf *out)
{
	static const char *const methods[] = {
		[MODEL_ADD] = "add_voxels",      [MODEL_BATCH] = "add_voxels",
		[MODEL_CLEAR] = "clear_layer",   [MODEL_CREATE] = "create_layer",
		[MODEL_DELETE] = "delete_layer", [MODEL_DUPLICATE] = "duplicate_layer",
		[MODEL_UNDO] = "undo",
	};

	request(out, methods[e->kind], project_id);
	if (e->kind != MODEL_CREATE && e->kind != MODEL_UNDO)
		strbuf_addf(out, ",\"layer_id\":%d", e->layer_id);
	if (e->kind == MODEL_ADD || e->kind == MODEL_BATCH) {
		strbuf_add_str(out, ",\"voxels\":[");
		for (uint32_t i = 0; i < e->count; i++) {
			strbuf_add_str(out, i ? ",[" : "[");
			add_voxel(e, i, out);
			strbuf_add_char(out, ']');
		}
		strbuf_add_char(out, ']');
	}
	strbuf_add_str(out, "}}\n");
}
