#include "daemon/formats/mesh.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/base/err.h"

enum { FACES = BLOCK_EDGE * BLOCK_EDGE }; /* of one slice of a block */

const int8_t mesh_normals[MESH_SIDES][3] = { { -1, 0, 0 }, { 1, 0, 0 },  { 0, -1, 0 },
					     { 0, 1, 0 },  { 0, 0, -1 }, { 0, 0, 1 } };

/* The block being meshed: its voxels and access to its neighbours. */
struct work {
	struct mesh *mesh;
	struct cursor around;
	const struct block *block;
	int32_t origin[3];
	rgba faces[FACES]; /* of one slice; RGBA_NONE = not visible */
};

static int add_quad(struct mesh *m, const struct mesh_quad *q)
{
	if (m->quads_count == m->quads_cap) {
		size_t cap = m->quads_cap ? 2 * m->quads_cap : 1024;
		struct mesh_quad *quads;

		if (m->quads_count >= MESH_QUADS_MAX)
			return -EMSGSIZE;
		quads = budget_realloc(BUDGET_FILES, m->quads, cap * sizeof(*quads));
		if (!quads)
			return -ENOMEM;
		m->quads = quads;
		m->quads_cap = cap;
	}
	m->quads[m->quads_count++] = *q;
	return 0;
}

/* Whether the voxel in front hides the face. at is relative to the block; one coordinate may lie
 * outside. */
static bool is_hidden(struct work *w, const int32_t at[3])
{
	int64_t pos[3];

	if (((at[0] | at[1] | at[2]) & ~BLOCK_MASK) == 0)
		return rgba_a(w->block->voxels[block_index(at[0], at[1], at[2])]) >=
		       FORMAT_ALPHA_MIN;
	for (int i = 0; i < 3; i++) {
		pos[i] = (int64_t)w->origin[i] + at[i];
		if (pos[i] < INT32_MIN || pos[i] > INT32_MAX)
			return false;
	}
	return rgba_a(cursor_get(&w->around, (int32_t)pos[0], (int32_t)pos[1], (int32_t)pos[2])) >=
	       FORMAT_ALPHA_MIN;
}

/* The visible faces of one slice; false when there are none. */
static bool find_faces(struct work *w, int side, int32_t depth)
{
	int axis = side / 2;
	int u = (axis + 1) % 3;
	int v = (axis + 2) % 3;
	bool has_any = false;
	int32_t at[3];

	for (int i = 0; i < FACES; i++) {
		rgba color;

		at[axis] = depth;
		at[u] = i & BLOCK_MASK;
		at[v] = i >> BLOCK_BITS;
		color = w->block->voxels[block_index(at[0], at[1], at[2])];
		w->faces[i] = RGBA_NONE;
		if (rgba_a(color) < FORMAT_ALPHA_MIN)
			continue;
		at[axis] += mesh_normals[side][axis];
		if (is_hidden(w, at))
			continue;
		w->faces[i] = color;
		has_any = true;
	}
	return has_any;
}

static bool row_is(const rgba *row, int len, rgba color)
{
	for (int i = 0; i < len; i++)
		if (row[i] != color)
			return false;
	return true;
}

/* Takes the largest rectangle starting at face i: first as wide, then as high as possible. */
static void take_rectangle(rgba *faces, int i, uint8_t size[2])
{
	rgba color = faces[i];
	int x = i & BLOCK_MASK;
	int y = i >> BLOCK_BITS;
	int width = 1;
	int height = 1;

	while (x + width < BLOCK_EDGE && faces[i + width] == color)
		width++;
	while (y + height < BLOCK_EDGE && row_is(&faces[i + height * BLOCK_EDGE], width, color))
		height++;
	for (int k = 0; k < height; k++)
		memset(&faces[i + k * BLOCK_EDGE], 0, (size_t)width * sizeof(*faces));
	size[0] = (uint8_t)width;
	size[1] = (uint8_t)height;
}

static int merge_faces(struct work *w, int side, int32_t depth)
{
	int axis = side / 2;

	for (int i = 0; i < FACES; i++) {
		struct mesh_quad q = { .side = (uint8_t)side, .color = w->faces[i] };
		int rc;

		if (!q.color)
			continue;
		q.min[axis] = w->origin[axis] + depth;
		q.min[(axis + 1) % 3] = w->origin[(axis + 1) % 3] + (i & BLOCK_MASK);
		q.min[(axis + 2) % 3] = w->origin[(axis + 2) % 3] + (i >> BLOCK_BITS);
		take_rectangle(w->faces, i, q.size);
		rc = add_quad(w->mesh, &q);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int mesh_block(struct work *w, const struct volume_slot *slot)
{
	w->block = slot->block;
	w->origin[0] = slot->pos.x * BLOCK_EDGE;
	w->origin[1] = slot->pos.y * BLOCK_EDGE;
	w->origin[2] = slot->pos.z * BLOCK_EDGE;
	for (int side = 0; side < MESH_SIDES; side++)
		for (int32_t depth = 0; depth < BLOCK_EDGE; depth++) {
			int rc = find_faces(w, side, depth) ? merge_faces(w, side, depth) : 0;

			if (rc < 0)
				return rc;
		}
	return 0;
}

static int mesh_volume(struct mesh *mesh, const struct volume *v)
{
	struct work w = { .mesh = mesh, .around = { .v = v } };
	struct volume_slot *slots = NULL;
	uint32_t count = 0;
	int rc = volume_sorted(v, NULL, &slots, &count);

	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		rc = cancel_check();
		if (rc == 0)
			rc = mesh_block(&w, &slots[i]);
	}
	budget_free(slots);
	return rc;
}

int mesh_build(struct document *doc, const struct format_options *options, struct mesh *mesh,
	       struct err *err)
{
	struct volume v = { 0 };
	int rc = format_volume(doc, options, &v, err);

	if (rc == 0) {
		rc = mesh_volume(mesh, &v);
		if (rc == -EMSGSIZE)
			rc = err_set(err, -EINVAL, "the surface has more than %d faces",
				     MESH_QUADS_MAX);
		else if (rc < 0)
			rc = err_set(err, rc, "out of memory for the surface");
	}
	volume_deinit(&v);
	return rc;
}

void mesh_deinit(struct mesh *mesh)
{
	budget_free(mesh->quads);
	*mesh = (struct mesh){ 0 };
}

void mesh_corners(const struct mesh_quad *q, struct mesh_point out[4])
{
	int axis = q->side / 2;
	int u = (axis + 1) % 3;
	int v = (axis + 2) % 3;
	bool is_front = q->side & 1;

	for (int i = 0; i < 4; i++) {
		/* The order 00 10 11 01 turns from u to v: counter-clockwise seen from +axis. */
		int k = is_front ? i : 3 - i;

		for (int j = 0; j < 3; j++)
			out[i].at[j] = q->min[j];
		out[i].at[axis] += is_front;
		out[i].at[u] += k == 1 || k == 2 ? q->size[0] : 0;
		out[i].at[v] += k >= 2 ? q->size[1] : 0;
	}
}

static size_t vertex_hash(const struct mesh_vertex *v)
{
	uint64_t h = v->color;

	for (int i = 0; i < 3; i++)
		h = (h ^ (uint64_t)v->point.at[i]) * 0x9e3779b97f4a7c15ull;
	return (size_t)(h ^ h >> 32);
}

static bool vertex_eq(const struct mesh_vertex *a, const struct mesh_vertex *b)
{
	return a->color == b->color && a->point.at[0] == b->point.at[0] &&
	       a->point.at[1] == b->point.at[1] && a->point.at[2] == b->point.at[2];
}

/* table holds index + 1; 0 = free. It is sized for all corners, so there is always room. */
static uint32_t weld_vertex(struct mesh_weld *w, uint32_t *table, size_t mask,
			    const struct mesh_vertex *v)
{
	size_t i = vertex_hash(v) & mask;

	while (table[i] && !vertex_eq(&w->vertices[table[i] - 1], v))
		i = (i + 1) & mask;
	if (!table[i]) {
		w->vertices[w->vertices_count++] = *v;
		table[i] = (uint32_t)w->vertices_count;
	}
	return table[i] - 1;
}

int mesh_weld(const struct mesh *mesh, struct mesh_weld *weld, struct err *err)
{
	size_t corners = 4 * mesh->quads_count;
	size_t cap = 16;
	uint32_t *table;

	while (cap < 2 * corners)
		cap *= 2;
	table = budget_calloc(BUDGET_FILES, cap, sizeof(*table));
	weld->vertices = budget_malloc(BUDGET_FILES, (corners + 1) * sizeof(*weld->vertices));
	weld->indices = budget_malloc(BUDGET_FILES, (corners + 1) * sizeof(*weld->indices));
	if (!table || !weld->vertices || !weld->indices) {
		budget_free(table);
		return err_set(err, -ENOMEM, "out of memory for the corners");
	}
	for (size_t i = 0; i < mesh->quads_count; i++) {
		struct mesh_point points[4];
		int rc = i % MESH_PART ? 0 : format_goes_on(err);

		if (rc < 0) {
			budget_free(table);
			return rc;
		}
		mesh_corners(&mesh->quads[i], points);
		for (size_t k = 0; k < 4; k++) {
			struct mesh_vertex v = { points[k], mesh->quads[i].color };

			weld->indices[4 * i + k] = weld_vertex(weld, table, cap - 1, &v);
		}
	}
	budget_free(table);
	return 0;
}

void mesh_weld_deinit(struct mesh_weld *weld)
{
	budget_free(weld->vertices);
	budget_free(weld->indices);
	*weld = (struct mesh_weld){ 0 };
}

int mesh_write(struct document *doc, const struct format_options *options, mesh_body *body,
	       struct strbuf *out, struct err *err)
{
	struct mesh mesh = { 0 };
	struct mesh_weld weld = { 0 };
	int rc = mesh_build(doc, options, &mesh, err);

	if (rc == 0)
		rc = mesh_weld(&mesh, &weld, err);
	if (rc == 0)
		rc = body(&mesh, &weld, out, err);
	mesh_weld_deinit(&weld);
	mesh_deinit(&mesh);
	return rc;
}
