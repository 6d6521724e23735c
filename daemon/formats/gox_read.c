/* Reads .gox into a document. Unknown chunks and keys are skipped; known ones must be valid. */
#include <errno.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/err.h"
#include "daemon/formats/bytes.h"
#include "daemon/formats/gox.h"
#include "daemon/formats/gox_codec.h"
#include "daemon/formats/tile_png.h"

struct reader {
	struct document *doc;
	int32_t version;
	struct block **blocks; /* [blocks_cap], one reference each */
	size_t blocks_count;
	size_t blocks_cap;
	bool has_camera;
	bool has_material;
	unsigned placed_checks;
	unsigned entry_checks;
	struct err *err;
};

enum {
	CHECK_PLACED = 64,    /* blocks between two calls of cancel_check */
	CHECK_ENTRIES = 1024, /* and entries of dictionaries */
};

struct entry {
	struct span key;
	struct bytes value;
};

/* Reads the next entry of a dictionary; false at its end. An error sets b->failed. */
static bool next_entry(struct reader *r, struct bytes *b, struct entry *e)
{
	uint32_t len;

	if (bytes_left(b) < 4)
		return false;
	if (format_goes_on_nth(&r->entry_checks, CHECK_ENTRIES, r->err) < 0) {
		b->failed = true; /* read_chunk reports why */
		return false;
	}
	len = bytes_u32(b);
	if (!len)
		return false;
	if (len > GOX_KEY_BYTES_MAX) {
		b->failed = true;
		return false;
	}
	e->key = bytes_take(b, len);
	len = bytes_u32(b);
	e->value = bytes_sub(b, len);
	return !b->failed;
}

/* Values of an unexpected size are skipped, as upstream does. */
static void get_floats(const struct entry *e, float *out, size_t count)
{
	if (e->value.all.len == count * sizeof(float))
		memcpy(out, e->value.all.ptr, count * sizeof(float));
}

static void get_float(const struct entry *e, float *out)
{
	get_floats(e, out, 1);
}

static bool get_i32(const struct entry *e, int32_t *out)
{
	if (e->value.all.len != sizeof(*out))
		return false;
	memcpy(out, e->value.all.ptr, sizeof(*out));
	return true;
}

static void get_bool(const struct entry *e, bool *out)
{
	if (e->value.all.len == 1)
		*out = e->value.all.ptr[0] != 0;
}

static int read_image(struct reader *r, struct bytes *b)
{
	struct entry e;

	while (next_entry(r, b, &e))
		if (span_is(e.key, "box"))
			get_floats(&e, r->doc->box, 16);
	return 0;
}

static int add_block(struct reader *r, struct block *block)
{
	if (r->blocks_count == GOX_BLOCKS_MAX)
		return err_set(r->err, -ENOSPC, "more than %d blocks", GOX_BLOCKS_MAX);
	if (r->blocks_count == r->blocks_cap) {
		size_t cap = r->blocks_cap ? 2 * r->blocks_cap : 64;
		struct block **blocks =
			budget_realloc(BUDGET_FILES, r->blocks, cap * sizeof(struct block *));

		if (!blocks)
			return err_set(r->err, -ENOMEM, "list of %zu blocks", cap);
		r->blocks = blocks;
		r->blocks_cap = cap;
	}
	r->blocks[r->blocks_count++] = block;
	return 0;
}

static int read_block(struct reader *r, struct bytes *b)
{
	struct block *block = block_new();
	int rc;

	if (!block)
		return err_set(r->err, -ENOMEM, "a block");
	rc = tile_png_read(b->all, GOX_TILE_EDGE, GOX_TILE_EDGE, block->voxels);
	if (rc < 0) {
		block_put(block);
		return rc == -EPROTO
			       ? bytes_fault(b, "a block must be a PNG picture of 64 x 64", r->err)
			       : err_set(r->err, rc, "a block's picture");
	}
	for (int i = 0; i < BLOCK_VOXELS; i++) {
		block->voxels[i] = rgba_stored(block->voxels[i]);
		block->solid_count += block->voxels[i] != RGBA_NONE;
	}
	rc = add_block(r, block);
	if (rc < 0)
		block_put(block);
	return rc;
}

static int read_material(struct reader *r, struct bytes *b)
{
	struct material *m;
	struct entry e;
	int rc = document_add_material(r->doc, &m);

	if (rc < 0)
		return err_set(r->err, rc, "no room for another material");
	r->has_material = true;
	while (next_entry(r, b, &e)) {
		if (span_is(e.key, "name"))
			voxel_name_copy(m->name, e.value.all.ptr, e.value.all.len);
		else if (span_is(e.key, "color"))
			get_floats(&e, m->color, 4);
		else if (span_is(e.key, "metallic"))
			get_float(&e, &m->metallic);
		else if (span_is(e.key, "roughness"))
			get_float(&e, &m->roughness);
		else if (span_is(e.key, "emission"))
			get_floats(&e, m->emission, 3);
	}
	return 0;
}

static int place_blocks(struct reader *r, struct bytes *b, struct volume *v)
{
	int32_t count = bytes_i32(b);

	if (count < 0 || (size_t)count > bytes_left(b) / 20)
		return bytes_fault(b, "a layer names more blocks than its chunk holds", r->err);
	for (int32_t i = 0; i < count; i++) {
		int32_t index = bytes_i32(b);
		int32_t at[3];
		struct block *block;
		int rc = format_goes_on_nth(&r->placed_checks, CHECK_PLACED, r->err);

		if (rc < 0)
			return rc;
		for (int k = 0; k < 3; k++) {
			at[k] = bytes_i32(b);
			if (r->version == 1 && at[k] >= INT32_MIN + 8)
				at[k] -= 8;
		}
		bytes_u32(b);
		if (index < 0 || (size_t)index >= r->blocks_count)
			return bytes_fault(b, "a layer names a block that does not exist", r->err);
		if ((at[0] | at[1] | at[2]) & BLOCK_MASK)
			return bytes_fault(b, "a block's position is not a multiple of 16", r->err);
		block = r->blocks[index];
		if (!block->solid_count)
			continue;
		rc = volume_share_block(v,
					(struct block_pos){ at[0] >> BLOCK_BITS,
							    at[1] >> BLOCK_BITS,
							    at[2] >> BLOCK_BITS },
					block);
		if (rc < 0)
			return err_set(r->err, rc, "no room for the blocks of a layer");
	}
	return 0;
}

static void read_layer_entry(const struct entry *e, struct layer_meta *m)
{
	int32_t number;
	struct span color = e->value.all;

	if (span_is(e->key, "name"))
		voxel_name_copy(m->name, e->value.all.ptr, e->value.all.len);
	else if (span_is(e->key, "mat"))
		get_floats(e, m->mat, 16);
	else if (span_is(e->key, "base_id"))
		get_i32(e, &m->base_id);
	else if (span_is(e->key, "material"))
		get_i32(e, &m->material);
	else if (span_is(e->key, "mode") && get_i32(e, &number) && number >= 0 &&
		 number < LAYER_MODE_COUNT)
		m->mode = (enum layer_mode)number;
	else if (span_is(e->key, "visible"))
		get_bool(e, &m->visible);
	else if (span_is(e->key, "opacity"))
		get_float(e, &m->opacity);
	else if (span_is(e->key, "color") && color.len == 4)
		memcpy(&m->color, color.ptr, 4);
	else if (span_is(e->key, "box") && e->value.all.len == sizeof(m->box)) {
		get_floats(e, m->box, 16);
		m->has_box = true;
	}
}

/* Finds the id first, since a layer is created with its id. */
static int32_t layer_id_of(struct reader *r, struct bytes b)
{
	struct entry e;
	int32_t id = 0;

	while (next_entry(r, &b, &e))
		if (span_is(e.key, "id"))
			get_i32(&e, &id);
	return id;
}

static int read_layer(struct reader *r, struct bytes *b)
{
	struct volume v = { 0 };
	struct layer *l = NULL;
	struct entry e;
	int32_t id;
	int rc;

	volume_init(&v, &r->doc->budget);
	rc = place_blocks(r, b, &v);
	if (rc == 0) {
		id = layer_id_of(r, *b);
		/* Duplicate or missing id: use the next free one. */
		if (id < 1 || document_layer(r->doc, id))
			id = 0;
		rc = document_add_layer(r->doc, id, NULL, &l);
		if (rc < 0)
			rc = err_set(r->err, rc, "no room for another layer");
	}
	if (rc == 0) {
		volume_swap(&l->volume, &v);
		while (next_entry(r, b, &e))
			read_layer_entry(&e, &l->meta);
	}
	volume_deinit(&v);
	return rc;
}

static int read_camera(struct reader *r, struct bytes *b)
{
	struct camera *c;
	struct entry e;
	int rc = document_add_camera(r->doc, &c);

	if (rc < 0)
		return err_set(r->err, rc, "no room for another camera");
	r->has_camera = true;
	while (next_entry(r, b, &e)) {
		if (span_is(e.key, "name"))
			voxel_name_copy(c->name, e.value.all.ptr, e.value.all.len);
		else if (span_is(e.key, "dist"))
			get_float(&e, &c->dist);
		else if (span_is(e.key, "ortho"))
			get_bool(&e, &c->ortho);
		else if (span_is(e.key, "mat"))
			get_floats(&e, c->mat, 16);
		else if (span_is(e.key, "active"))
			r->doc->camera_active = r->doc->cameras_count - 1;
	}
	return 0;
}

static int read_light(struct reader *r, struct bytes *b)
{
	struct light *l = &r->doc->light;
	struct entry e;

	while (next_entry(r, b, &e)) {
		if (span_is(e.key, "pitch"))
			get_float(&e, &l->pitch_rad);
		else if (span_is(e.key, "yaw"))
			get_float(&e, &l->yaw_rad);
		else if (span_is(e.key, "intensity"))
			get_float(&e, &l->intensity);
		else if (span_is(e.key, "fixed"))
			get_bool(&e, &l->fixed);
		else if (span_is(e.key, "ambient"))
			get_float(&e, &l->ambient);
		else if (span_is(e.key, "shadow"))
			get_float(&e, &l->shadow);
	}
	return 0;
}

static const struct {
	const char *type;
	int (*read)(struct reader *r, struct bytes *b);
} chunks[] = {
	{ "IMG ", read_image }, { "BL16", read_block },  { "MATE", read_material },
	{ "LAYR", read_layer }, { "CAMR", read_camera }, { "LIGH", read_light },
};

static int read_chunk(struct reader *r, struct bytes *b)
{
	struct span type = bytes_take(b, 4);
	uint32_t len = bytes_u32(b);
	struct bytes content;
	int rc = 0;

	if (b->failed || len > bytes_left(b))
		return bytes_fault(b, "a chunk is longer than the file", r->err);
	content = bytes_sub(b, len);
	/* Some existing files lack the last checksum. */
	bytes_take(b, bytes_left(b) < 4 ? bytes_left(b) : 4);
	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++)
		if (span_is(type, chunks[i].type))
			rc = chunks[i].read(r, &content);
	if (rc == 0)
		rc = format_goes_on(r->err);
	if (rc == 0 && content.failed)
		return bytes_fault(&content, "", r->err);
	return rc;
}

/* A clone has no blocks of its own in the file: it uses those of its base, which may come later. */
static int fill_clones(struct reader *r)
{
	for (size_t i = 0; i < r->doc->layers_count; i++) {
		struct layer *l = r->doc->layers[i];
		struct layer *base;
		int rc;

		if (!l->meta.base_id || volume_blocks_count(&l->volume))
			continue;
		base = document_layer(r->doc, l->meta.base_id);
		rc = base ? volume_share(&l->volume, &base->volume) : 0;
		if (rc < 0)
			return err_set(r->err, rc, "no room for the blocks of a clone");
	}
	return 0;
}

/* Adds what a document must have and an old or small file may lack. */
static int add_missing(struct reader *r)
{
	struct layer *layer;
	struct camera *camera;
	struct material *material;
	int rc = 0;

	if (!r->doc->layers_count)
		rc = document_add_layer(r->doc, 0, NULL, &layer);
	if (rc == 0 && !r->has_camera)
		rc = document_add_camera(r->doc, &camera);
	if (rc == 0 && !r->has_material)
		rc = document_add_material(r->doc, &material);
	return rc < 0 ? err_set(r->err, rc, "no room for the document") : 0;
}

int gox_read(struct span text, struct document *doc, struct err *err)
{
	struct reader r = { .doc = doc, .err = err };
	struct bytes b = { .all = text };
	int rc = 0;

	if (!span_is(bytes_take(&b, 4), "GOX "))
		return err_set(err, -EPROTO, "byte 0: expected 'GOX '");
	r.version = bytes_i32(&b);
	if (b.failed || r.version < 1 || r.version > GOX_VERSION_MAX)
		return err_set(err, -EPROTO, "byte 4: version %d is not in 1..%d", r.version,
			       GOX_VERSION_MAX);
	while (rc == 0 && bytes_left(&b))
		rc = read_chunk(&r, &b);
	if (rc == 0)
		rc = fill_clones(&r);
	if (rc == 0)
		rc = add_missing(&r);
	for (size_t i = 0; i < r.blocks_count; i++)
		block_put(r.blocks[i]);
	budget_free(r.blocks);
	return rc;
}
