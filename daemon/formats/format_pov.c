/* Scene for POV-Ray: the active camera, the light, and one unit box per voxel. Z is up. */
#include <errno.h>
#include <math.h>

#include "daemon/base/budget.h"
#include "daemon/base/err.h"
#include "daemon/base/version.h"
#include "daemon/formats/registry.h"

/* The camera looks along its -z with x to the right; its matrix maps it into the world. */
static void write_camera(const struct document *doc, struct strbuf *out)
{
	struct camera fallback;
	const struct camera *c = &fallback;

	camera_default(&fallback);
	if (doc->camera_active < doc->cameras_count)
		c = &doc->cameras[doc->camera_active];
	strbuf_addf(out,
		    "camera {\n\t%s\n\tright x\n\tup y\n\tdirection <0, 0, -1>\n\tangle %.3f\n"
		    "\tmatrix <",
		    c->ortho ? "orthographic" : "perspective", c->fov_deg > 0 ? c->fov_deg : 20.0);
	for (size_t row = 0; row < 4; row++)
		strbuf_addf(out, "%s%.6f, %.6f, %.6f", row ? ", " : "", c->mat[4 * row],
			    c->mat[4 * row + 1], c->mat[4 * row + 2]);
	strbuf_add_str(out, ">\n}\n\n");
}

static void write_light(const struct light *l, struct strbuf *out)
{
	double up = sin((double)l->pitch_rad);
	double away = cos((double)l->pitch_rad);

	strbuf_addf(out, "global_settings { ambient_light rgb %.3f }\n", l->ambient);
	strbuf_addf(out,
		    "light_source {\n\t<%.3f, %.3f, %.3f>\n\tcolor rgb %.3f\n\tparallel\n"
		    "\tpoint_at <0, 0, 0>\n}\n\n",
		    1024 * away * sin((double)l->yaw_rad), -1024 * away * cos((double)l->yaw_rad),
		    1024 * up, 2 * l->intensity);
}

static void write_block(const struct volume_slot *slot, struct strbuf *out)
{
	for (int i = 0; i < BLOCK_VOXELS; i++) {
		rgba c = slot->block->voxels[i];

		if (rgba_a(c) >= FORMAT_ALPHA_MIN)
			strbuf_addf(out, "\tVox(<%d, %d, %d>, <%u, %u, %u>)\n",
				    slot->pos.x * BLOCK_EDGE + (i & BLOCK_MASK),
				    slot->pos.y * BLOCK_EDGE + (i >> BLOCK_BITS & BLOCK_MASK),
				    slot->pos.z * BLOCK_EDGE + (i >> (2 * BLOCK_BITS)), rgba_r(c),
				    rgba_g(c), rgba_b(c));
	}
}

static int write_voxels(const struct volume *v, struct strbuf *out, struct err *err)
{
	struct volume_slot *slots = NULL;
	uint32_t count = 0;
	int rc = volume_sorted(v, NULL, &slots, &count);

	if (rc < 0)
		return err_set(err, rc, "sort the blocks");
	strbuf_add_str(out, "union {\n");
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		write_block(&slots[i], out);
		rc = format_fits(out, err);
	}
	/* An empty union is an error in POV-Ray; a tiny transparent object far away is not. */
	if (!count)
		strbuf_add_str(out, "\tsphere { <0, 0, -1e6>, 1e-6 pigment { rgbt 1 } }\n");
	strbuf_add_str(out, "}\n");
	budget_free(slots);
	return rc;
}

static int pov_write(struct document *doc, const struct format_options *options, struct strbuf *out,
		     struct err *err)
{
	struct volume v = { 0 };
	int rc = format_volume(doc, options, &v, err);

	if (rc == 0) {
		strbuf_add_str(out, "// Goxel " GOXEL_DAEMON_VERSION "\n#version 3.7;\n\n");
		write_camera(doc, out);
		write_light(&doc->light, out);
		strbuf_add_str(out, "#macro Vox(Corner, Color)\n\tbox {\n\t\tCorner, Corner + 1\n"
				    "\t\tpigment { color rgb Color / 255 }\n\t}\n#end\n\n");
		rc = write_voxels(&v, out, err);
	}
	volume_deinit(&v);
	return rc;
}

const struct format format_povray = {
	.name = "povray",
	.aliases = (const char *const[]){ "pov", NULL },
	.extensions = (const char *const[]){ ".povray", ".pov", NULL },
	.summary = "scene for the ray tracer POV-Ray",
	.write = pov_write,
};
