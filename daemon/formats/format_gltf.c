/*
 * glTF 2.0 in one file: .gltf is JSON with the buffer as base64; .glb is the same JSON and the same
 * buffer as two chunks. Y is up and colors are linear, as the specification requires (Khronos
 * glTF 2.0, sections 3.7 and 4.4).
 */
#include <errno.h>
#include <math.h>

#include "daemon/base/base64.h"
#include "daemon/base/err.h"
#include "daemon/base/version.h"
#include "daemon/formats/bytes.h"
#include "daemon/formats/mesh.h"
#include "daemon/formats/registry.h"

enum {
	VERTEX_BYTES = 32, /* position 3 * f32, normal 3 * f32, color 4 * u16 */
	GLB_MAGIC = 0x46546c67,
	GLB_JSON = 0x4e4f534a,
	GLB_BIN = 0x004e4942,
	BASE64_PART = 3 << 16, /* bytes encoded at once; a multiple of 3 */
};

/* The binary part, and what the JSON says about it. */
struct model {
	struct mesh mesh;
	struct strbuf bin;
	float min[3];
	float max[3];
	bool is_translucent;
};

/* sRGB to linear in 16 bits: all 256 values stay different. */
static void make_linear(uint16_t out[256])
{
	for (int i = 0; i < 256; i++) {
		double c = i / 255.0;
		double linear = c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);

		out[i] = (uint16_t)lround(linear * 65535);
	}
}

static void put_u16(struct strbuf *sb, unsigned value)
{
	put_u8(sb, value & 255);
	put_u8(sb, value >> 8);
}

static void put_vertex(struct model *m, const struct mesh_point *corner, int side,
		       const uint16_t color[4])
{
	struct mesh_point p = mesh_y_up(*corner);
	const int8_t *n = mesh_normals[side];

	for (int i = 0; i < 3; i++) {
		float value = (float)p.at[i];
		bool is_first = m->bin.len == 4 * (size_t)i;

		put_f32(&m->bin, value);
		if (is_first || value < m->min[i])
			m->min[i] = value;
		if (is_first || value > m->max[i])
			m->max[i] = value;
	}
	put_f32(&m->bin, n[0]);
	put_f32(&m->bin, n[2]);
	put_f32(&m->bin, n[1] ? (float)-n[1] : 0.0f);
	for (int i = 0; i < 4; i++)
		put_u16(&m->bin, color[i]);
}

static int put_mesh(struct model *m, struct err *err)
{
	uint16_t linear[256];

	make_linear(linear);
	for (size_t i = 0; i < m->mesh.quads_count; i++) {
		const struct mesh_quad *q = &m->mesh.quads[i];
		uint16_t color[4] = { linear[rgba_r(q->color)], linear[rgba_g(q->color)],
				      linear[rgba_b(q->color)],
				      (uint16_t)(rgba_a(q->color) * 257) };
		struct mesh_point corners[4];
		int rc = i % MESH_PART ? 0 : format_fits(&m->bin, err);

		if (rc < 0)
			return rc;
		m->is_translucent |= rgba_a(q->color) < 255;
		mesh_corners(q, corners);
		for (int k = 0; k < 4; k++)
			put_vertex(m, &corners[k], q->side, color);
	}
	for (uint32_t i = 0; i < m->mesh.quads_count; i++) {
		static const uint32_t order[] = { 0, 1, 2, 2, 3, 0 };
		int rc = i % MESH_PART ? 0 : format_fits(&m->bin, err);

		if (rc < 0)
			return rc;
		for (int k = 0; k < 6; k++)
			put_u32(&m->bin, 4 * i + order[k]);
	}
	return format_fits(&m->bin, err);
}

static void put_triple(struct strbuf *out, const char *key, const float v[3])
{
	/* Nine digits reproduce a float exactly; the validator compares the values. */
	strbuf_addf(out, "\"%s\":[%.9g,%.9g,%.9g]", key, v[0], v[1], v[2]);
}

static void put_views(const struct model *m, struct strbuf *out)
{
	size_t vertices = 4 * m->mesh.quads_count;
	size_t indices = 6 * m->mesh.quads_count;

	strbuf_addf(out,
		    "\"bufferViews\":[{\"buffer\":0,\"byteOffset\":0,\"byteLength\":%zu,"
		    "\"byteStride\":%d,\"target\":34962},{\"buffer\":0,\"byteOffset\":%zu,"
		    "\"byteLength\":%zu,\"target\":34963}],",
		    vertices * VERTEX_BYTES, VERTEX_BYTES, vertices * VERTEX_BYTES, indices * 4);
	strbuf_addf(out,
		    "\"accessors\":[{\"bufferView\":0,\"byteOffset\":0,\"componentType\":5126,"
		    "\"type\":\"VEC3\",\"count\":%zu,",
		    vertices);
	put_triple(out, "min", m->min);
	strbuf_add_char(out, ',');
	put_triple(out, "max", m->max);
	strbuf_addf(out,
		    "},{\"bufferView\":0,\"byteOffset\":12,\"componentType\":5126,\"type\":"
		    "\"VEC3\",\"count\":%zu},{\"bufferView\":0,\"byteOffset\":24,"
		    "\"componentType\":5123,\"normalized\":true,\"type\":\"VEC4\",\"count\":%zu},"
		    "{\"bufferView\":1,\"byteOffset\":0,\"componentType\":5125,\"type\":"
		    "\"SCALAR\",\"count\":%zu}],",
		    vertices, vertices, indices);
}

static void put_material(const struct document *doc, const struct model *m, struct strbuf *out)
{
	float metallic = 0.2f;
	float roughness = 0.5f;

	if (doc->materials_count) {
		metallic = fminf(fmaxf(doc->materials[0].metallic, 0), 1);
		roughness = fminf(fmaxf(doc->materials[0].roughness, 0), 1);
	}
	strbuf_addf(out,
		    "\"materials\":[{%s\"pbrMetallicRoughness\":{\"metallicFactor\":%.9g,"
		    "\"roughnessFactor\":%.9g}}],",
		    m->is_translucent ? "\"alphaMode\":\"BLEND\"," : "", metallic, roughness);
}

/* Each group of three bytes is encoded separately, so the text equals that of encoding all bytes at
 * once. */
static int put_base64(const struct strbuf *bin, struct strbuf *out, struct err *err)
{
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < bin->len; at += BASE64_PART) {
		size_t len = bin->len - at < BASE64_PART ? bin->len - at : BASE64_PART;

		base64_encode(out, bin->ptr + at, len);
		rc = format_fits(out, err);
	}
	return rc;
}

/* The buffer of .glb is its second chunk; that of .gltf is inside the JSON. */
static int put_json(const struct document *doc, const struct model *m, bool is_glb,
		    struct strbuf *out, struct err *err)
{
	int rc = 0;

	strbuf_add_str(out, "{\"asset\":{\"generator\":\"Goxel " GOXEL_DAEMON_VERSION
			    "\",\"version\":\"2.0\"},\"scene\":0,");
	/* glTF forbids empty lists: a model without faces is a scene without nodes. */
	if (!m->mesh.quads_count) {
		strbuf_add_str(out, "\"scenes\":[{}]}");
		return 0;
	}
	strbuf_add_str(out, "\"scenes\":[{\"nodes\":[0]}],\"nodes\":[{\"mesh\":0,\"name\":\"");
	strbuf_add_json(out, span_str(doc->name[0] ? doc->name : "model"));
	strbuf_add_str(out, "\"}],\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":0,"
			    "\"NORMAL\":1,\"COLOR_0\":2},\"indices\":3,\"material\":0}]}],");
	put_material(doc, m, out);
	put_views(m, out);
	strbuf_addf(out, "\"buffers\":[{\"byteLength\":%zu", m->bin.len);
	if (!is_glb) {
		strbuf_add_str(out, ",\"uri\":\"data:application/octet-stream;base64,");
		rc = put_base64(&m->bin, out, err);
		strbuf_add_char(out, '"');
	}
	strbuf_add_str(out, "}]}");
	return rc;
}

/* Chunks are padded to 4 bytes: JSON with spaces; the buffer's length is already a
 * multiple of 4. */
static int put_glb(const struct document *doc, const struct model *m, struct strbuf *out,
		   struct err *err)
{
	size_t start = out->len;
	size_t total_at;
	size_t json_at;
	int rc;

	put_u32(out, GLB_MAGIC);
	put_u32(out, 2);
	total_at = put_length(out);
	json_at = put_length(out);
	put_u32(out, GLB_JSON);
	rc = put_json(doc, m, true, out, err);
	while ((out->len - start) % 4 && !out->failed)
		strbuf_add_char(out, ' ');
	patch_u32(out, json_at, (uint32_t)(out->len - json_at - 8));
	if (m->bin.len) {
		put_u32(out, (uint32_t)m->bin.len);
		put_u32(out, GLB_BIN);
		strbuf_add(out, m->bin.ptr, m->bin.len);
	}
	patch_u32(out, total_at, (uint32_t)(out->len - start));
	return rc;
}

static int write_model(struct document *doc, const struct format_options *options, bool is_glb,
		       struct strbuf *out, struct err *err)
{
	struct model m = { .is_translucent = false };
	int rc = mesh_build(doc, options, &m.mesh, err);

	if (rc == 0)
		rc = put_mesh(&m, err);
	if (rc == 0)
		rc = is_glb ? put_glb(doc, &m, out, err) : put_json(doc, &m, false, out, err);
	strbuf_deinit(&m.bin);
	mesh_deinit(&m.mesh);
	return rc;
}

static int gltf_write(struct document *doc, const struct format_options *options,
		      struct strbuf *out, struct err *err)
{
	return write_model(doc, options, false, out, err);
}

static int glb_write(struct document *doc, const struct format_options *options, struct strbuf *out,
		     struct err *err)
{
	return write_model(doc, options, true, out, err);
}

const struct format format_gltf = {
	.name = "gltf",
	.aliases = (const char *const[]){ "gltf2", NULL },
	.extensions = (const char *const[]){ ".gltf", NULL },
	.summary = "glTF 2.0 as JSON with an embedded buffer",
	.write = gltf_write,
};

const struct format format_glb = {
	.name = "glb",
	.aliases = NULL,
	.extensions = (const char *const[]){ ".glb", NULL },
	.summary = "glTF 2.0, binary",
	.write = glb_write,
};
