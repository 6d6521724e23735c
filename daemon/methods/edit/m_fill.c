/* flood_fill, fill_region, brush_stroke: edits that give many voxels one color. */
#include <errno.h>
#include <math.h>

#include "daemon/methods/edit/edits.h"
#include "daemon/methods/table.h"
#include "daemon/voxel/fill.h"

/* ---- flood_fill -------------------------------------------------------------- */

enum {
	FLOOD_X,
	FLOOD_Y,
	FLOOD_Z,
	FLOOD_R,
	FLOOD_G,
	FLOOD_B,
	FLOOD_A,
	FLOOD_LAYER,
	FLOOD_COLOR,
	FLOOD_POSITION,
	FLOOD_TOLERANCE,
	FLOOD_REGION,
	FLOOD_LIMIT,
	FLOOD_PROJECT
};

static const struct param flood_params[] = {
	[FLOOD_X] = PARAM_COORDINATE("x"),
	[FLOOD_Y] = PARAM_COORDINATE("y"),
	[FLOOD_Z] = PARAM_COORDINATE("z"),
	[FLOOD_R] = PARAM_CHANNEL("r"),
	[FLOOD_G] = PARAM_CHANNEL("g"),
	[FLOOD_B] = PARAM_CHANNEL("b"),
	[FLOOD_A] = PARAM_CHANNEL("a"),
	[FLOOD_LAYER] = PARAM_LAYER,
	[FLOOD_COLOR] = PARAM_COLOR,
	[FLOOD_POSITION] = PARAM_POSITION,
	[FLOOD_TOLERANCE] = { .name = "tolerance",
			      .type = PARAM_ANY,
			      .preset = "0",
			      .doc = "allowed difference per channel from the start color: a number, or one "
				     "for each channel" },
	[FLOOD_REGION] = PARAM_REGION,
	[FLOOD_LIMIT] = { .name = "limit",
			  .alias = "max_voxels",
			  .type = PARAM_INT,
			  .min = 1,
			  .max = FILL_VOXELS_DEFAULT,
			  .preset = "16777216",
			  .doc = "voxels at most; if there are more, nothing changes" },
	[FLOOD_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int check_flood(struct call *call, struct edit_data *data)
{
	const struct box *region;
	int rc = arg_position(call, FLOOD_X, FLOOD_POSITION, data->at);

	if (!rc)
		rc = arg_color(call, FLOOD_R, FLOOD_COLOR, RGBA_WHITE, &data->color);
	if (!rc)
		rc = arg_tolerance(call, FLOOD_TOLERANCE, &data->tolerance);
	if (!rc)
		rc = arg_region(call, FLOOD_REGION, &data->box, &region);
	if (rc)
		return rc;
	data->has_box = region != NULL;
	if (!rgba_a(data->color)) /* the original treats alpha 0 as absent */
		data->color |= 0xff000000u;
	data->voxels_max = (uint64_t)arg_int_preset(call, FLOOD_LIMIT);
	return 0;
}

/* The whole voxels covered by a matrix with half-extents on the diagonal and the centre in
 * row 3. */
static bool matrix_box(const float mat[16], struct box *out)
{
	for (size_t i = 0; i < 3; i++) {
		double lo = floor((double)mat[12 + i] - fabs((double)mat[5 * i]));
		double hi = ceil((double)mat[12 + i] + fabs((double)mat[5 * i])) - 1;

		if (!(lo >= INT32_MIN && hi <= INT32_MAX && lo <= hi))
			return false;
		out->min[i] = (int32_t)lo;
		out->max[i] = (int32_t)hi;
	}
	return true;
}

/* The bounds of a fill without a region: the layer's own box, or the image box and its content. */
static bool fill_bounds(const struct document *d, const struct layer *l, struct box *out)
{
	struct box content;
	bool any = volume_box(&l->volume, &content);
	bool has_image = matrix_box(l->meta.has_box ? l->meta.box : d->box, out);

	if (l->meta.has_box && has_image)
		return true;
	if (!has_image)
		*out = content;
	else if (any)
		box_unite(out, &content);
	return any || has_image;
}

static int apply_flood(struct call *call, const struct edit_data *data, struct document *d,
		       struct layer *l, uint64_t *count)
{
	struct box bounds = data->box;
	struct fill f = { .color = data->color,
			  .tolerance = data->tolerance,
			  .bounds = &bounds,
			  .voxels_max = data->voxels_max };
	int rc = data->has_box || fill_bounds(d, l, &bounds) ? 0 : -ERANGE;

	for (int i = 0; i < 3; i++)
		f.from[i] = data->at[i];
	if (!rc)
		rc = fill_flood(&l->volume, &f, count);
	if (rc == -ERANGE)
		return fault_set(&call->fault, APP_FLOOD_FILL,
				 "Failed to flood fill: the start lies outside the bounds");
	if (rc == -EMSGSIZE)
		fault_set(&call->fault, APP_FLOOD_FILL,
			  "limit: more than %llu voxels are connected; nothing was changed",
			  (unsigned long long)data->voxels_max);
	return rc;
}

const struct edit edit_flood_fill = {
	.params = flood_params,
	.layer_index = FLOOD_LAYER,
	.project_index = FLOOD_PROJECT,
	.code = APP_FLOOD_FILL,
	.what = "flood fill",
	.count_key = "voxels_filled",
	.check = check_flood,
	.apply = apply_flood,
};

static int run_flood_fill(struct call *call)
{
	return edit_run(call, &edit_flood_fill);
}

const struct method method_flood_fill = {
	.name = "flood_fill",
	.flags = METHOD_EDITS,
	.params = flood_params,
	.doc = "Fills all voxels that are 6-connected to the start and have its color; "
	       "from an empty position it fills the connected empty space within region, "
	       "the layer's box or the image box and its content.",
	.result = "success, voxels_filled",
	.run = run_flood_fill,
};

/* ---- fill_region ------------------------------------------------------------- */

enum {
	REGION_MIN,
	REGION_MAX,
	REGION_R,
	REGION_G,
	REGION_B,
	REGION_A,
	REGION_LAYER,
	REGION_COLOR,
	REGION_BOX,
	REGION_PROJECT
};

static const struct param region_params[] = {
	[REGION_MIN] = { .name = "min", .type = PARAM_ANY, .doc = "[x,y,z], inclusive" },
	[REGION_MAX] = { .name = "max", .type = PARAM_ANY, .doc = "[x,y,z], inclusive" },
	[REGION_R] = PARAM_CHANNEL("r"),
	[REGION_G] = PARAM_CHANNEL("g"),
	[REGION_B] = PARAM_CHANNEL("b"),
	[REGION_A] = PARAM_CHANNEL("a"),
	[REGION_LAYER] = PARAM_LAYER,
	[REGION_COLOR] = PARAM_COLOR,
	[REGION_BOX] = PARAM_REGION,
	[REGION_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int check_region(struct call *call, struct edit_data *data)
{
	const struct box *region;
	int rc = arg_color(call, REGION_R, REGION_COLOR, RGBA_WHITE, &data->color);

	if (!rc)
		rc = arg_region(call, REGION_BOX, &data->box, &region);
	if (rc)
		return rc;
	if (region)
		return 0;
	if (decode_position(call->args[REGION_MIN], data->box.min) < 0)
		return arg_fault(call, REGION_MIN, "must be [x,y,z]");
	if (decode_position(call->args[REGION_MAX], data->box.max) < 0)
		return arg_fault(call, REGION_MAX, "must be [x,y,z]");
	for (int i = 0; i < 3; i++)
		if (data->box.min[i] > data->box.max[i])
			return arg_fault(call, REGION_MAX, "must not be below min");
	return 0;
}

static int apply_region(struct call *call, const struct edit_data *data, struct document *d,
			struct layer *l, uint64_t *count)
{
	(void)call;
	(void)d;
	*count = box_volume(&data->box);
	if (!rgba_a(data->color)) { /* the number removed */
		uint64_t before = volume_voxels_count(&l->volume);
		int rc = volume_fill_box(&l->volume, &data->box, RGBA_NONE);

		*count = before - volume_voxels_count(&l->volume);
		return rc;
	}
	return volume_fill_box(&l->volume, &data->box, data->color);
}

const struct edit edit_fill_region = {
	.params = region_params,
	.layer_index = REGION_LAYER,
	.project_index = REGION_PROJECT,
	.code = RPC_INTERNAL_ERROR,
	.what = "fill region",
	.count_key = "voxels_filled",
	.check = check_region,
	.apply = apply_region,
};

static int run_fill_region(struct call *call)
{
	return edit_run(call, &edit_fill_region);
}

const struct method method_fill_region = {
	.name = "fill_region",
	.flags = METHOD_EDITS,
	.params = region_params,
	.doc = "Fills a box, both corners included; alpha 0 empties it.",
	.result = "success, voxels_filled (removed, with alpha 0)",
	.run = run_fill_region,
};
