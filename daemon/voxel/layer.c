#include "daemon/voxel/layer.h"

#include <string.h>

#include "daemon/base/budget.h"

struct layer *layer_new(int32_t id, const char *name, struct volume_budget *budget)
{
	struct layer *l = budget_calloc(BUDGET_VOXELS, 1, sizeof(*l));

	if (!l)
		return NULL;
	atomic_init(&l->refs, 1);
	l->meta.id = id;
	l->meta.visible = true;
	l->meta.opacity = 1;
	l->meta.color = RGBA_WHITE;
	l->meta.material = -1;
	for (size_t i = 0; i < 4; i++)
		l->meta.mat[5 * i] = 1;
	layer_set_name(&l->meta, name, strlen(name));
	volume_init(&l->volume, budget);
	return l;
}

void layer_ref(struct layer *l)
{
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
}

void layer_put(struct layer *l)
{
	if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
		return;
	volume_deinit(&l->volume);
	budget_free(l);
}

void voxel_name_copy(char out[VOXEL_NAME_MAX], const char *name, size_t len)
{
	const char *nul = memchr(name, 0, len);

	if (nul)
		len = (size_t)(nul - name);
	if (len > VOXEL_NAME_MAX - 1) {
		len = VOXEL_NAME_MAX - 1;
		while (len && ((unsigned char)name[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(out, name, len);
	out[len] = 0;
}

void layer_set_name(struct layer_meta *meta, const char *name, size_t len)
{
	voxel_name_copy(meta->name, name, len);
}
