/* Writes a document as .gox in the order that readers need: blocks and materials before the layers
 * that use them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/err.h"
#include "daemon/formats/bytes.h"
#include "daemon/formats/gox.h"
#include "daemon/formats/gox_codec.h"
#include "daemon/formats/registry.h"
#include "daemon/formats/tile_png.h"

/* The number of each block; blocks shared between layers are written once. */
struct numbering {
	const struct block **slots; /* open addressing; [mask + 1] */
	int32_t *numbers;
	size_t mask;
	int32_t count;
};

struct writer {
	struct document *doc;
	const struct format_options *options;
	struct strbuf *out;
	struct numbering numbers;
	struct err *err;
};

static size_t slot_of(const struct numbering *n, const struct block *b)
{
	size_t i = ((uintptr_t)b >> 6) * 0x9e3779b97f4a7c15ull >> 20;

	while (n->slots[i & n->mask] && n->slots[i & n->mask] != b)
		i++;
	return i & n->mask;
}

static bool is_written(const struct writer *w, const struct layer *l)
{
	return !w->options->layer_id || l->meta.id == w->options->layer_id;
}

static int numbering_open(struct numbering *n, const struct document *doc)
{
	size_t blocks = 1;
	size_t cap = 2;

	for (size_t i = 0; i < doc->layers_count; i++)
		blocks += volume_blocks_count(&doc->layers[i]->volume);
	while (cap < 2 * blocks)
		cap *= 2;
	n->mask = cap - 1;
	n->slots = budget_calloc(BUDGET_FILES, cap, sizeof(struct block *));
	n->numbers = budget_calloc(BUDGET_FILES, cap, sizeof(*n->numbers));
	return n->slots && n->numbers ? 0 : -ENOMEM;
}

static size_t begin_chunk(struct writer *w, const char *type)
{
	strbuf_add(w->out, type, 4);
	return put_length(w->out);
}

static void end_chunk(struct writer *w, size_t length_at)
{
	patch_u32(w->out, length_at, (uint32_t)(w->out->len - length_at - 4));
	put_u32(w->out, 0); /* the checksum: gox.h */
}

static void put_entry(struct writer *w, const char *key, const void *value, size_t len)
{
	put_u32(w->out, (uint32_t)strlen(key));
	strbuf_add_str(w->out, key);
	put_u32(w->out, (uint32_t)len);
	strbuf_add(w->out, value, len);
}

static void put_text(struct writer *w, const char *key, const char *text)
{
	put_entry(w, key, text, strlen(text));
}

static void put_bool(struct writer *w, const char *key, bool value)
{
	char byte = value ? 1 : 0;

	put_entry(w, key, &byte, 1);
}

static void put_float(struct writer *w, const char *key, float value)
{
	put_entry(w, key, &value, sizeof(value));
}

static void put_int(struct writer *w, const char *key, int32_t value)
{
	put_entry(w, key, &value, sizeof(value));
}

static void write_image(struct writer *w)
{
	size_t chunk = begin_chunk(w, "IMG ");

	put_entry(w, "box", w->doc->box, sizeof(w->doc->box));
	end_chunk(w, chunk);
}

static int write_preview(struct writer *w)
{
	uint32_t *pixels;
	size_t before = w->out->len;
	size_t chunk;
	int rc;

	if (!w->options->preview)
		return 0;
	pixels = malloc(sizeof(*pixels) * GOX_PREVIEW_EDGE * GOX_PREVIEW_EDGE);
	if (!pixels)
		return err_set(w->err, -ENOMEM, "out of memory for the preview");
	chunk = begin_chunk(w, "PREV");
	rc = w->options->preview(w->options->preview_ctx, w->doc, GOX_PREVIEW_EDGE, pixels);
	if (rc == 0)
		rc = tile_png_write(pixels, GOX_PREVIEW_EDGE, GOX_PREVIEW_EDGE, w->out);
	end_chunk(w, chunk);
	if (rc < 0)
		w->out->len = before; /* a file without a preview is better than none */
	free(pixels);
	return format_fits(w->out, w->err);
}

static int write_blocks_of(struct writer *w, const struct volume *v)
{
	struct volume_iter it = { .v = v };

	while (volume_next(&it)) {
		size_t slot = slot_of(&w->numbers, it.block);
		size_t chunk;
		int rc;

		if (w->numbers.slots[slot])
			continue;
		w->numbers.slots[slot] = it.block;
		w->numbers.numbers[slot] = w->numbers.count++;
		chunk = begin_chunk(w, "BL16");
		rc = tile_png_write(it.block->voxels, GOX_TILE_EDGE, GOX_TILE_EDGE, w->out);
		if (rc < 0)
			return err_set(w->err, rc, "the picture of a block");
		end_chunk(w, chunk);
		rc = format_fits(w->out, w->err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void write_material(struct writer *w, const struct material *m)
{
	size_t chunk = begin_chunk(w, "MATE");

	put_text(w, "name", m->name);
	put_entry(w, "color", m->color, sizeof(m->color));
	put_float(w, "metallic", m->metallic);
	put_float(w, "roughness", m->roughness);
	put_entry(w, "emission", m->emission, sizeof(m->emission));
	end_chunk(w, chunk);
}

static void write_layer(struct writer *w, const struct layer *l)
{
	const struct layer_meta *m = &l->meta;
	struct volume_iter it = { .v = &l->volume };
	size_t chunk = begin_chunk(w, "LAYR");

	put_u32(w->out, volume_blocks_count(&l->volume));
	while (volume_next(&it)) {
		put_i32(w->out, w->numbers.numbers[slot_of(&w->numbers, it.block)]);
		put_i32(w->out, it.pos.x * BLOCK_EDGE);
		put_i32(w->out, it.pos.y * BLOCK_EDGE);
		put_i32(w->out, it.pos.z * BLOCK_EDGE);
		put_i32(w->out, 0);
	}
	/* An empty name must not come first: one existing reader drops the dictionary after an
	 * empty first value. */
	if (m->name[0])
		put_text(w, "name", m->name);
	put_entry(w, "mat", m->mat, sizeof(m->mat));
	put_int(w, "id", m->id);
	if (m->base_id)
		put_int(w, "base_id", m->base_id);
	put_int(w, "material", m->material);
	put_int(w, "mode", (int32_t)m->mode);
	if (m->has_box)
		put_entry(w, "box", m->box, sizeof(m->box));
	put_float(w, "opacity", m->opacity);
	put_bool(w, "visible", m->visible);
	end_chunk(w, chunk);
}

static void write_camera(struct writer *w, const struct camera *c, bool active)
{
	size_t chunk = begin_chunk(w, "CAMR");

	if (c->name[0])
		put_text(w, "name", c->name);
	put_float(w, "dist", c->dist);
	put_bool(w, "ortho", c->ortho);
	put_entry(w, "mat", c->mat, sizeof(c->mat));
	if (active)
		put_entry(w, "active", "", 0);
	end_chunk(w, chunk);
}

static void write_light(struct writer *w)
{
	const struct light *l = &w->doc->light;
	size_t chunk = begin_chunk(w, "LIGH");

	put_float(w, "pitch", l->pitch_rad);
	put_float(w, "yaw", l->yaw_rad);
	put_float(w, "intensity", l->intensity);
	put_bool(w, "fixed", l->fixed);
	put_float(w, "ambient", l->ambient);
	put_float(w, "shadow", l->shadow);
	end_chunk(w, chunk);
}

static int write_all(struct writer *w)
{
	struct document *d = w->doc;
	int rc;

	strbuf_add_str(w->out, "GOX ");
	put_i32(w->out, GOX_VERSION);
	write_image(w);
	rc = write_preview(w);
	for (size_t i = 0; rc == 0 && i < d->layers_count; i++)
		if (is_written(w, d->layers[i]))
			rc = write_blocks_of(w, &d->layers[i]->volume);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < d->materials_count; i++)
		write_material(w, &d->materials[i]);
	for (size_t i = 0; i < d->layers_count; i++)
		if (is_written(w, d->layers[i]))
			write_layer(w, d->layers[i]);
	for (size_t i = 0; i < d->cameras_count; i++)
		write_camera(w, &d->cameras[i], i == d->camera_active);
	write_light(w);
	return format_fits(w->out, w->err);
}

int gox_write(struct document *doc, const struct format_options *options, struct strbuf *out,
	      struct err *err)
{
	struct writer w = { .doc = doc, .options = options, .out = out, .err = err };
	int rc;

	if (options->layer_id && !document_layer(doc, options->layer_id))
		return err_set(err, -ENOENT, "no layer with id %d", options->layer_id);
	rc = numbering_open(&w.numbers, doc);
	if (rc < 0)
		err_set(err, rc, "out of memory for the blocks");
	else
		rc = write_all(&w);
	budget_free(w.numbers.slots);
	budget_free(w.numbers.numbers);
	return rc;
}

const struct format format_gox = {
	.name = "gox",
	.aliases = (const char *const[]){ "goxel", NULL },
	.extensions = (const char *const[]){ ".gox", NULL },
	.summary = "Goxel's own: layers, materials, cameras, light",
	.read = gox_read,
	.write = gox_write,
};
