#include "daemon/store/journal_write.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/store/journal_format.h"
#include "daemon/store/journal_scene.h"
#include "daemon/voxel/history_step.h"

enum { KNOWN_SLOTS_FIRST = 64 };

/* A shared block, and its number among the blocks of the change. */
struct known_block {
	const struct block *block;
	uint32_t n;
};

/* ---- parts ---------------------------------------------------------------- */

static void open_part(struct journal_writer *w)
{
	strbuf_clear(w->part);
	put_u8(w->part, w->kind);
	put_u8(w->part, w->is_begun ? 0 : JOURNAL_FIRST);
	put_i32(w->part, w->project_id);
	put_u64(w->part, w->version);
}

static void close_part(struct journal_writer *w, bool is_last)
{
	if (w->rc == 0 && w->part->failed)
		w->rc = -ENOMEM;
	if (w->rc < 0)
		return;
	if (is_last)
		w->part->ptr[1] |= JOURNAL_LAST;
	w->rc = w->emit(w->ctx, strbuf_span(w->part));
	w->is_begun = true;
}

static void begin_change(struct journal_writer *w, enum journal_kind kind, int32_t id,
			 uint64_t version)
{
	w->kind = (uint8_t)kind;
	w->project_id = id;
	w->version = version;
	w->is_begun = false;
	w->rc = 0;
	w->known_count = 0;
	w->blocks_count = 0;
	if (w->known)
		memset(w->known, 0, w->known_slots * sizeof(*w->known));
	open_part(w);
}

/* Called before each item that is not small: emits a full part. False: an error. */
static bool has_room(struct journal_writer *w)
{
	if (w->rc < 0)
		return false;
	if (w->part->len < JOURNAL_PART_BYTES)
		return true;
	close_part(w, false);
	open_part(w);
	return w->rc == 0;
}

static int end_change(struct journal_writer *w, const struct document *d)
{
	if (d) {
		put_u8(w->part, TAG_CHECK);
		put_u64(w->part, document_voxels_count(d));
	}
	close_part(w, true);
	return w->rc;
}

void journal_writer_deinit(struct journal_writer *w)
{
	free(w->known);
	w->known = NULL;
}

/* ---- shared blocks -------------------------------------------------------- */

static struct known_block *known_slot(const struct journal_writer *w, const struct block *b)
{
	/* Fibonacci hashing of the address; the lowest bits are those of the alignment. */
	uint64_t h = ((uintptr_t)b >> 6) * 0x9e3779b97f4a7c15ull;
	uint32_t at = (uint32_t)(h >> 32) & (w->known_slots - 1);

	while (w->known[at].block && w->known[at].block != b)
		at = (at + 1) & (w->known_slots - 1);
	return &w->known[at];
}

static bool grow_known(struct journal_writer *w)
{
	struct known_block *old = w->known;
	uint32_t old_slots = w->known_slots;
	uint32_t slots = old_slots ? 2 * old_slots : KNOWN_SLOTS_FIRST;
	struct known_block *grown = calloc(slots, sizeof(*grown));

	if (!grown)
		return false;
	w->known = grown;
	w->known_slots = slots;
	for (uint32_t i = 0; i < old_slots; i++)
		if (old[i].block)
			*known_slot(w, old[i].block) = old[i];
	free(old);
	return true;
}

/* Remembers the block just written. Without memory it is written again at its next use. */
static void learn(struct journal_writer *w, const struct block *b)
{
	if (2 * (w->known_count + 1) > w->known_slots && !grow_known(w))
		return;
	*known_slot(w, b) = (struct known_block){ b, w->blocks_count };
	w->known_count++;
}

/* ---- voxels --------------------------------------------------------------- */

static void put_place(struct strbuf *sb, enum journal_tag tag, const struct layer *l,
		      struct block_pos pos)
{
	put_u8(sb, tag);
	put_i32(sb, l->meta.id);
	put_i32(sb, pos.x);
	put_i32(sb, pos.y);
	put_i32(sb, pos.z);
}

/* The number of voxels that differ between a and b; above most: most + 1. */
static uint32_t count_differing(const struct block *a, const struct block *b, uint32_t most)
{
	uint32_t count = 0;

	for (uint32_t row = 0; row < BLOCK_VOXELS && count <= most; row += 64)
		for (uint32_t i = row; i < row + 64; i++)
			count += a->voxels[i] != b->voxels[i];
	return count;
}

/* Writes the voxels that differ from the other block, or from an empty one. */
static void put_listed(struct strbuf *sb, const struct block *b, const struct block *other,
		       uint32_t count)
{
	put_u16(sb, count);
	if (strbuf_reserve(sb, (size_t)count * 6) < 0)
		return;
	for (uint32_t i = 0; i < BLOCK_VOXELS; i++) {
		if (b->voxels[i] == (other ? other->voxels[i] : RGBA_NONE))
			continue;
		put_u16(sb, i);
		put_u32(sb, b->voxels[i]);
	}
}

static void put_full(struct strbuf *sb, const struct block *b)
{
	if (strbuf_reserve(sb, sizeof(b->voxels)) < 0)
		return;
	for (uint32_t i = 0; i < BLOCK_VOXELS; i++)
		put_u32(sb, b->voxels[i]);
}

/* Writes the whole block, which replaces the previous one. */
static void put_content(struct journal_writer *w, const struct layer *l, struct block_pos pos,
			const struct block *b, bool is_shared)
{
	bool is_sparse = b->solid_count <= JOURNAL_DIFF_MAX;

	put_place(w->part, is_sparse ? TAG_SPARSE : TAG_FULL, l, pos);
	if (is_sparse)
		put_listed(w->part, b, NULL, b->solid_count);
	else
		put_full(w->part, b);
	if (is_shared)
		learn(w, b);
	w->blocks_count++;
}

/* The block at pos is now b (NULL: none) and was before (NULL: none or unknown). */
static void put_block(struct journal_writer *w, const struct layer *l, struct block_pos pos,
		      const struct block *b, const struct block *before)
{
	bool is_shared;

	if (b == before || !has_room(w))
		return;
	if (!b) {
		put_place(w->part, TAG_NONE, l, pos);
		return;
	}
	is_shared = atomic_load_explicit(&b->refs, memory_order_relaxed) > 1;
	if (is_shared && w->known_count && known_slot(w, b)->block) {
		put_place(w->part, TAG_SAME, l, pos);
		put_u32(w->part, known_slot(w, b)->n);
		return;
	}
	if (before) {
		uint32_t count = count_differing(b, before, JOURNAL_DIFF_MAX);

		if (count == 0)
			return;
		if (count <= JOURNAL_DIFF_MAX) {
			put_place(w->part, TAG_DIFF, l, pos);
			put_listed(w->part, b, before, count);
			return;
		}
	}
	put_content(w, l, pos, b, is_shared);
}

/* A layer with the same voxels as another one, since neither was written after the copy. */
static const struct layer *same_volume(const struct document *d, size_t index)
{
	const struct volume_table *t = d->layers[index]->volume.table;

	for (size_t i = 0; t && i < index; i++)
		if (d->layers[i]->volume.table == t)
			return d->layers[i];
	return NULL;
}

static bool is_new(const struct history_step *step, const struct layer *l, size_t hint)
{
	return !step || (step->metas && !journal_kept_of(step, l, hint));
}

/* Writes the voxels of new layers; step NULL: of all layers. */
static void put_new_layers(struct journal_writer *w, const struct document *d,
			   const struct history_step *step)
{
	for (size_t i = 0; i < d->layers_count; i++) {
		const struct layer *l = d->layers[i];
		struct volume_iter it = { .v = &l->volume };

		if (!is_new(step, l, i) || same_volume(d, i))
			continue;
		while (w->rc == 0 && volume_next(&it))
			put_block(w, l, it.pos, it.block, NULL);
	}
	for (size_t i = 0; i < d->layers_count; i++) {
		const struct layer *from = same_volume(d, i);

		if (!from || !is_new(step, d->layers[i], i) || !has_room(w))
			continue;
		put_u8(w->part, TAG_COPY);
		put_i32(w->part, d->layers[i]->meta.id);
		put_i32(w->part, from->meta.id);
	}
}

/* Whether the layer is in the document and existed before the edit. */
static bool is_kept(const struct document *d, const struct history_step *step,
		    const struct layer *l)
{
	size_t index = document_layer_index(d, l->meta.id);

	return index < d->layers_count && d->layers[index] == l && !is_new(step, l, index);
}

static void put_voxels(struct journal_writer *w, const struct document *d,
		       const struct history_step *step)
{
	const struct layer *l = step->voxels_layer;
	struct cursor now = { 0 };
	struct strbuf *sb = w->part;

	if (!l || !step->voxels_count || !is_kept(d, step, l) || !has_room(w))
		return;
	now.v = &l->volume;
	put_u8(sb, TAG_VOXELS);
	put_i32(sb, l->meta.id);
	put_u16(sb, step->voxels_count);
	if (strbuf_reserve(sb, (size_t)step->voxels_count * 16) < 0)
		return;
	for (uint32_t i = 0; i < step->voxels_count; i++) {
		const struct voxel *v = step_voxel(step, i);
		uint32_t words[4] = { htole32((uint32_t)v->x), htole32((uint32_t)v->y),
				      htole32((uint32_t)v->z),
				      htole32(cursor_get(&now, v->x, v->y, v->z)) };

		put_raw(sb, words, sizeof(words));
	}
}

static void put_changed_blocks(struct journal_writer *w, const struct document *d,
			       const struct history_step *step)
{
	const struct layer *last = NULL;
	bool is_last_kept = false;

	for (uint32_t i = 0; i < step->blocks_count && w->rc == 0; i++) {
		const struct kept_block *k = &step->blocks[i];

		if (k->layer != last) {
			last = k->layer;
			is_last_kept = is_kept(d, step, last);
		}
		if (is_last_kept)
			put_block(w, last, k->pos, volume_find(&last->volume, k->pos), k->block);
	}
}

/* ---- changes -------------------------------------------------------------- */

struct journal_identity journal_identity_of(const struct project *p)
{
	struct journal_identity id = {
		.id = p->id,
		.created_ns = p->created_ns,
		.saved_version = p->saved_version,
		.path = p->path,
	};

	memcpy(id.size, p->size, sizeof(id.size));
	return id;
}

int journal_write_whole(struct journal_writer *w, const struct journal_identity *id,
			const struct document *d, uint64_t version)
{
	begin_change(w, JOURNAL_WHOLE, id->id, version);
	journal_put_project(w->part, id, d);
	journal_put_saved(w->part, id->saved_version, id->path);
	journal_put_cameras(w->part, d);
	journal_put_materials(w->part, d);
	journal_put_layers(w->part, d, NULL);
	put_new_layers(w, d, NULL);
	return end_change(w, d);
}

int journal_write_edit(struct journal_writer *w, const struct project *p,
		       const struct history_step *step)
{
	const struct document *d = &p->doc;

	begin_change(w, JOURNAL_EDIT, p->id, d->version + 1);
	if (step->metas)
		journal_put_layers(w->part, d, step);
	put_voxels(w, d, step);
	put_changed_blocks(w, d, step);
	if (step->metas)
		put_new_layers(w, d, step);
	return end_change(w, d);
}

int journal_write_cameras(struct journal_writer *w, const struct project *p)
{
	begin_change(w, JOURNAL_EDIT, p->id, p->doc.version + 1);
	journal_put_cameras(w->part, &p->doc);
	return end_change(w, &p->doc);
}

int journal_write_saved(struct journal_writer *w, const struct project *p)
{
	begin_change(w, JOURNAL_EDIT, p->id, p->doc.version);
	journal_put_saved(w->part, p->saved_version, p->path);
	return end_change(w, &p->doc);
}

int journal_write_close(struct journal_writer *w, int32_t project_id)
{
	begin_change(w, JOURNAL_CLOSE, project_id, 0);
	return end_change(w, NULL);
}

int journal_write_trailer(struct journal_writer *w, int32_t next_id, uint32_t projects_count,
			  uint64_t lsn)
{
	begin_change(w, JOURNAL_TRAILER, 0, 0);
	put_u8(w->part, TAG_END);
	put_i32(w->part, next_id);
	put_u32(w->part, projects_count);
	put_u64(w->part, lsn);
	return end_change(w, NULL);
}
