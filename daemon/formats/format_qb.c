/*
 * Qubicle .qb: one dense matrix per layer, axes in the order x, z, y (Y is up there).
 *
 * Written uncompressed; read with and without compression. The handedness flag is written as Goxel
 * does (right-handed) and, also as in Goxel, ignored when reading.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/formats/bytes.h"
#include "daemon/formats/registry.h"

enum {
	QB_VERSION = 257, /* 1.1.0.0 */
	QB_CODE_RUN = 2,
	QB_CODE_SLICE_END = 6,
	QB_VOXELS_MAX = 64 << 20, /* of one matrix */
	QB_MATRICES_MAX = DOCUMENT_LAYERS_MAX,
	QB_CHECK_RUNS = 1024,      /* read between two calls of cancel_check */
	QB_CHECK_VOXELS = 1 << 16, /* written between two */
};

struct qb {
	struct bytes b;
	struct err *err;
	bool is_bgra;
	bool is_compressed;
	bool has_masks; /* alpha is a mask of visible sides; a voxel exists when it is not 0 */
	unsigned checks;
};

/* Sizes and position are in the file's order: x, z, y. */
struct matrix {
	uint32_t size[3];
	int32_t pos[3];
	struct volume *v;
};

static rgba color_of(const struct qb *q, uint32_t raw)
{
	unsigned alpha = raw >> 24;

	if (!alpha)
		return RGBA_NONE;
	if (q->has_masks)
		alpha = 255;
	if (q->is_bgra)
		return rgba_of(raw >> 16 & 255, raw >> 8 & 255, raw & 255, alpha);
	return rgba_of(raw & 255, raw >> 8 & 255, raw >> 16 & 255, alpha);
}

/* Writes len voxels of one color, from index at of a slice. The caller has checked that
 * they fit. */
static int put_run(struct qb *q, struct matrix *m, uint32_t slice, uint64_t at, uint64_t len,
		   rgba color)
{
	int32_t y = (int32_t)(m->pos[2] + (int64_t)slice);

	while (len && color) {
		uint64_t x = at % m->size[0];
		uint64_t part = m->size[0] - x < len ? m->size[0] - x : len;
		int32_t z = (int32_t)(m->pos[1] + (int64_t)(at / m->size[0]));
		int32_t x0 = (int32_t)(m->pos[0] + (int64_t)x);
		int rc = format_goes_on_nth(&q->checks, QB_CHECK_RUNS, q->err);

		if (rc < 0)
			return rc;
		rc = volume_fill_row(m->v, x0, (int32_t)(x0 + (int64_t)part - 1), y, z, color);

		if (rc < 0)
			return err_set(q->err, rc, "byte %zu: no room for another voxel", q->b.at);
		at += part;
		len -= part;
	}
	return 0;
}

static int read_plain(struct qb *q, struct matrix *m)
{
	uint64_t area = (uint64_t)m->size[0] * m->size[1];
	int rc = 0;

	if (area * m->size[2] > bytes_left(&q->b) / 4)
		return bytes_fault(&q->b, "a matrix is larger than the file", q->err);
	for (uint32_t slice = 0; rc == 0 && slice < m->size[2]; slice++)
		for (uint64_t i = 0; rc == 0 && i < area; i++) {
			rgba c = color_of(q, bytes_u32(&q->b));

			rc = format_goes_on_nth(&q->checks, QB_CHECK_RUNS, q->err);
			if (c && rc == 0)
				rc = put_run(q, m, slice, i, 1, c);
		}
	return rc;
}

static int read_slice(struct qb *q, struct matrix *m, uint32_t slice)
{
	uint64_t area = (uint64_t)m->size[0] * m->size[1];
	uint64_t at = 0;

	for (;;) {
		uint32_t raw = bytes_u32(&q->b);
		uint64_t len = 1;
		int rc = format_goes_on_nth(&q->checks, QB_CHECK_RUNS, q->err);

		if (rc < 0)
			return rc;
		if (q->b.failed)
			return bytes_fault(&q->b, "", q->err);
		if (raw == QB_CODE_SLICE_END)
			return 0;
		if (raw == QB_CODE_RUN) {
			len = bytes_u32(&q->b);
			raw = bytes_u32(&q->b);
		}
		if (len > area - at)
			return bytes_fault(&q->b, "a run is longer than its slice", q->err);
		rc = put_run(q, m, slice, at, len, color_of(q, raw));
		if (rc < 0)
			return rc;
		at += len;
	}
}

static int read_compressed(struct qb *q, struct matrix *m)
{
	int rc = 0;

	/* Each slice has at least an end mark. */
	if (m->size[2] > bytes_left(&q->b) / 4)
		return bytes_fault(&q->b, "a matrix has more slices than the file", q->err);
	for (uint32_t slice = 0; rc == 0 && slice < m->size[2]; slice++)
		rc = read_slice(q, m, slice);
	return rc;
}

/* The size is within limits, and the last voxel is within int32. */
static bool matrix_fits(const struct matrix *m)
{
	uint64_t voxels = 1;

	for (int i = 0; i < 3; i++) {
		if (!m->size[i])
			continue;
		if (m->size[i] > QB_VOXELS_MAX || (int64_t)m->pos[i] + m->size[i] - 1 > INT32_MAX)
			return false;
		voxels *= m->size[i];
		if (voxels > QB_VOXELS_MAX)
			return false;
	}
	return true;
}

static int read_matrix(struct qb *q, struct document *doc)
{
	struct span name = bytes_take(&q->b, bytes_u8(&q->b));
	struct matrix m = { .v = NULL };
	struct layer *layer;
	int rc;

	for (int i = 0; i < 3; i++)
		m.size[i] = bytes_u32(&q->b);
	for (int i = 0; i < 3; i++)
		m.pos[i] = bytes_i32(&q->b);
	if (q->b.failed)
		return bytes_fault(&q->b, "", q->err);
	if (!matrix_fits(&m))
		return bytes_fault(&q->b, "a matrix is too large", q->err);
	rc = document_add_layer(doc, 0, NULL, &layer);
	if (rc < 0)
		return err_set(q->err, rc, "byte %zu: no room for another layer", q->b.at);
	if (name.len)
		voxel_name_copy(layer->meta.name, name.ptr, name.len);
	layer->meta.material = 0;
	m.v = &layer->volume;
	/* A matrix with a size of 0 has no voxels and no slices. */
	if (!m.size[0] || !m.size[1] || !m.size[2])
		return 0;
	return q->is_compressed ? read_compressed(q, &m) : read_plain(q, &m);
}

static int qb_read(struct span bytes, struct document *doc, struct err *err)
{
	struct qb q = { .b = { .all = bytes }, .err = err };
	struct camera *camera;
	struct material *material;
	uint32_t count;
	int rc;

	if (bytes_u32(&q.b) != QB_VERSION)
		return err_set(err, -EPROTO, "byte 0: not a .qb of version 1.1.0.0");
	q.is_bgra = bytes_u32(&q.b) != 0;
	bytes_u32(&q.b); /* handedness */
	q.is_compressed = bytes_u32(&q.b) != 0;
	q.has_masks = bytes_u32(&q.b) != 0;
	count = bytes_u32(&q.b);
	if (q.b.failed || count > QB_MATRICES_MAX)
		return bytes_fault(&q.b, "more matrices than a document has layers", err);
	rc = document_add_camera(doc, &camera);
	if (rc == 0)
		rc = document_add_material(doc, &material);
	if (rc < 0)
		return err_set(err, rc, "out of memory");
	for (uint32_t i = 0; rc == 0 && i < count; i++)
		rc = read_matrix(&q, doc);
	if (rc == 0 && !doc->layers_count) {
		struct layer *layer;

		rc = document_add_layer(doc, 0, NULL, &layer);
	}
	return rc;
}

static int write_voxels(const struct volume *v, const struct box *box, struct strbuf *out,
			struct err *err)
{
	struct cursor c = { .v = v };
	unsigned checks = 0;

	for (int64_t y = box->min[1]; y <= box->max[1]; y++)
		for (int64_t z = box->min[2]; z <= box->max[2]; z++)
			for (int64_t x = box->min[0]; x <= box->max[0]; x++) {
				int rc = format_goes_on_nth(&checks, QB_CHECK_VOXELS, err);

				if (rc < 0)
					return rc;
				put_u32(out, cursor_get(&c, (int32_t)x, (int32_t)y, (int32_t)z));
			}
	return format_fits(out, err);
}

static int write_matrix(const struct layer *l, struct strbuf *out, struct err *err)
{
	static const int order[3] = { 0, 2, 1 };
	size_t name_len = strlen(l->meta.name);
	struct box box = { { 0 }, { 0 } };
	bool has_voxels = volume_box(&l->volume, &box);
	uint64_t voxels = has_voxels ? box_volume(&box) : 0;

	if (voxels > QB_VOXELS_MAX)
		return err_set(err, -EINVAL,
			       "layer '%s' is spread over more than the %d voxels of a matrix",
			       l->meta.name, QB_VOXELS_MAX);
	put_u8(out, (unsigned)name_len); /* below VOXEL_NAME_MAX */
	strbuf_add_str(out, l->meta.name);
	for (int i = 0; i < 3; i++)
		put_u32(out, has_voxels ? (uint32_t)box_size(&box, order[i]) : 0);
	for (int i = 0; i < 3; i++)
		put_i32(out, box.min[order[i]]);
	if (!has_voxels)
		return 0;
	if (strbuf_reserve(out, 4 * voxels) < 0)
		return err_set(err, -ENOMEM, "out of memory for layer '%s'", l->meta.name);
	return write_voxels(&l->volume, &box, out, err);
}

static bool is_written(const struct layer *l, const struct format_options *options)
{
	return options->layer_id ? l->meta.id == options->layer_id : l->meta.visible;
}

static int qb_write(struct document *doc, const struct format_options *options, struct strbuf *out,
		    struct err *err)
{
	uint32_t count = 0;
	int rc = 0;

	for (size_t i = 0; i < doc->layers_count; i++)
		count += is_written(doc->layers[i], options);
	if (options->layer_id && !count)
		return err_set(err, -ENOENT, "no layer with id %d", options->layer_id);
	put_u32(out, QB_VERSION);
	put_u32(out, 0); /* RGBA */
	put_u32(out, 1); /* right-handed */
	put_u32(out, 0); /* not compressed */
	put_u32(out, 0); /* alpha is alpha */
	put_u32(out, count);
	for (size_t i = 0; rc == 0 && i < doc->layers_count; i++)
		if (is_written(doc->layers[i], options))
			rc = write_matrix(doc->layers[i], out, err);
	return rc;
}

const struct format format_qb = {
	.name = "qubicle",
	.aliases = (const char *const[]){ "qb", NULL },
	.extensions = (const char *const[]){ ".qb", NULL },
	.summary = "Qubicle: one matrix per layer",
	.read = qb_read,
	.write = qb_write,
};
