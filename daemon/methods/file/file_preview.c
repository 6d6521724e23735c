#include "daemon/methods/file/file_preview.h"

#include <string.h>

#include "daemon/render/picture.h"

#define PREVIEW_FOV_DEG 45

static int draw(const struct scene *scene, uint32_t edge, uint32_t *pixels)
{
	struct picture_job job = { .scene = scene, .background = RGBA_NONE, .smooth_edges = true };
	static const struct box nothing = { { 0, 0, 0 }, { 0, 0, 0 } };
	struct picture picture;
	int rc = picture_open(&picture, edge, edge);

	if (rc < 0)
		return rc;
	view_from_preset(&job.view, view_preset_find("default", 7),
			 scene->is_empty ? &nothing : &scene->box, PREVIEW_FOV_DEG, false, 1);
	shading_light_from(&job.shading, &job.view);
	rc = picture_draw(&picture, &job, NULL);
	if (rc == 0)
		memcpy(pixels, picture.pixels, sizeof(*pixels) * edge * edge);
	picture_close(&picture);
	return rc;
}

int file_preview(void *ctx, struct document *doc, uint32_t edge, uint32_t *pixels)
{
	struct volume merged = { 0 };
	struct scene scene;
	int rc = document_merge_visible(doc, &merged);

	(void)ctx;
	if (rc == 0)
		rc = scene_open(&scene, &merged);
	if (rc == 0) {
		rc = draw(&scene, edge, pixels);
		scene_close(&scene);
	}
	volume_deinit(&merged);
	return rc;
}
