/* Methods that list voxels. */
#include <errno.h>

#include "daemon/base/cancel.h"
#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"
#include "daemon/voxel/analyze.h"

#define READ_VOXELS_MAX     1000000 /* of one reply, even when limit is larger */
#define READ_VOXELS_DEFAULT 10000

enum { CHECK_LISTED = 64 /* listed between two calls of cancel_check */ };

/* A listing in progress. */
struct listing {
	struct reply *r;
	uint64_t skip; /* voxels still to skip */
	uint64_t room; /* voxels still allowed in the list */
	uint64_t count;
	unsigned checks;
	bool truncated;
	bool has_filter;
	rgba filter;
	struct box bbox;
};

static bool passes(const struct listing *l, rgba color)
{
	/* Alpha 255 in a filter means any alpha. */
	rgba mask = rgba_a(l->filter) == 255 ? 0xffffffu : 0xffffffffu;

	return !l->has_filter || !((color ^ l->filter) & mask);
}

static int list_voxel(void *arg, const struct voxel *v)
{
	struct listing *l = arg;
	struct box one = { { v->x, v->y, v->z }, { v->x, v->y, v->z } };
	int rc;

	if (!passes(l, v->color))
		return 0;
	if (l->skip) {
		l->skip--;
		return 0;
	}
	if (!l->room) {
		l->truncated = true;
		return 1;
	}
	rc = cancel_check_nth(&l->checks, CHECK_LISTED);
	if (rc < 0)
		return rc;
	l->room--;
	reply_object(l->r);
	reply_key_integer(l->r, "x", v->x);
	reply_key_integer(l->r, "y", v->y);
	reply_key_integer(l->r, "z", v->z);
	reply_key(l->r, SPAN_LIT("color"));
	reply_rgba(l->r, v->color);
	reply_object_end(l->r);
	if (l->count++)
		box_unite(&l->bbox, &one);
	else
		l->bbox = one;
	return 0;
}

/* The parameters that both listings share, in this order. */
enum { LIST_LAYER, LIST_FILTER, LIST_OFFSET, LIST_LIMIT, LIST_PROJECT, LIST_COUNT };

#define LIST_PARAMS(first)                                                                         \
	[(first) +                                                                                 \
		LIST_LAYER] = { .name = "layer_id",                                                \
				.alias = "layer",                                                  \
				.type = PARAM_ANY,                                                 \
				.preset = "-1",                                                    \
				.doc = "id or name; -1: the active layer, -2: all layers" },       \
		[(first) +                                                                         \
			LIST_FILTER] = { .name = "color_filter",                                   \
					 .type = PARAM_ANY,                                        \
					 .doc = "only voxels of that color; alpha 0: no filter, "  \
						"255 or absent: any alpha" },                      \
		[(first) + LIST_OFFSET] = { .name = "offset",                                      \
					    .type = PARAM_INT,                                     \
					    .min = 0,                                              \
					    .max = INT64_MAX,                                      \
					    .preset = "0",                                         \
					    .doc = "voxels to skip" },                             \
		[(first) + LIST_LIMIT] = { .name = "limit",                                        \
					   .type = PARAM_INT,                                      \
					   .min = 0,                                               \
					   .max = INT64_MAX,                                       \
					   .preset = PARAM_TEXT(READ_VOXELS_DEFAULT),              \
					   .doc = "voxels to list at most; 0: as many as a reply " \
						  "may have (" PARAM_TEXT(READ_VOXELS_MAX) ")" },  \
		[(first) + LIST_PROJECT] = PARAM_PROJECT, [(first) + LIST_COUNT] = PARAM_END

static int prepare(struct call *call, int first, struct listing *l)
{
	int rc = 0;

	*l = (struct listing){ .r = call->reply };
	if (arg_has(call, first + LIST_FILTER))
		rc = arg_color_at(call, first + LIST_FILTER, &l->filter);
	l->has_filter = rgba_a(l->filter) != 0;
	l->skip = (uint64_t)arg_int(call, first + LIST_OFFSET, 0);
	l->room = (uint64_t)arg_int(call, first + LIST_LIMIT, READ_VOXELS_DEFAULT);
	if (!l->room || l->room > READ_VOXELS_MAX)
		l->room = READ_VOXELS_MAX;
	return rc;
}

static int list_layers_of(const struct document *d, int32_t id, const struct box *region,
			  struct listing *l)
{
	for (size_t i = 0; i < d->layers_count; i++) {
		int rc;

		if (id != SCOPE_LAYERS_ALL && d->layers[i]->meta.id != id)
			continue;
		rc = analyze_walk(&d->layers[i]->volume, region, list_voxel, l);
		if (rc)
			return rc < 0 ? rc : 0;
	}
	return 0;
}

static int run_listing(struct call *call, int first, const struct box *region)
{
	struct reply *r = call->reply;
	struct listing l;
	struct reading reading;
	int32_t id;
	int rc = prepare(call, first, &l);

	if (rc)
		return rc;
	rc = scope_read(call, first + LIST_PROJECT, RPC_INTERNAL_ERROR, &reading);
	if (rc)
		return rc;
	rc = scope_layer_or_all(call, first + LIST_LAYER, RPC_INTERNAL_ERROR, reading.doc, &id);
	if (!rc) {
		reply_object(r);
		reply_key_array(r, "voxels");
		rc = list_layers_of(reading.doc, id, region, &l);
		reply_array_end(r);
		reply_key_integer(r, "count", (int64_t)l.count);
		reply_key_bool(r, "truncated", l.truncated);
		if (l.count) {
			reply_key_object(r, "bbox");
			reply_box(r, &l.bbox);
			reply_object_end(r);
		}
		reply_object_end(r);
	}
	scope_read_end(&reading);
	return scope_fault(call, RPC_INTERNAL_ERROR, rc, "list voxels");
}

enum { REGION_MIN, REGION_MAX, REGION_LIST };

static const struct param region_params[] = {
	[REGION_MIN] = { .name = "min",
			 .type = PARAM_ANY,
			 .required = true,
			 .doc = "[x,y,z], lowest corner, inclusive" },
	[REGION_MAX] = { .name = "max",
			 .type = PARAM_ANY,
			 .required = true,
			 .doc = "[x,y,z], highest corner, inclusive" },
	LIST_PARAMS(REGION_LIST),
};

static int run_get_voxels_region(struct call *call)
{
	struct box region;

	if (decode_position(call->args[REGION_MIN], region.min) < 0)
		return arg_fault(call, REGION_MIN, "must be [x,y,z]");
	if (decode_position(call->args[REGION_MAX], region.max) < 0)
		return arg_fault(call, REGION_MAX, "must be [x,y,z]");
	for (int i = 0; i < 3; i++)
		if (region.min[i] > region.max[i])
			return arg_fault(call, REGION_MAX, "must not be below min");
	return run_listing(call, REGION_LIST, &region);
}

const struct method method_get_voxels_region = {
	.name = "get_voxels_region",
	.params = region_params,
	.doc = "Lists the voxels of a box, ordered by blocks of 16, in z, y, x order.",
	.result = "voxels: [{x,y,z,color}], count, truncated (the limit was reached), bbox "
		  "{min,max} of the listed voxels",
	.run = run_get_voxels_region,
};

static const struct param layer_voxels_params[] = { LIST_PARAMS(0) };

static int run_get_layer_voxels(struct call *call)
{
	return run_listing(call, 0, NULL);
}

const struct method method_get_layer_voxels = {
	.name = "get_layer_voxels",
	.params = layer_voxels_params,
	.doc = "Lists the voxels of a layer, or of all.",
	.result = "as get_voxels_region",
	.run = run_get_layer_voxels,
};

enum { BOX_LAYER, BOX_EXACT, BOX_PROJECT };

static const struct param box_params[] = {
	[BOX_LAYER] = { .name = "layer_id",
			.alias = "layer",
			.type = PARAM_ANY,
			.preset = "-1",
			.doc = "id or name; -1: the active layer, -2: all layers" },
	[BOX_EXACT] = { .name = "exact",
			.type = PARAM_BOOL,
			.preset = "true",
			.doc = "false: rounded outwards to blocks of 16" },
	[BOX_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static void round_out(struct box *b)
{
	for (int i = 0; i < 3; i++) {
		b->min[i] &= ~BLOCK_MASK;
		b->max[i] |= BLOCK_MASK;
	}
}

static int run_get_bounding_box(struct call *call)
{
	struct reply *r = call->reply;
	struct reading reading;
	struct box box;
	int32_t id;
	bool any = false;
	int rc = scope_read(call, BOX_PROJECT, RPC_INTERNAL_ERROR, &reading);

	if (rc)
		return rc;
	rc = scope_layer_or_all(call, BOX_LAYER, RPC_INTERNAL_ERROR, reading.doc, &id);
	if (!rc)
		any = id == SCOPE_LAYERS_ALL
			      ? document_box(reading.doc, false, &box)
			      : volume_box(&document_layer(reading.doc, id)->volume, &box);
	scope_read_end(&reading);
	if (rc)
		return rc;
	reply_object(r);
	reply_key_bool(r, "empty", !any);
	if (any) {
		if (!arg_bool(call, BOX_EXACT, true))
			round_out(&box);
		reply_box(r, &box);
		reply_key_array(r, "dimensions");
		for (int i = 0; i < 3; i++)
			reply_integer(r, box_size(&box, i));
		reply_array_end(r);
	}
	reply_object_end(r);
	return 0;
}

const struct method method_get_bounding_box = {
	.name = "get_bounding_box",
	.params = box_params,
	.doc = "The smallest box around the voxels; max is inclusive, dimensions = max - min + 1.",
	.result = "empty; if false, also min, max, dimensions",
	.run = run_get_bounding_box,
};
