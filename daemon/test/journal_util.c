#include "daemon/test/journal_util.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/clock.h"
#include "daemon/base/file.h"
#include "daemon/voxel/selection.h"
#include "daemon/voxel/shapes.h"

static int adopt(void *ctx, struct project *p)
{
	struct world *w = ctx;

	assert(w->count < PROJECTS_MAX);
	w->projects[w->count++] = p;
	return 0;
}

static void adopted(void *ctx, int32_t next_id)
{
	struct world *w = ctx;

	w->next_id = next_id ? next_id : 1;
}

static int each(void *ctx, journal_visit *visit, void *arg, int32_t *next_id)
{
	struct world *w = ctx;
	int rc = 0;

	pthread_mutex_lock(&w->lock);
	*next_id = w->next_id;
	for (size_t i = 0; rc == 0 && i < w->count; i++)
		rc = visit(arg, w->projects[i]);
	pthread_mutex_unlock(&w->lock);
	return rc;
}

int world_open(struct world *w, const char *dir, enum journal_sync sync, uint64_t segment_bytes,
	       bool is_repairing, struct err *err)
{
	struct journal_cfg cfg = {
		.dir = dir,
		.sync = sync,
		.interval_ns = 10 * NSEC_PER_MSEC,
		.segment_bytes = segment_bytes ? segment_bytes : UINT64_MAX,
		.is_repairing = is_repairing,
		.ctx = w,
		.adopt = adopt,
		.adopted = adopted,
		.each = each,
	};
	int rc;

	*w = (struct world){ .next_id = 1 };
	pthread_mutex_init(&w->lock, NULL);
	rc = journal_open(&cfg, &w->journal, err);
	if (rc < 0)
		world_close(w);
	return rc;
}

void world_close(struct world *w)
{
	journal_close(w->journal);
	for (size_t i = 0; i < w->count; i++)
		project_free(w->projects[i]);
	pthread_mutex_destroy(&w->lock);
	*w = (struct world){ 0 };
}

struct project *world_create(struct world *w, const char *name)
{
	const int32_t size[3] = { 8, 16, 24 };
	struct project *p;

	assert(w->count < PROJECTS_MAX);
	if (project_new(w->next_id, name, strlen(name), size, &p) < 0)
		return NULL;
	if (w->journal && journal_opens(w->journal, p) < 0) {
		project_free(p);
		return NULL;
	}
	w->next_id++;
	w->projects[w->count++] = p;
	return p;
}

int world_remove(struct world *w, size_t i)
{
	struct project *p = w->projects[i];
	int rc = p->log->ops->closed(p->log, p);

	if (rc < 0)
		return rc;
	project_free(p);
	w->count--;
	memmove(&w->projects[i], &w->projects[i + 1], (w->count - i) * sizeof(struct project *));
	return 0;
}

/* ---- edits ---------------------------------------------------------------- */

static struct layer *active(struct project *p)
{
	return document_active(&p->doc);
}

static rgba random_color(struct rng *r)
{
	return (rgba)rng_next(r) | 0xff000000u;
}

static void put_voxels(struct rng *r, struct project *p, size_t n)
{
	struct voxel list[1000];

	assert(n <= 1000);
	for (size_t i = 0; i < n; i++)
		list[i] = (struct voxel){ (int32_t)rng_below(r, 40) - 20,
					  (int32_t)rng_below(r, 40) - 20,
					  (int32_t)rng_below(r, 40) - 20,
					  rng_below(r, 3) ? random_color(r) : 0 };
	(void)project_set_voxels(p, active(p), list, n);
}

/* Fills whole blocks, which share one, and parts of others. */
static void fill_box(struct rng *r, struct project *p)
{
	struct box box;
	uint64_t count;

	for (int i = 0; i < 3; i++) {
		box.min[i] = (int32_t)rng_below(r, 60) - 40;
		box.max[i] = box.min[i] + (int32_t)rng_below(r, 50);
	}
	selection_set_box(p, &box);
	(void)selection_fill(p, active(p), rng_below(r, 4) ? random_color(r) : RGBA_NONE, &count);
	if (rng_below(r, 2))
		(void)selection_copy(p, active(p), &count);
}

static void paste(struct rng *r, struct project *p)
{
	int32_t at[3];
	uint64_t count;

	for (int i = 0; i < 3; i++)
		at[i] = (int32_t)rng_below(r, 60) - 40;
	(void)selection_paste(p, active(p), at, &count);
}

static void change_meta(struct rng *r, struct project *p, struct layer *l)
{
	int rc = project_begin(p, "meta");

	if (rc == 0)
		rc = project_edit_layers(p);
	if (rc == 0) {
		l->meta.visible = rng_below(r, 2);
		l->meta.opacity = (float)rng_below(r, 5) / 4;
		l->meta.mode = (enum layer_mode)rng_below(r, LAYER_MODE_COUNT);
		snprintf(l->meta.name, VOXEL_NAME_MAX, "name %u", (unsigned)rng_below(r, 1000));
		l->meta.mat[12] = (float)rng_below(r, 9);
	}
	(void)project_end(p, rc);
}

/* Changes layers, blocks and voxels in one step, and perhaps rolls it back. */
static void mix(struct rng *r, struct project *p)
{
	struct layer *l = active(p);
	struct layer *fresh;
	int rc = project_begin(p, "mix");

	if (rc == 0)
		rc = project_edit_layers(p);
	if (rc == 0)
		rc = project_edit_layer(p, l);
	for (int i = 0; rc == 0 && i < 500; i++)
		rc = volume_set(&l->volume, (int32_t)rng_below(r, 64), (int32_t)rng_below(r, 64), 3,
				random_color(r));
	if (rc == 0)
		rc = document_add_layer(&p->doc, 0, NULL, &fresh);
	if (rc == 0)
		rc = project_edit_layer(p, fresh);
	for (int i = 0; rc == 0 && i < 500; i++)
		rc = volume_set(&fresh->volume, (int32_t)rng_below(r, 64), 9,
				(int32_t)rng_below(r, 64), random_color(r));
	if (rc == 0 && rng_below(r, 2))
		document_remove_layer(&p->doc, document_layer_index(&p->doc, l->meta.id));
	(void)project_end(p, rc == 0 && !rng_below(r, 4) ? -ECANCELED : rc);
}

static void set_camera(struct rng *r, struct project *p)
{
	struct camera c = p->doc.cameras[0];

	c.dist = (float)rng_below(r, 100) + 1;
	c.ortho = rng_below(r, 2);
	(void)project_set_camera(p, 0, &c);
}

static void save(struct rng *r, struct project *p)
{
	char path[32];
	int len = snprintf(path, sizeof(path), "/some/where-%u.gox", (unsigned)rng_below(r, 100));

	project_saved(p, p->doc.version, span_of(path, (size_t)len));
}

static void change_layers(struct rng *r, struct project *p)
{
	struct layer *l = p->doc.layers[rng_below(r, p->doc.layers_count)];
	int32_t id = l->meta.id;
	struct layer *out;

	switch (rng_below(r, 8)) {
	case 0:
		(void)project_layer_create_as(p, "new", 3, random_color(r), rng_below(r, 2), &out);
		break;
	case 1:
		(void)project_layer_delete(p, id);
		break;
	case 2:
		if (p->doc.layers_count < 6)
			(void)project_layer_duplicate_as(p, id, "twin", 4, &out);
		break;
	case 3:
		if (p->doc.active_id != id)
			(void)project_layer_merge(p, id, p->doc.active_id);
		break;
	case 4:
		(void)project_layer_move(p, id, rng_below(r, p->doc.layers_count));
		break;
	case 5:
		(void)project_layer_clear(p, id);
		break;
	case 6:
		(void)project_layer_activate(p, id);
		break;
	default:
		change_meta(r, p, l);
	}
}

void random_edit(struct rng *r, struct project *p)
{
	const char *label;

	switch (rng_below(r, 16)) {
	case 0:
		put_voxels(r, p, 1000);
		break;
	case 1:
		put_voxels(r, p, 100);
		break;
	case 2:
		fill_box(r, p);
		break;
	case 3:
		paste(r, p);
		break;
	case 4:
		mix(r, p);
		break;
	case 5:
		set_camera(r, p);
		break;
	case 6:
		save(r, p);
		break;
	case 7:
	case 8:
		(void)project_undo(p, &label);
		break;
	case 9:
		(void)project_redo(p, &label);
		break;
	case 10:
	case 11:
	case 12:
		change_layers(r, p);
		break;
	default:
		put_voxels(r, p, 1);
	}
}

/* ---- comparing ------------------------------------------------------------ */

static bool same_floats(const float *a, const float *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static bool same_meta(const struct layer_meta *a, const struct layer_meta *b)
{
	return a->id == b->id && !strcmp(a->name, b->name) && a->visible == b->visible &&
	       a->opacity == b->opacity && a->color == b->color && a->mode == b->mode &&
	       a->base_id == b->base_id && a->material == b->material &&
	       same_floats(a->mat, b->mat, 16) && a->has_box == b->has_box &&
	       same_floats(a->box, b->box, 16);
}

static bool same_volume(const struct volume *a, const struct volume *b)
{
	struct volume_iter it = { .v = a };

	if (volume_voxels_count(a) != volume_voxels_count(b) ||
	    volume_blocks_count(a) != volume_blocks_count(b))
		return false;
	while (volume_next(&it)) {
		const struct block *other = volume_find(b, it.pos);

		if (!other || other->solid_count != it.block->solid_count ||
		    memcmp(other->voxels, it.block->voxels, sizeof(other->voxels)) != 0)
			return false;
	}
	return true;
}

static bool same_camera(const struct camera *a, const struct camera *b)
{
	return !strcmp(a->name, b->name) && a->ortho == b->ortho && a->dist == b->dist &&
	       a->fov_deg == b->fov_deg && same_floats(a->mat, b->mat, 16);
}

static bool same_material(const struct material *a, const struct material *b)
{
	return !strcmp(a->name, b->name) && same_floats(a->color, b->color, 4) &&
	       a->metallic == b->metallic && a->roughness == b->roughness &&
	       same_floats(a->emission, b->emission, 3);
}

static bool same_light(const struct light *a, const struct light *b)
{
	return a->pitch_rad == b->pitch_rad && a->yaw_rad == b->yaw_rad &&
	       a->intensity == b->intensity && a->fixed == b->fixed && a->ambient == b->ambient &&
	       a->shadow == b->shadow;
}

bool same_document(const struct document *a, const struct document *b)
{
	if (strcmp(a->name, b->name) != 0 || !same_floats(a->box, b->box, 16) ||
	    a->layers_count != b->layers_count || a->active_id != b->active_id ||
	    a->version != b->version || a->cameras_count != b->cameras_count ||
	    a->camera_active != b->camera_active || a->materials_count != b->materials_count ||
	    !same_light(&a->light, &b->light))
		return false;
	for (size_t i = 0; i < a->layers_count; i++)
		if (!same_meta(&a->layers[i]->meta, &b->layers[i]->meta) ||
		    !same_volume(&a->layers[i]->volume, &b->layers[i]->volume))
			return false;
	for (size_t i = 0; i < a->cameras_count; i++)
		if (!same_camera(&a->cameras[i], &b->cameras[i]))
			return false;
	for (size_t i = 0; i < a->materials_count; i++)
		if (!same_material(&a->materials[i], &b->materials[i]))
			return false;
	return true;
}

bool same_project(const struct project *a, const struct project *b)
{
	if (a->id != b->id || memcmp(a->size, b->size, sizeof(a->size)) != 0 ||
	    a->created_ns != b->created_ns || a->saved_version != b->saved_version ||
	    !a->path != !b->path || (a->path && strcmp(a->path, b->path) != 0))
		return false;
	return same_document(&a->doc, &b->doc);
}

bool same_world(const struct world *a, const struct world *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!same_project(a->projects[i], b->projects[i]))
			return false;
	return true;
}

void world_copy(struct world *to, const struct world *from)
{
	*to = (struct world){ .next_id = from->next_id };
	pthread_mutex_init(&to->lock, NULL);
	for (size_t i = 0; i < from->count; i++) {
		struct project *p = from->projects[i];
		struct project *copy;
		int rc = project_new(p->id, "", 0, p->size, &copy);

		assert(rc == 0);
		document_deinit(&copy->doc);
		document_init(&copy->doc);
		rc = document_share(&copy->doc, &p->doc);
		assert(rc == 0);
		copy->created_ns = p->created_ns;
		copy->saved_version = p->saved_version;
		copy->path = p->path ? strdup(p->path) : NULL;
		to->projects[to->count++] = copy;
	}
}

void copy_folder(const char *from, const char *to)
{
	DIR *dir = opendir(from);
	const struct dirent *entry;

	assert(dir);
	(void)mkdir(to, 0700);
	while ((entry = readdir(dir))) { /* NOLINT(concurrency-mt-unsafe): a stream of its own */
		char path[512];
		char *text;
		size_t len;
		int rc;

		if (entry->d_type != DT_REG)
			continue;
		snprintf(path, sizeof(path), "%s/%s", from, entry->d_name);
		rc = file_read(path, SIZE_MAX / 2, &text, &len, NULL);
		if (rc == -ENOENT) /* a segment that a snapshot replaced just now */
			continue;
		assert(rc == 0);
		snprintf(path, sizeof(path), "%s/%s", to, entry->d_name);
		rc = file_write_atomic(path, span_of(text, len), NULL);
		assert(rc == 0);
		free(text);
	}
	closedir(dir);
}
