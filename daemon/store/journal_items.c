#include "daemon/store/journal_items.h"

#include <stdlib.h>

enum { POS_MAX = INT32_MAX >> BLOCK_BITS };

/* ---- the project and its scene ------------------------------------- */

static void get_name(struct journal_in *in, char out[VOXEL_NAME_MAX])
{
	size_t len = get_u8(in);
	const char *name = get_bytes(in, len);

	voxel_name_copy(out, name ? name : "", name ? len : 0);
}

static void get_floats(struct journal_in *in, float *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		out[i] = get_f32(in);
}

static int get_project(struct applying *a)
{
	struct journal_in *in = &a->in;
	struct project *p = a->p;

	for (int i = 0; i < 3; i++)
		p->size[i] = get_i32(in);
	p->created_ns = get_u64(in);
	get_name(in, p->doc.name);
	get_floats(in, p->doc.box, 16);
	p->doc.light.pitch_rad = get_f32(in);
	p->doc.light.yaw_rad = get_f32(in);
	p->doc.light.intensity = get_f32(in);
	p->doc.light.fixed = get_u8(in) != 0;
	p->doc.light.ambient = get_f32(in);
	p->doc.light.shadow = get_f32(in);
	return 0;
}

static int get_saved(struct applying *a)
{
	uint64_t version = get_u64(&a->in);
	size_t len = get_u16(&a->in);
	const char *path = get_bytes(&a->in, len);

	if (a->in.failed)
		return 0;
	free(a->p->path);
	a->p->path = NULL;
	a->p->saved_version = version;
	if (!len)
		return 0;
	a->p->path = strndup(path, len);
	return a->p->path ? 0 : -ENOMEM;
}

static int get_cameras(struct applying *a)
{
	struct journal_in *in = &a->in;
	struct document *d = &a->p->doc;
	uint32_t active = get_u32(in);
	uint32_t count = get_u32(in);
	int rc = 0;

	d->cameras_count = 0;
	d->camera_active = active;
	for (uint32_t i = 0; rc == 0 && i < count && !in->failed; i++) {
		struct camera *c;

		rc = document_add_camera(d, &c);
		if (rc < 0)
			break;
		get_name(in, c->name);
		c->ortho = get_u8(in) != 0;
		c->dist = get_f32(in);
		c->fov_deg = get_f32(in);
		get_floats(in, c->mat, 16);
	}
	return rc == -ENOSPC ? journal_bad(a, "too many cameras") : rc;
}

static int get_materials(struct applying *a)
{
	struct journal_in *in = &a->in;
	struct document *d = &a->p->doc;
	uint32_t count = get_u32(in);
	int rc = 0;

	d->materials_count = 0;
	for (uint32_t i = 0; rc == 0 && i < count && !in->failed; i++) {
		struct material *m;

		rc = document_add_material(d, &m);
		if (rc < 0)
			break;
		get_name(in, m->name);
		get_floats(in, m->color, 4);
		m->metallic = get_f32(in);
		m->roughness = get_f32(in);
		get_floats(in, m->emission, 3);
	}
	return rc == -ENOSPC ? journal_bad(a, "too many materials") : rc;
}

/* ---- layers -------------------------------------------------------- */

static int get_meta(struct applying *a, struct layer_meta *m)
{
	struct journal_in *in = &a->in;
	uint8_t mode;

	get_name(in, m->name);
	m->visible = get_u8(in) != 0;
	m->opacity = get_f32(in);
	m->color = get_u32(in);
	mode = get_u8(in);
	if (mode >= LAYER_MODE_COUNT)
		return journal_bad(a, "a layer's mode is unknown");
	m->mode = (enum layer_mode)mode;
	m->base_id = get_i32(in);
	m->material = get_i32(in);
	get_floats(in, m->mat, 16);
	m->has_box = get_u8(in) != 0;
	get_floats(in, m->box, 16);
	return 0;
}

/* The next layer of the list, referenced: one of the document's, or a new one. */
static int get_listed_layer(struct applying *a, struct layer **out)
{
	int32_t id = get_i32(&a->in);
	bool has_meta = get_u8(&a->in) != 0;
	struct layer *l = document_layer(&a->p->doc, id);
	int rc = 0;

	if (!l && !has_meta)
		return journal_bad(a, "a layer is named that does not exist");
	if (l)
		layer_ref(l);
	else
		l = layer_new(id, "", &a->p->doc.budget);
	if (!l)
		return -ENOMEM;
	if (has_meta)
		rc = get_meta(a, &l->meta);
	if (rc < 0)
		layer_put(l);
	else
		*out = l;
	return rc;
}

static bool has_id_twice(struct layer *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			if (list[i]->meta.id == list[k]->meta.id)
				return true;
	return false;
}

static int get_layers(struct applying *a)
{
	struct document *d = &a->p->doc;
	int32_t active_id = get_i32(&a->in);
	int32_t next_id = get_i32(&a->in);
	uint32_t count = get_u32(&a->in);
	struct layer **list;
	uint32_t n = 0;
	int rc = 0;

	if (count < 1 || count > DOCUMENT_LAYERS_MAX)
		return journal_bad(a, "the number of layers is out of range");
	list = calloc(count, sizeof(struct layer *));
	if (!list)
		return -ENOMEM;
	if (a->slot->is_editing)
		rc = project_edit_layers(a->p);
	while (rc == 0 && n < count) {
		rc = get_listed_layer(a, &list[n]);
		n += rc == 0;
	}
	if (rc == 0 && has_id_twice(list, n))
		rc = journal_bad(a, "two layers have the same id");
	if (rc < 0) {
		while (n)
			layer_put(list[--n]);
		free(list);
		return rc;
	}
	for (size_t i = 0; i < d->layers_count; i++)
		layer_put(d->layers[i]);
	free(d->layers);
	d->layers = list;
	d->layers_count = count;
	d->active_id = active_id;
	d->next_layer_id = next_id;
	return 0;
}

/* ---- voxels -------------------------------------------------------- */

/* The layer named next, prepared for writing. */
static int get_layer(struct applying *a, struct layer **out)
{
	struct layer *l = document_layer(&a->p->doc, get_i32(&a->in));

	if (!l)
		return journal_bad(a, "a layer is changed that does not exist");
	*out = l;
	return a->slot->is_editing ? project_edit_layer(a->p, l) : 0;
}

static int get_voxels(struct applying *a)
{
	struct journal_in *in = &a->in;
	struct layer *l;
	int rc = get_layer(a, &l);
	unsigned count = rc == 0 ? get_u16(in) : 0;

	for (unsigned i = 0; rc == 0 && i < count && !in->failed; i++) {
		int32_t x = get_i32(in);
		int32_t y = get_i32(in);
		int32_t z = get_i32(in);
		rgba color = get_u32(in);

		if (!in->failed)
			rc = volume_set(&l->volume, x, y, z, color);
	}
	return rc;
}

static int get_place(struct applying *a, struct layer **l, struct block_pos *pos)
{
	int rc = get_layer(a, l);

	pos->x = get_i32(&a->in);
	pos->y = get_i32(&a->in);
	pos->z = get_i32(&a->in);
	if (rc == 0 && (pos->x > POS_MAX || pos->x < -POS_MAX - 1 || pos->y > POS_MAX ||
			pos->y < -POS_MAX - 1 || pos->z > POS_MAX || pos->z < -POS_MAX - 1))
		rc = journal_bad(a, "a block is outside the coordinates");
	return rc;
}

static int get_none(struct applying *a)
{
	struct block_pos pos;
	struct layer *l = NULL;
	int rc = get_place(a, &l, &pos);

	return rc ? rc : volume_share_block(&l->volume, pos, NULL);
}

static int get_diff(struct applying *a)
{
	struct block_pos pos;
	struct layer *l;
	int rc = get_place(a, &l, &pos);
	unsigned count = rc == 0 ? get_u16(&a->in) : 0;

	for (unsigned i = 0; rc == 0 && i < count && !a->in.failed; i++) {
		unsigned index = get_u16(&a->in);
		rgba color = get_u32(&a->in);
		int32_t x = pos.x * BLOCK_EDGE + (int32_t)(index & BLOCK_MASK);
		int32_t y = pos.y * BLOCK_EDGE + (int32_t)(index >> BLOCK_BITS & BLOCK_MASK);
		int32_t z = pos.z * BLOCK_EDGE + (int32_t)(index >> 2 * BLOCK_BITS);

		if (index >= BLOCK_VOXELS)
			rc = journal_bad(a, "a voxel is outside its block");
		else if (!a->in.failed)
			rc = volume_set(&l->volume, x, y, z, color);
	}
	return rc;
}

/* Remembers the block for SAME. */
static int learn(struct journal_slot *slot, struct block *b)
{
	if (slot->blocks_count == slot->blocks_cap) {
		uint32_t cap = slot->blocks_cap ? 2 * slot->blocks_cap : 16;
		struct block **grown = realloc(slot->blocks, cap * sizeof(struct block *));

		if (!grown)
			return -ENOMEM;
		slot->blocks = grown;
		slot->blocks_cap = cap;
	}
	block_ref(b);
	slot->blocks[slot->blocks_count++] = b;
	return 0;
}

static int fill_listed(struct applying *a, struct block *b)
{
	unsigned count = get_u16(&a->in);

	for (unsigned i = 0; i < count && !a->in.failed; i++) {
		unsigned index = get_u16(&a->in);

		if (index >= BLOCK_VOXELS)
			return journal_bad(a, "a voxel is outside its block");
		b->voxels[index] = rgba_stored(get_u32(&a->in));
	}
	return 0;
}

static int fill_all(struct applying *a, struct block *b)
{
	for (uint32_t i = 0; i < BLOCK_VOXELS; i++)
		b->voxels[i] = rgba_stored(get_u32(&a->in));
	return 0;
}

static int get_content(struct applying *a, int (*fill)(struct applying *a, struct block *b))
{
	struct block_pos pos;
	struct layer *l;
	struct block *b;
	int rc = get_place(a, &l, &pos);

	if (rc)
		return rc;
	b = block_new();
	if (!b)
		return -ENOMEM;
	rc = fill(a, b);
	for (uint32_t i = 0; i < BLOCK_VOXELS; i++)
		b->solid_count += b->voxels[i] != 0;
	if (rc == 0 && !b->solid_count && !a->in.failed)
		rc = journal_bad(a, "a block is empty");
	if (rc == 0 && !a->in.failed)
		rc = learn(a->slot, b);
	if (rc == 0 && !a->in.failed)
		rc = volume_share_block(&l->volume, pos, b);
	block_put(b);
	return rc;
}

static int get_same(struct applying *a)
{
	struct block_pos pos;
	struct layer *l;
	int rc = get_place(a, &l, &pos);
	uint32_t n = get_u32(&a->in);

	if (rc)
		return rc;
	if (n >= a->slot->blocks_count)
		return journal_bad(a, "a block is named that was not written");
	return volume_share_block(&l->volume, pos, a->slot->blocks[n]);
}

static int get_copy(struct applying *a)
{
	struct layer *to = document_layer(&a->p->doc, get_i32(&a->in));
	struct layer *from = document_layer(&a->p->doc, get_i32(&a->in));

	if (!to || !from || to == from || to->volume.watch || volume_blocks_count(&to->volume))
		return journal_bad(a, "a layer cannot be copied");
	return volume_share(&to->volume, &from->volume);
}

static int get_check(struct applying *a)
{
	if (get_u64(&a->in) != document_voxels_count(&a->p->doc))
		return journal_bad(a, "the number of voxels is wrong");
	return 0;
}

static int get_item(struct applying *a)
{
	switch ((enum journal_tag)get_u8(&a->in)) {
	case TAG_PROJECT:
		return get_project(a);
	case TAG_SAVED:
		return get_saved(a);
	case TAG_CAMERAS:
		return get_cameras(a);
	case TAG_MATERIALS:
		return get_materials(a);
	case TAG_LAYERS:
		return get_layers(a);
	case TAG_VOXELS:
		return get_voxels(a);
	case TAG_NONE:
		return get_none(a);
	case TAG_DIFF:
		return get_diff(a);
	case TAG_SPARSE:
		return get_content(a, fill_listed);
	case TAG_FULL:
		return get_content(a, fill_all);
	case TAG_SAME:
		return get_same(a);
	case TAG_COPY:
		return get_copy(a);
	case TAG_CHECK:
		return get_check(a);
	case TAG_END:
	default:
		return journal_bad(a, "an item has an unknown kind");
	}
}

int journal_get_items(struct applying *a)
{
	int rc = 0;

	while (rc == 0 && a->in.ptr < a->in.end) {
		rc = get_item(a);
		if (rc == 0 && a->in.failed)
			rc = journal_bad(a, "an item is cut off");
	}
	return rc;
}
