/* Reads MagicaVoxel chunks into models, nodes and colors, and Voxlap's older files, which have no
 * header. */
#include <errno.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/base/err.h"
#include "daemon/formats/palette.h"
#include "daemon/formats/vox.h"

enum {
	OLD_PALETTE_BYTES = 256 * 3,
	OLD_EMPTY = 255,
	CHECK_VOXELS = 4096, /* read between two calls of cancel_check */
	CHECK_CHUNKS = 64,   /* and chunks; those of voxels check by themselves */
};

struct reader {
	struct vox_file f;
	size_t models_cap;
	size_t nodes_cap;
	bool has_size; /* of the next model */
	int32_t size[3];
	unsigned checks; /* voxels */
	unsigned chunk_checks;
	struct err *err;
};

/* Makes room for one more entry of *list; the count does not change. */
static int grow(void **list, size_t count, size_t *cap, size_t size)
{
	size_t more = *cap ? 2 * *cap : 16;
	void *grown;

	if (count < *cap)
		return 0;
	grown = budget_realloc(BUDGET_FILES, *list, more * size);
	if (!grown)
		return -ENOMEM;
	*list = grown;
	*cap = more;
	return 0;
}

static int read_size(struct reader *r, struct bytes *b)
{
	for (int i = 0; i < 3; i++) {
		r->size[i] = bytes_i32(b);
		if (r->size[i] < 0 || r->size[i] > VOX_EDGE_MAX)
			return bytes_fault(b, "the size of a model is not in 0..256", r->err);
	}
	r->has_size = true;
	return b->failed ? bytes_fault(b, "", r->err) : 0;
}

static int read_voxels(struct reader *r, struct bytes *b)
{
	uint32_t count = bytes_u32(b);
	struct vox_model m;

	if (!r->has_size)
		return bytes_fault(b, "a model has voxels but no size", r->err);
	if (count > bytes_left(b) / 4)
		return bytes_fault(b, "a model has fewer voxels than its count says", r->err);
	if (r->f.models_count == VOX_MODELS_MAX)
		return bytes_fault(b, "too many models", r->err);
	memcpy(m.size, r->size, sizeof(m.size));
	m.voxels = bytes_sub(b, 4 * (size_t)count);
	r->has_size = false;
	for (struct bytes v = m.voxels; bytes_left(&v); bytes_u8(&v)) {
		int rc = format_goes_on_nth(&r->checks, CHECK_VOXELS, r->err);

		if (rc < 0)
			return rc;
		for (int i = 0; i < 3; i++)
			if (bytes_u8(&v) >= m.size[i])
				return bytes_fault(&v, "a voxel lies outside of its model", r->err);
	}
	if (grow((void **)&r->f.models, r->f.models_count, &r->models_cap, sizeof(m)) < 0)
		return err_set(r->err, -ENOMEM, "out of memory for the models");
	r->f.models[r->f.models_count++] = m;
	return 0;
}

/* Entry n of the file is the color of index n + 1. All become opaque, so that
 * voxels that use them are visible. */
static int read_palette(struct reader *r, struct bytes *b)
{
	for (int i = 1; i < 256; i++)
		r->f.palette[i] = bytes_u32(b) | 0xff000000u;
	return b->failed ? bytes_fault(b, "", r->err) : 0;
}

static int read_node(struct reader *r, struct bytes *b, enum vox_node_kind kind)
{
	struct vox_node n;
	int rc = vox_node_read(b, kind, &n, r->err);

	if (rc < 0)
		return rc;
	if (r->f.nodes_count == VOX_NODES_MAX)
		return bytes_fault(b, "too many nodes", r->err);
	if (grow((void **)&r->f.nodes, r->f.nodes_count, &r->nodes_cap, sizeof(n)) < 0)
		return err_set(r->err, -ENOMEM, "out of memory for the scene");
	r->f.nodes[r->f.nodes_count++] = n;
	return 0;
}

static int read_content(struct reader *r, struct span type, struct bytes *b)
{
	if (span_is(type, "SIZE"))
		return read_size(r, b);
	if (span_is(type, "XYZI"))
		return read_voxels(r, b);
	if (span_is(type, "RGBA"))
		return read_palette(r, b);
	if (span_is(type, "nTRN"))
		return read_node(r, b, VOX_NODE_TRANSFORM);
	if (span_is(type, "nGRP"))
		return read_node(r, b, VOX_NODE_GROUP);
	if (span_is(type, "nSHP"))
		return read_node(r, b, VOX_NODE_SHAPE);
	return 0;
}

/* Children of chunks other than MAIN are skipped. */
static int read_chunk(struct reader *r, struct bytes *b)
{
	struct span type = bytes_take(b, 4);
	uint32_t len = bytes_u32(b);
	uint32_t children_len = bytes_u32(b);
	struct bytes content;

	if (b->failed || len > bytes_left(b) || children_len > bytes_left(b) - len)
		return bytes_fault(b, "a chunk is longer than the file", r->err);
	content = bytes_sub(b, len);
	if (!span_is(type, "MAIN"))
		bytes_take(b, children_len);
	return read_content(r, type, &content);
}

/* In files without nodes each model becomes a layer; there is at least one. */
static int finish(struct reader *r, struct document *doc)
{
	struct camera *camera;
	struct material *material;
	struct layer *layer;
	int rc = vox_place(&r->f, doc, r->err);

	if (rc < 0)
		return rc;
	rc = document_add_camera(doc, &camera);
	if (rc == 0)
		rc = document_add_material(doc, &material);
	if (rc == 0 && !doc->layers_count)
		rc = document_add_layer(doc, 0, NULL, &layer);
	return rc < 0 ? err_set(r->err, rc, "out of memory") : 0;
}

static int read_new(struct span bytes, struct document *doc, struct err *err)
{
	struct reader r = { .err = err };
	struct bytes b = { .all = bytes };
	int rc = 0;

	bytes_u32(&b); /* "VOX " */
	bytes_u32(&b); /* the version: 150 and later differ in chunks only */
	if (b.failed)
		return bytes_fault(&b, "", err);
	palette_default(r.f.palette);
	while (rc == 0 && bytes_left(&b)) {
		rc = format_goes_on_nth(&r.chunk_checks, CHECK_CHUNKS, err);
		if (rc == 0)
			rc = read_chunk(&r, &b);
	}
	if (rc == 0 && !r.f.models_count)
		rc = bytes_fault(&b, "the file has no model", err);
	if (rc == 0)
		rc = finish(&r, doc);
	budget_free(r.f.models);
	budget_free(r.f.nodes);
	return rc;
}

/* --- Voxlap's: three sizes, a byte per voxel, a palette -----------------------------------------
 */

/* Palettes of that time have six bits per channel. */
static void old_palette(struct span raw, rgba out[256])
{
	unsigned max = 0;

	for (size_t i = 0; i < raw.len; i++)
		max = (uint8_t)raw.ptr[i] > max ? (uint8_t)raw.ptr[i] : max;
	for (size_t i = 0; i < 256; i++) {
		unsigned c[3];

		for (size_t k = 0; k < 3; k++) {
			c[k] = (uint8_t)raw.ptr[3 * i + k];
			if (max < 64)
				c[k] = c[k] << 2 | c[k] >> 4;
		}
		out[i] = rgba_of(c[0], c[1], c[2], 255);
	}
}

/* x changes slowest, z fastest and downwards. */
static int old_voxels(struct bytes b, const uint32_t size[3], const rgba *palette, struct volume *v)
{
	unsigned checks = 0;

	for (uint32_t x = 0; x < size[0]; x++)
		for (uint32_t y = 0; y < size[1]; y++)
			for (uint32_t z = 0; z < size[2]; z++) {
				uint8_t index = bytes_u8(&b);
				int rc = cancel_check_nth(&checks, CHECK_VOXELS);

				if (rc < 0)
					return rc;
				if (index == OLD_EMPTY)
					continue;
				rc = volume_set(v, (int32_t)x - (int32_t)(size[0] / 2),
						(int32_t)y - (int32_t)(size[1] / 2),
						(int32_t)(size[2] - 1 - z) - (int32_t)(size[2] / 2),
						palette[index]);
				if (rc < 0)
					return rc;
			}
	return 0;
}

static int read_old(struct span bytes, struct document *doc, struct err *err)
{
	struct bytes b = { .all = bytes };
	struct bytes voxels;
	uint64_t count = 1;
	uint32_t size[3];
	rgba palette[256];
	int rc;

	for (int i = 0; i < 3; i++) {
		size[i] = bytes_u32(&b);
		if (b.failed || !size[i] || size[i] > bytes.len)
			return bytes_fault(
				&b, "the file starts with neither 'VOX ' nor three sizes", err);
		/* Both factors are below the file's size, which is below 2^30. */
		count *= size[i];
		if (count > bytes.len)
			return bytes_fault(
				&b, "the file starts with neither 'VOX ' nor three sizes", err);
	}
	if (bytes_left(&b) != count + OLD_PALETTE_BYTES)
		return bytes_fault(&b, "the file does not have the length that its sizes ask for",
				   err);
	voxels = bytes_sub(&b, count);
	old_palette(bytes_take(&b, OLD_PALETTE_BYTES), palette);
	rc = document_add_defaults(doc);
	if (rc == 0)
		rc = old_voxels(voxels, size, palette, &document_active(doc)->volume);
	return rc < 0 ? err_set(err, rc, "no room for the voxels") : 0;
}

int vox_read(struct span bytes, struct document *doc, struct err *err)
{
	if (span_starts(bytes, SPAN_LIT("VOX ")))
		return read_new(bytes, doc, err);
	return read_old(bytes, doc, err);
}
