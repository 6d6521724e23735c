#include "daemon/voxel/document.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void document_init(struct document *d)
{
	*d = (struct document){
		.next_layer_id = 1,
		.budget = { .blocks_max = DOCUMENT_BLOCKS_MAX },
		.version = 1,
		/* The box and the light of a new project of the original (facts, part F.1). */
		.box = { 16, 0, 0, 0, 0, 16, 0, 0, 0, 0, 16, 0, 0, 0, 16, 1 },
		.light = { .pitch_rad = 0.6109f, .yaw_rad = 0.4363f, .intensity = 1, .ambient = 1 },
	};
}

void document_deinit(struct document *d)
{
	for (size_t i = 0; i < d->layers_count; i++)
		layer_put(d->layers[i]);
	free(d->layers);
	free(d->cameras);
	free(d->materials);
	d->layers = NULL;
	d->cameras = NULL;
	d->materials = NULL;
	d->layers_count = d->cameras_count = d->materials_count = 0;
}

void document_move(struct document *dst, struct document *src)
{
	*dst = *src;
	for (size_t i = 0; i < dst->layers_count; i++)
		dst->layers[i]->volume.budget = &dst->budget;
	document_init(src);
}

int document_add_defaults(struct document *d)
{
	struct layer *l;
	struct camera *c;
	struct material *m;
	int rc = document_add_layer(d, 0, NULL, &l);

	if (!rc)
		rc = document_add_camera(d, &c);
	if (!rc)
		rc = document_add_material(d, &m);
	if (!rc)
		l->meta.material = 0;
	return rc;
}

int document_insert_layer(struct document *d, struct layer *l, size_t index)
{
	struct layer **list;

	if (d->layers_count >= DOCUMENT_LAYERS_MAX)
		return -ENOSPC;
	list = realloc(d->layers, (d->layers_count + 1) * sizeof(struct layer *));
	if (!list)
		return -ENOMEM;
	memmove(list + index + 1, list + index, (d->layers_count - index) * sizeof(struct layer *));
	list[index] = l;
	d->layers = list;
	d->layers_count++;
	return 0;
}

int document_add_layer(struct document *d, int32_t id, const char *name, struct layer **out)
{
	char made[32];
	struct layer *l;
	int rc;

	if (id && document_layer(d, id))
		return -EEXIST;
	if (!id)
		id = d->next_layer_id;
	if (id == INT32_MAX)
		return -ENOSPC;
	if (!name) {
		snprintf(made, sizeof(made), "Layer.%d", id);
		name = made;
	}
	l = layer_new(id, name, &d->budget);
	if (!l)
		return -ENOMEM;
	rc = document_insert_layer(d, l, d->layers_count);
	if (rc < 0) {
		layer_put(l);
		return rc;
	}
	d->active_id = id;
	if (id >= d->next_layer_id)
		d->next_layer_id = id + 1;
	*out = l;
	return 0;
}

int document_add_camera(struct document *d, struct camera **out)
{
	struct camera *list;

	if (d->cameras_count >= DOCUMENT_CAMERAS_MAX)
		return -ENOSPC;
	list = realloc(d->cameras, (d->cameras_count + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	d->cameras = list;
	*out = &list[d->cameras_count++];
	camera_default(*out);
	snprintf((*out)->name, VOXEL_NAME_MAX, "Camera.%zu", d->cameras_count);
	return 0;
}

int document_add_material(struct document *d, struct material **out)
{
	struct material *list;

	if (d->materials_count >= DOCUMENT_MATERIALS_MAX)
		return -ENOSPC;
	list = realloc(d->materials, (d->materials_count + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	d->materials = list;
	*out = &list[d->materials_count++];
	**out = (struct material){ .color = { 1, 1, 1, 1 }, .metallic = 0.2f, .roughness = 0.5f };
	snprintf((*out)->name, VOXEL_NAME_MAX, "Material.%zu", d->materials_count);
	return 0;
}

size_t document_layer_index(const struct document *d, int32_t id)
{
	size_t i = 0;

	while (i < d->layers_count && d->layers[i]->meta.id != id)
		i++;
	return i;
}

void document_remove_layer(struct document *d, size_t index)
{
	struct layer *l = d->layers[index];

	memmove(d->layers + index, d->layers + index + 1,
		(d->layers_count - index - 1) * sizeof(struct layer *));
	d->layers_count--;
	if (d->active_id == l->meta.id && d->layers_count)
		d->active_id = d->layers[index ? index - 1 : 0]->meta.id;
	layer_put(l);
}

struct layer *document_layer(const struct document *d, int32_t id)
{
	size_t i = document_layer_index(d, id);

	return i < d->layers_count ? d->layers[i] : NULL;
}

struct layer *document_layer_named(const struct document *d, const char *name, size_t len)
{
	for (size_t i = 0; i < d->layers_count; i++) {
		const char *own = d->layers[i]->meta.name;

		if (strlen(own) == len && !memcmp(own, name, len))
			return d->layers[i];
	}
	return NULL;
}

struct layer *document_active(const struct document *d)
{
	struct layer *l = document_layer(d, d->active_id);

	if (!l && d->layers_count)
		l = d->layers[d->layers_count - 1];
	return l;
}

uint64_t document_voxels_count(const struct document *d)
{
	uint64_t count = 0;

	for (size_t i = 0; i < d->layers_count; i++)
		count += volume_voxels_count(&d->layers[i]->volume);
	return count;
}

bool document_box(const struct document *d, bool visible_only, struct box *out)
{
	bool found = false;

	for (size_t i = 0; i < d->layers_count; i++) {
		struct box one;

		if (visible_only && !d->layers[i]->meta.visible)
			continue;
		if (!volume_box(&d->layers[i]->volume, &one))
			continue;
		if (found)
			box_unite(out, &one);
		else
			*out = one;
		found = true;
	}
	return found;
}

/* Copies the bytes into new memory; *out stays NULL when there are none. */
static int copy_array(const void *from, size_t bytes, void **out)
{
	if (!bytes)
		return 0;
	*out = malloc(bytes);
	if (!*out)
		return -ENOMEM;
	memcpy(*out, from, bytes);
	return 0;
}

static int share_layers(struct document *dst, struct document *src)
{
	dst->layers = calloc(src->layers_count + 1, sizeof(struct layer *));
	if (!dst->layers)
		return -ENOMEM;
	for (size_t i = 0; i < src->layers_count; i++) {
		const struct layer_meta *meta = &src->layers[i]->meta;
		struct layer *l = layer_new(meta->id, "", &dst->budget);
		int rc;

		if (!l)
			return -ENOMEM;
		dst->layers[dst->layers_count++] = l;
		l->meta = *meta;
		rc = volume_share(&l->volume, &src->layers[i]->volume);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int document_share(struct document *dst, struct document *src)
{
	void *cameras = NULL;
	void *materials = NULL;
	int rc = share_layers(dst, src);

	if (!rc)
		rc = copy_array(src->cameras, src->cameras_count * sizeof(*src->cameras), &cameras);
	if (!rc)
		rc = copy_array(src->materials, src->materials_count * sizeof(*src->materials),
				&materials);
	if (rc < 0) {
		free(cameras);
		document_deinit(dst);
		return rc;
	}
	memcpy(dst->name, src->name, sizeof(dst->name));
	memcpy(dst->box, src->box, sizeof(dst->box));
	dst->active_id = src->active_id;
	dst->next_layer_id = src->next_layer_id;
	dst->cameras = cameras;
	dst->cameras_count = src->cameras_count;
	dst->camera_active = src->camera_active;
	dst->materials = materials;
	dst->materials_count = src->materials_count;
	dst->light = src->light;
	dst->version = src->version;
	return 0;
}
