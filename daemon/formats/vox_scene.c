/* The nodes of a MagicaVoxel file: the position of each model. Cycles and oversized scenes are
 * refused. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/formats/vox.h"

struct placing {
	struct vox_file *f;
	struct document *doc;
	struct err *err;
	size_t visits;
	uint64_t placed;
	unsigned checks; /* voxels */
};

enum { CHECK_VOXELS = 4096 /* placed between two calls of cancel_check */ };

/* The state that a node passes to its children. */
struct pose {
	struct vox_turn turn;
	bool is_hidden;
	struct span name; /* of the nearest named node */
	int depth;
};

static const struct vox_turn no_turn = { .axis = { 0, 1, 2 }, .sign = { 1, 1, 1 } };

/* --- reading -----------------------------------------------------------------------------------
 */

static struct span read_string(struct bytes *b)
{
	uint32_t len = bytes_u32(b);

	return bytes_take(b, len);
}

/* Copies a short text with a NUL; false when it is longer. */
static bool text_of(struct span s, char *out, size_t cap)
{
	if (s.len >= cap)
		return false;
	memcpy(out, s.ptr, s.len);
	out[s.len] = 0;
	return true;
}

/* Bits 0-1: the column of row 0's entry, 2-3: of row 1's, 4-6: the signs of rows 0, 1, 2. */
static bool read_rotation(struct span value, struct vox_turn *t)
{
	char text[8];
	char *end;
	unsigned long bits;
	unsigned first;
	unsigned second;

	if (!value.len || !text_of(value, text, sizeof(text)))
		return false;
	bits = strtoul(text, &end, 10);
	first = bits & 3;
	second = bits >> 2 & 3;
	if (*end || bits > 127 || first > 2 || second > 2 || first == second)
		return false;
	t->axis[0] = (uint8_t)first;
	t->axis[1] = (uint8_t)second;
	t->axis[2] = (uint8_t)(3 - first - second);
	for (int i = 0; i < 3; i++)
		t->sign[i] = bits >> (4 + i) & 1 ? -1 : 1;
	return true;
}

static bool read_move(struct span value, struct vox_turn *t)
{
	char text[64];
	char *at = text;

	if (!text_of(value, text, sizeof(text)))
		return false;
	for (int i = 0; i < 3; i++) {
		char *end;
		long n = strtol(at, &end, 10);

		if (end == at || n < INT32_MIN || n > INT32_MAX)
			return false;
		t->move[i] = n;
		at = end;
	}
	return true;
}

/* Reads one dictionary; false when a value is invalid. Unknown keys are skipped. */
static bool read_attributes(struct bytes *b, struct vox_node *n)
{
	uint32_t pairs = bytes_u32(b);

	for (uint32_t i = 0; i < pairs && !b->failed; i++) {
		struct span key = read_string(b);
		struct span value = read_string(b);

		if (b->failed)
			return false;
		if (span_is(key, "_name"))
			n->name = value;
		else if (span_is(key, "_hidden"))
			n->is_hidden = span_is(value, "1");
		else if ((span_is(key, "_t") && !read_move(value, &n->turn)) ||
			 (span_is(key, "_r") && !read_rotation(value, &n->turn)))
			return false;
	}
	return !b->failed;
}

static bool read_transform(struct bytes *b, struct vox_node *n)
{
	uint32_t frames;

	n->children = bytes_sub(b, 4);
	bytes_u32(b); /* reserved */
	bytes_u32(b); /* layer */
	frames = bytes_u32(b);
	/* Of an animation, only the first frame is used. */
	return frames == 0 ? !b->failed : read_attributes(b, n);
}

static bool read_group(struct bytes *b, struct vox_node *n)
{
	uint32_t count = bytes_u32(b);

	n->children = bytes_sub(b, 4 * (size_t)count);
	return !b->failed;
}

static bool read_shape(struct bytes *b, struct vox_node *n)
{
	uint32_t count = bytes_u32(b);

	n->model = count ? bytes_i32(b) : -1;
	return !b->failed;
}

int vox_node_read(struct bytes *b, enum vox_node_kind kind, struct vox_node *out, struct err *err)
{
	bool is_good;

	*out = (struct vox_node){ .kind = kind, .turn = no_turn, .at = b->base };
	out->id = bytes_i32(b);
	is_good = read_attributes(b, out);
	if (is_good && kind == VOX_NODE_TRANSFORM)
		is_good = read_transform(b, out);
	else if (is_good && kind == VOX_NODE_GROUP)
		is_good = read_group(b, out);
	else if (is_good)
		is_good = read_shape(b, out);
	return is_good ? 0 : bytes_fault(b, "a node of the scene is damaged", err);
}

/* --- placing ------------------------------------------------------------------------------------
 */

/* Applies first inner, then outer. */
static struct vox_turn turn_after(const struct vox_turn *outer, const struct vox_turn *inner)
{
	struct vox_turn t;

	for (int i = 0; i < 3; i++) {
		int k = outer->axis[i];

		t.axis[i] = inner->axis[k];
		t.sign[i] = (int8_t)(outer->sign[i] * inner->sign[k]);
		t.move[i] = outer->sign[i] * inner->move[k] + outer->move[i];
	}
	return t;
}

/* A voxel is a cube: mirrored, the one at v lies at -v - 1. False: outside int32. */
static bool turn_voxel(const struct vox_turn *t, const int32_t from[3], int32_t to[3])
{
	for (int i = 0; i < 3; i++) {
		int64_t v = from[t->axis[i]];

		v = (t->sign[i] < 0 ? -v - 1 : v) + t->move[i];
		if (v < INT32_MIN || v > INT32_MAX)
			return false;
		to[i] = (int32_t)v;
	}
	return true;
}

static int layer_for(struct placing *p, const struct pose *pose, struct layer **out)
{
	struct layer *l = NULL;
	int rc;

	if (pose->name.len)
		l = document_layer_named(p->doc, pose->name.ptr, pose->name.len);
	/* When there are too many pieces, the remaining ones go into the last layer. */
	if (!l && p->doc->layers_count == DOCUMENT_LAYERS_MAX)
		l = p->doc->layers[p->doc->layers_count - 1];
	*out = l;
	if (l)
		return 0;
	rc = document_add_layer(p->doc, 0, NULL, out);
	if (rc < 0)
		return err_set(p->err, rc, "no room for another layer");
	(*out)->meta.material = 0;
	(*out)->meta.visible = !pose->is_hidden;
	if (pose->name.len)
		voxel_name_copy((*out)->meta.name, pose->name.ptr, pose->name.len);
	return 0;
}

static int place_model(struct placing *p, const struct vox_model *m, const struct pose *pose)
{
	struct bytes b = m->voxels;
	struct layer *layer;
	int rc = layer_for(p, pose, &layer);

	p->placed += bytes_left(&b) / 4;
	if (rc == 0 && p->placed > VOX_PLACED_MAX)
		return bytes_fault(&b, "the scene places too many voxels", p->err);
	while (rc == 0 && bytes_left(&b) >= 4) {
		int32_t from[3];
		int32_t to[3];
		uint8_t index;

		for (int i = 0; i < 3; i++)
			from[i] = bytes_u8(&b) - m->size[i] / 2;
		index = bytes_u8(&b);
		rc = format_goes_on_nth(&p->checks, CHECK_VOXELS, p->err);
		if (rc < 0)
			return rc;
		if (!turn_voxel(&pose->turn, from, to))
			return bytes_fault(&b, "a voxel lies outside the 32-bit coordinates",
					   p->err);
		rc = volume_set(&layer->volume, to[0], to[1], to[2], p->f->palette[index]);
		if (rc < 0)
			err_set(p->err, rc, "byte %zu: no room for another voxel", b.base + b.at);
	}
	return rc;
}

static int by_id(const void *a, const void *b)
{
	int32_t x = ((const struct vox_node *)a)->id;
	int32_t y = ((const struct vox_node *)b)->id;

	return x < y ? -1 : x > y;
}

static const struct vox_node *find_node(const struct vox_file *f, int32_t id)
{
	struct vox_node key = { .id = id };

	return bsearch(&key, f->nodes, f->nodes_count, sizeof(key), by_id);
}

/* Bounded by VOX_DEPTH_MAX, which also ends cycles. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int place_node(struct placing *p, int32_t id, const struct pose *above)
{
	const struct vox_node *n = find_node(p->f, id);
	struct pose pose = *above;
	struct bytes children;
	int rc = format_goes_on(p->err);

	if (rc < 0)
		return rc;
	if (!n)
		return err_set(p->err, -EPROTO, "the scene names node %d, which does not exist",
			       id);
	if (++p->visits > VOX_VISITS_MAX || ++pose.depth > VOX_DEPTH_MAX)
		return err_set(p->err, -EPROTO, "byte %zu: node %d: the scene is too %s", n->at, id,
			       pose.depth > VOX_DEPTH_MAX ? "deep, or has a cycle" : "large");
	if (n->kind == VOX_NODE_SHAPE) {
		if (n->model < 0 || (size_t)n->model >= p->f->models_count)
			return err_set(p->err, -EPROTO, "byte %zu: model %d does not exist", n->at,
				       n->model);
		return place_model(p, &p->f->models[n->model], &pose);
	}
	pose.turn = turn_after(&above->turn, &n->turn);
	pose.is_hidden |= n->is_hidden;
	if (n->name.len)
		pose.name = n->name;
	children = n->children;
	while (rc == 0 && bytes_left(&children) >= 4)
		rc = place_node(p, bytes_i32(&children), &pose);
	return rc;
}

int vox_place(struct vox_file *f, struct document *doc, struct err *err)
{
	struct placing p = { .f = f, .doc = doc, .err = err };
	struct pose pose = { .turn = no_turn };
	int rc = 0;

	if (f->nodes_count) {
		qsort(f->nodes, f->nodes_count, sizeof(f->nodes[0]), by_id);
		return place_node(&p, f->nodes[0].id, &pose);
	}
	for (size_t i = 0; rc == 0 && i < f->models_count; i++)
		rc = place_model(&p, &f->models[i], &pose);
	return rc;
}
