/*
 * Writes MagicaVoxel files: the merged voxels as one model, or as several of at most 256 on a side
 * with a scene that places them. More than 255 colors are reduced to the nearest ones.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/err.h"
#include "daemon/formats/palette.h"
#include "daemon/formats/registry.h"
#include "daemon/formats/vox.h"

enum { CELL_BITS = 4 }; /* blocks on a side of a model when there are several: 16 * 16 = 256 */

/* Blocks that form one model. */
struct piece {
	const struct volume_slot *slots;
	uint32_t slots_count;
	struct box box;
};

struct writer {
	struct strbuf *out;
	struct palette palette;
	struct volume_slot *slots;
	uint32_t slots_count;
	struct piece *pieces;
	uint32_t pieces_count;
};

static size_t begin_chunk(struct strbuf *out, const char *type)
{
	size_t at;

	strbuf_add(out, type, 4);
	at = put_length(out);
	put_u32(out, 0); /* children */
	return at;
}

static void end_chunk(struct strbuf *out, size_t at)
{
	patch_u32(out, at, (uint32_t)(out->len - at - 8));
}

static void put_string(struct strbuf *out, const char *text)
{
	put_u32(out, (uint32_t)strlen(text));
	strbuf_add_str(out, text);
}

/* --- cutting into pieces ------------------------------------------------------------------------
 */

static int by_cell(const void *a, const void *b)
{
	const struct block_pos *p = &((const struct volume_slot *)a)->pos;
	const struct block_pos *q = &((const struct volume_slot *)b)->pos;
	int32_t x[6] = {
		p->z >> CELL_BITS, p->y >> CELL_BITS, p->x >> CELL_BITS, p->z, p->y, p->x
	};
	int32_t y[6] = {
		q->z >> CELL_BITS, q->y >> CELL_BITS, q->x >> CELL_BITS, q->z, q->y, q->x
	};

	for (int i = 0; i < 6; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

static bool same_cell(const struct volume_slot *a, const struct volume_slot *b)
{
	return a->pos.x >> CELL_BITS == b->pos.x >> CELL_BITS &&
	       a->pos.y >> CELL_BITS == b->pos.y >> CELL_BITS &&
	       a->pos.z >> CELL_BITS == b->pos.z >> CELL_BITS;
}

/* A piece covers whole blocks or, when everything fits in one model, exactly the voxels. */
static int cut(struct writer *w, const struct volume *v)
{
	struct box all;
	bool is_one;

	w->pieces = budget_calloc(BUDGET_FILES, (size_t)w->slots_count + 1, sizeof(*w->pieces));
	if (!w->pieces)
		return -ENOMEM;
	if (!volume_box(v, &all)) {
		w->pieces_count = 1; /* a model without voxels of size 1 */
		return 0;
	}
	is_one = box_size(&all, 0) <= VOX_EDGE_MAX && box_size(&all, 1) <= VOX_EDGE_MAX &&
		 box_size(&all, 2) <= VOX_EDGE_MAX;
	if (is_one) {
		w->pieces[w->pieces_count++] = (struct piece){ w->slots, w->slots_count, all };
		return 0;
	}
	qsort(w->slots, w->slots_count, sizeof(*w->slots), by_cell);
	for (uint32_t i = 0; i < w->slots_count; i++) {
		const struct block_pos *p = &w->slots[i].pos;
		struct box box = { { p->x * BLOCK_EDGE, p->y * BLOCK_EDGE, p->z * BLOCK_EDGE },
				   { p->x * BLOCK_EDGE + BLOCK_MASK, p->y * BLOCK_EDGE + BLOCK_MASK,
				     p->z * BLOCK_EDGE + BLOCK_MASK } };

		if (!i || !same_cell(&w->slots[i - 1], &w->slots[i]))
			w->pieces[w->pieces_count++] = (struct piece){ &w->slots[i], 0, box };
		w->pieces[w->pieces_count - 1].slots_count++;
		box_unite(&w->pieces[w->pieces_count - 1].box, &box);
	}
	return 0;
}

/* --- writing ------------------------------------------------------------------------------------
 */

static uint32_t write_block(struct writer *w, const struct piece *p, const struct volume_slot *s)
{
	uint32_t count = 0;

	for (int i = 0; i < BLOCK_VOXELS; i++) {
		rgba c = s->block->voxels[i];

		if (rgba_a(c) < FORMAT_ALPHA_MIN)
			continue;
		put_u8(w->out, (unsigned)(s->pos.x * BLOCK_EDGE + (i & BLOCK_MASK)) -
				       (unsigned)p->box.min[0]);
		put_u8(w->out, (unsigned)(s->pos.y * BLOCK_EDGE + (i >> BLOCK_BITS & BLOCK_MASK)) -
				       (unsigned)p->box.min[1]);
		put_u8(w->out, (unsigned)(s->pos.z * BLOCK_EDGE + (i >> (2 * BLOCK_BITS))) -
				       (unsigned)p->box.min[2]);
		put_u8(w->out, palette_index(&w->palette, c));
		count++;
	}
	return count;
}

static int write_model(struct writer *w, const struct piece *p, struct err *err)
{
	size_t chunk = begin_chunk(w->out, "SIZE");
	size_t count_at;
	uint32_t count = 0;
	int rc = 0;

	for (int i = 0; i < 3; i++)
		put_u32(w->out, (uint32_t)box_size(&p->box, i));
	end_chunk(w->out, chunk);
	chunk = begin_chunk(w->out, "XYZI");
	count_at = put_length(w->out);
	for (uint32_t i = 0; rc == 0 && i < p->slots_count; i++) {
		count += write_block(w, p, &p->slots[i]);
		rc = format_fits(w->out, err);
	}
	patch_u32(w->out, count_at, count);
	end_chunk(w->out, chunk);
	return rc;
}

static void write_transform(struct strbuf *out, uint32_t id, const struct piece *p)
{
	size_t chunk = begin_chunk(out, "nTRN");
	char move[64];

	put_u32(out, id);
	put_u32(out, p ? 1 : 0);
	if (p) {
		put_string(out, "_name");
		put_string(out, "Goxel");
	}
	put_u32(out, id + 1);
	put_u32(out, UINT32_MAX); /* reserved */
	put_u32(out, p ? 0 : UINT32_MAX);
	put_u32(out, 1);
	put_u32(out, p ? 1 : 0);
	if (p) {
		int64_t centre[3];

		for (int i = 0; i < 3; i++)
			centre[i] = p->box.min[i] + box_size(&p->box, i) / 2;
		snprintf(move, sizeof(move), "%" PRId64 " %" PRId64 " %" PRId64, centre[0],
			 centre[1], centre[2]);
		put_string(out, "_t");
		put_string(out, move);
	}
	end_chunk(out, chunk);
}

/* A transform over a group of transforms, each with one model: the structure MagicaVoxel
 * expects. */
static void write_scene(struct writer *w)
{
	size_t chunk;

	write_transform(w->out, 0, NULL);
	chunk = begin_chunk(w->out, "nGRP");
	put_u32(w->out, 1);
	put_u32(w->out, 0);
	put_u32(w->out, w->pieces_count);
	for (uint32_t i = 0; i < w->pieces_count; i++)
		put_u32(w->out, 2 + 2 * i);
	end_chunk(w->out, chunk);
	for (uint32_t i = 0; i < w->pieces_count; i++) {
		write_transform(w->out, 2 + 2 * i, &w->pieces[i]);
		chunk = begin_chunk(w->out, "nSHP");
		put_u32(w->out, 3 + 2 * i);
		put_u32(w->out, 0);
		put_u32(w->out, 1);
		put_u32(w->out, i);
		put_u32(w->out, 0);
		end_chunk(w->out, chunk);
	}
}

static void write_palette(struct writer *w)
{
	size_t chunk = begin_chunk(w->out, "RGBA");

	for (int i = 1; i <= PALETTE_COLORS_MAX; i++)
		put_u32(w->out, w->palette.colors[i]);
	put_u32(w->out, 0);
	end_chunk(w->out, chunk);
}

static int write_file(struct writer *w, const struct volume *v, struct err *err)
{
	size_t children_at;
	int rc = palette_build(&w->palette, v);

	if (rc == 0)
		rc = volume_sorted(v, NULL, &w->slots, &w->slots_count);
	if (rc == 0)
		rc = cut(w, v);
	if (rc < 0)
		return err_set(err, rc, "the palette and the models");
	if (w->pieces_count > VOX_MODELS_MAX)
		return err_set(err, -EINVAL, "the voxels are spread over more than %d models",
			       VOX_MODELS_MAX);
	strbuf_add_str(w->out, "VOX ");
	put_u32(w->out, VOX_VERSION);
	strbuf_add_str(w->out, "MAIN");
	put_u32(w->out, 0);
	children_at = put_length(w->out);
	/* vox_write frees the pieces. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	for (uint32_t i = 0; rc == 0 && i < w->pieces_count; i++)
		rc = write_model(w, &w->pieces[i], err);
	if (rc < 0)
		return rc;
	write_scene(w);
	write_palette(w);
	patch_u32(w->out, children_at, (uint32_t)(w->out->len - children_at - 4));
	return 0;
}

static int vox_write(struct document *doc, const struct format_options *options, struct strbuf *out,
		     struct err *err)
{
	struct writer w = { .out = out };
	struct volume v = { 0 };
	int rc = format_volume(doc, options, &v, err);

	if (rc == 0)
		rc = write_file(&w, &v, err);
	palette_deinit(&w.palette);
	budget_free(w.slots);
	budget_free(w.pieces);
	volume_deinit(&v);
	return rc;
}

const struct format format_vox = {
	.name = "vox",
	.aliases = (const char *const[]){ "magicavoxel", "magica voxel", NULL },
	.extensions = (const char *const[]){ ".vox", NULL },
	.summary = "MagicaVoxel: models, scene and palette",
	.read = vox_read,
	.write = vox_write,
};
