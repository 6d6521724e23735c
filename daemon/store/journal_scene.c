#include "daemon/store/journal_scene.h"

#include "daemon/voxel/history_step.h"

enum { PATH_BYTES_MAX = UINT16_MAX };

static void put_name(struct strbuf *sb, const char *name)
{
	size_t len = strnlen(name, VOXEL_NAME_MAX - 1);

	put_u8(sb, (unsigned)len);
	strbuf_add(sb, name, len);
}

static void put_floats(struct strbuf *sb, const float *v, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_f32(sb, v[i]);
}

void journal_put_project(struct strbuf *sb, const struct journal_identity *id,
			 const struct document *d)
{
	put_u8(sb, TAG_PROJECT);
	for (int i = 0; i < 3; i++)
		put_i32(sb, id->size[i]);
	put_u64(sb, id->created_ns);
	put_name(sb, d->name);
	put_floats(sb, d->box, 16);
	put_f32(sb, d->light.pitch_rad);
	put_f32(sb, d->light.yaw_rad);
	put_f32(sb, d->light.intensity);
	put_u8(sb, d->light.fixed);
	put_f32(sb, d->light.ambient);
	put_f32(sb, d->light.shadow);
}

void journal_put_saved(struct strbuf *sb, uint64_t saved_version, const char *path)
{
	size_t len = path ? strlen(path) : 0;

	if (len > PATH_BYTES_MAX)
		len = 0;
	put_u8(sb, TAG_SAVED);
	put_u64(sb, saved_version);
	put_u16(sb, (unsigned)len);
	strbuf_add(sb, path, len);
}

void journal_put_cameras(struct strbuf *sb, const struct document *d)
{
	put_u8(sb, TAG_CAMERAS);
	put_u32(sb, (uint32_t)d->camera_active);
	put_u32(sb, (uint32_t)d->cameras_count);
	for (size_t i = 0; i < d->cameras_count; i++) {
		const struct camera *c = &d->cameras[i];

		put_name(sb, c->name);
		put_u8(sb, c->ortho);
		put_f32(sb, c->dist);
		put_f32(sb, c->fov_deg);
		put_floats(sb, c->mat, 16);
	}
}

void journal_put_materials(struct strbuf *sb, const struct document *d)
{
	put_u8(sb, TAG_MATERIALS);
	put_u32(sb, (uint32_t)d->materials_count);
	for (size_t i = 0; i < d->materials_count; i++) {
		const struct material *m = &d->materials[i];

		put_name(sb, m->name);
		put_floats(sb, m->color, 4);
		put_f32(sb, m->metallic);
		put_f32(sb, m->roughness);
		put_floats(sb, m->emission, 3);
	}
}

static void put_meta(struct strbuf *sb, const struct layer_meta *m)
{
	put_name(sb, m->name);
	put_u8(sb, m->visible);
	put_f32(sb, m->opacity);
	put_u32(sb, m->color);
	put_u8(sb, m->mode);
	put_i32(sb, m->base_id);
	put_i32(sb, m->material);
	put_floats(sb, m->mat, 16);
	put_u8(sb, m->has_box);
	put_floats(sb, m->box, 16);
}

const struct kept_meta *journal_kept_of(const struct history_step *step, const struct layer *l,
					size_t hint)
{
	if (hint < step->metas_count && step->metas[hint].layer == l)
		return &step->metas[hint];
	for (size_t i = 0; i < step->metas_count; i++)
		if (step->metas[i].layer == l)
			return &step->metas[i];
	return NULL;
}

void journal_put_layers(struct strbuf *sb, const struct document *d,
			const struct history_step *step)
{
	put_u8(sb, TAG_LAYERS);
	put_i32(sb, d->active_id);
	put_i32(sb, d->next_layer_id);
	put_u32(sb, (uint32_t)d->layers_count);
	for (size_t i = 0; i < d->layers_count; i++) {
		const struct layer *l = d->layers[i];
		const struct kept_meta *was = step ? journal_kept_of(step, l, i) : NULL;
		/* Padding bytes may differ; that only causes an unnecessary write. */
		/* NOLINTNEXTLINE(bugprone-*,cert-exp42-c,cert-flp37-c) */
		bool is_same = was && !memcmp(&was->meta, &l->meta, sizeof(l->meta));

		put_i32(sb, l->meta.id);
		put_u8(sb, !is_same);
		if (!is_same)
			put_meta(sb, &l->meta);
	}
}
