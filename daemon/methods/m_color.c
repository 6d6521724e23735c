/* Methods that analyse colors. For large projects they read a snapshot. */
#include <errno.h>

#include "daemon/base/cancel.h"
#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"
#include "daemon/voxel/analyze.h"

#define PARAM_LAYER_OR_ALL                                                               \
	{                                                                                \
		.name = "layer_id", .alias = "layer", .type = PARAM_ANY, .preset = "-1", \
		.doc = "id or name; -1: the active layer, -2: all layers"                \
	}

enum { CHECK_LISTED = 64 /* listed between two calls of cancel_check */ };

struct counting {
	int layer_index; /* of the arguments */
	int project_index;
	const struct box *region; /* NULL: everywhere */
	unsigned bin_size;
	int32_t layer_id; /* output: the layer that was counted */
};

/* Counts the colors of one layer or of all layers. The caller deinits counts. */
static int count_colors(struct call *call, struct counting *c, struct color_counts *counts)
{
	struct reading reading;
	int32_t id;
	int rc = scope_read(call, c->project_index, RPC_INTERNAL_ERROR, &reading);

	if (rc)
		return rc;
	rc = scope_layer_or_all(call, c->layer_index, RPC_INTERNAL_ERROR, reading.doc, &id);
	c->layer_id = id;
	for (size_t i = 0; rc == 0 && i < reading.doc->layers_count; i++) {
		const struct layer *l = reading.doc->layers[i];

		if (id == SCOPE_LAYERS_ALL || id == l->meta.id)
			rc = analyze_colors(counts, &l->volume, c->region, c->bin_size);
	}
	scope_read_end(&reading);
	return scope_fault(call, RPC_INTERNAL_ERROR, rc, "count colors");
}

/* ---- get_color_histogram ------------------------------------------------------- */

enum { HIST_LAYER, HIST_BIN, HIST_BY_COUNT, HIST_TOP, HIST_REGION, HIST_PROJECT };

static const struct param hist_params[] = {
	[HIST_LAYER] = PARAM_LAYER_OR_ALL,
	[HIST_BIN] = { .name = "bin_size",
		       .type = PARAM_INT,
		       .min = 0,
		       .max = 255,
		       .preset = "0",
		       .doc = "above 1: red, green and blue are set to the middle of their bin" },
	[HIST_BY_COUNT] = { .name = "sort_by_count",
			    .type = PARAM_BOOL,
			    .preset = "true",
			    .doc = "sort the most frequent first; false: by r, g, b, a" },
	[HIST_TOP] = { .name = "top_n",
		       .type = PARAM_INT,
		       .min = 0,
		       .max = INT32_MAX,
		       .preset = "0",
		       .doc = "entries at most; 0: all" },
	[HIST_REGION] = PARAM_REGION,
	[HIST_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int reply_histogram(struct reply *r, const struct color_counts *counts, uint32_t shown,
			   unsigned bin_size)
{
	unsigned checks = 0;

	reply_object(r);
	reply_key_array(r, "histogram");
	for (uint32_t i = 0; i < shown; i++) {
		const struct color_count *c = &counts->slots[i];
		int rc = cancel_check_nth(&checks, CHECK_LISTED);

		if (rc < 0)
			return rc;
		reply_object(r);
		reply_key(r, SPAN_LIT("color"));
		reply_hex(r, c->color);
		reply_key(r, SPAN_LIT("rgba"));
		reply_rgba(r, c->color);
		reply_key_integer(r, "count", (int64_t)c->count);
		reply_key_real(r, "percentage", 100.0 * (double)c->count / (double)counts->total);
		reply_object_end(r);
	}
	reply_array_end(r);
	reply_key_integer(r, "total_voxels", (int64_t)counts->total);
	reply_key_integer(r, "unique_colors", counts->count);
	reply_key_object(r, "metadata");
	reply_key_bool(r, "binned", bin_size > 1);
	if (bin_size > 1)
		reply_key_integer(r, "bin_size", bin_size);
	reply_object_end(r);
	reply_object_end(r);
	return 0;
}

static int run_get_color_histogram(struct call *call)
{
	struct counting c = { .layer_index = HIST_LAYER,
			      .project_index = HIST_PROJECT,
			      .bin_size = (unsigned)arg_int(call, HIST_BIN, 0) };
	uint32_t top = (uint32_t)arg_int(call, HIST_TOP, 0);
	struct color_counts counts = { 0 };
	struct box box;
	int rc = arg_region(call, HIST_REGION, &box, &c.region);

	if (!rc)
		rc = count_colors(call, &c, &counts);
	if (!rc)
		rc = scope_fault(call, RPC_INTERNAL_ERROR,
				 analyze_colors_list(&counts, arg_bool(call, HIST_BY_COUNT, true)),
				 "sort colors");
	if (!rc)
		rc = scope_fault(call, RPC_INTERNAL_ERROR,
				 reply_histogram(call->reply, &counts,
						 top && top < counts.count ? top : counts.count,
						 c.bin_size),
				 "list colors");
	analyze_colors_deinit(&counts);
	return rc;
}

const struct method method_get_color_histogram = {
	.name = "get_color_histogram",
	.params = hist_params,
	.doc = "Counts the voxels of each color; percentages are of all voxels counted.",
	.result = "histogram: [{color, rgba, count, percentage}], total_voxels, unique_colors, "
		  "metadata {binned, bin_size}",
	.run = run_get_color_histogram,
};

/* ---- get_unique_colors --------------------------------------------------------- */

enum {
	UNIQUE_LAYER,
	UNIQUE_MERGE,
	UNIQUE_THRESHOLD,
	UNIQUE_BY_COUNT,
	UNIQUE_REGION,
	UNIQUE_PROJECT
};

static const struct param unique_params[] = {
	[UNIQUE_LAYER] = PARAM_LAYER_OR_ALL,
	[UNIQUE_MERGE] = { .name = "merge_similar",
			   .type = PARAM_BOOL,
			   .preset = "false",
			   .doc = "colors in one bin count as one" },
	[UNIQUE_THRESHOLD] = { .name = "merge_threshold",
			       .type = PARAM_INT,
			       .min = 0,
			       .max = 255,
			       .preset = "10",
			       .doc = "size of a bin" },
	[UNIQUE_BY_COUNT] = { .name = "sort_by_count",
			      .type = PARAM_BOOL,
			      .preset = "false",
			      .doc = "sort the most frequent first; false: by r, g, b, a" },
	[UNIQUE_REGION] = PARAM_REGION,
	[UNIQUE_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int reply_colors(struct reply *r, const struct color_counts *counts)
{
	unsigned checks = 0;

	for (uint32_t i = 0; i < counts->count; i++) {
		int rc = cancel_check_nth(&checks, CHECK_LISTED);

		if (rc < 0)
			return rc;
		reply_object(r);
		reply_key(r, SPAN_LIT("hex"));
		reply_hex(r, counts->slots[i].color);
		reply_key(r, SPAN_LIT("rgba"));
		reply_rgba(r, counts->slots[i].color);
		reply_object_end(r);
	}
	return 0;
}

static int run_get_unique_colors(struct call *call)
{
	bool by_count = arg_bool(call, UNIQUE_BY_COUNT, false);
	struct counting c = { .layer_index = UNIQUE_LAYER, .project_index = UNIQUE_PROJECT };
	struct color_counts counts = { 0 };
	struct reply *r = call->reply;
	struct box box;
	int rc = arg_region(call, UNIQUE_REGION, &box, &c.region);

	if (arg_bool(call, UNIQUE_MERGE, false))
		c.bin_size = (unsigned)arg_int(call, UNIQUE_THRESHOLD, 10);
	if (!rc)
		rc = count_colors(call, &c, &counts);
	if (!rc)
		rc = scope_fault(call, RPC_INTERNAL_ERROR, analyze_colors_list(&counts, by_count),
				 "sort colors");
	if (!rc) {
		reply_object(r);
		reply_key_array(r, "colors");
		rc = scope_fault(call, RPC_INTERNAL_ERROR, reply_colors(r, &counts), "list colors");
	}
	if (rc < 0) {
		analyze_colors_deinit(&counts);
		return rc;
	}
	reply_array_end(r);
	reply_key_integer(r, "count", counts.count);
	reply_key_object(r, "metadata");
	reply_key_integer(r, "layer_id", c.layer_id);
	reply_key_bool(r, "sorted_by_count", by_count);
	reply_object_end(r);
	reply_object_end(r);
	analyze_colors_deinit(&counts);
	return 0;
}

const struct method method_get_unique_colors = {
	.name = "get_unique_colors",
	.params = unique_params,
	.doc = "Lists the colors that are used.",
	.result = "colors: [{hex, rgba}], count, metadata {layer_id, sorted_by_count}",
	.run = run_get_unique_colors,
};

/* ---- find_voxels_by_color ------------------------------------------------------ */

enum {
	FIND_COLOR,
	FIND_TOLERANCE,
	FIND_LAYER,
	FIND_MAX,
	FIND_LOCATIONS,
	FIND_REGION,
	FIND_PROJECT
};
#define FIND_RESULTS_MAX     1000000
#define FIND_RESULTS_DEFAULT 1000

static const struct param find_params[] = {
	[FIND_COLOR] = { .name = "color",
			 .alias = "target_color",
			 .type = PARAM_ANY,
			 .required = true,
			 .doc = "\"#RRGGBB\", \"#RRGGBBAA\", [r,g,b], [r,g,b,a] or {r,g,b,a}" },
	[FIND_TOLERANCE] = { .name = "tolerance",
			     .type = PARAM_ANY,
			     .preset = "0",
			     .doc = "allowed difference per channel: a number for all four, or "
				    "[r,g,b] (alpha exact), [r,g,b,a]" },
	[FIND_LAYER] = PARAM_LAYER_OR_ALL,
	[FIND_MAX] = { .name = "max_results",
		       .type = PARAM_INT,
		       .min = 0,
		       .max = FIND_RESULTS_MAX,
		       .preset = PARAM_TEXT(FIND_RESULTS_DEFAULT),
		       .doc = "matches at most; 0: " PARAM_TEXT(FIND_RESULTS_MAX) },
	[FIND_LOCATIONS] = { .name = "include_locations",
			     .type = PARAM_BOOL,
			     .preset = "true",
			     .doc = "list their positions" },
	[FIND_REGION] = PARAM_REGION,
	[FIND_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

struct search {
	struct reply *r;
	rgba color;
	rgba tolerance;
	bool with_locations;
	uint64_t room;
	uint64_t count;
	bool truncated;
	unsigned checks;
	const struct layer *layer;
};

static int match(void *arg, const struct voxel *v)
{
	struct search *s = arg;
	int rc;

	if (!rgba_near(v->color, s->color, s->tolerance))
		return 0;
	if (s->count == s->room) {
		s->truncated = true;
		return 1;
	}
	s->count++;
	if (!s->with_locations)
		return 0;
	rc = cancel_check_nth(&s->checks, CHECK_LISTED);
	if (rc < 0)
		return rc;
	reply_object(s->r);
	reply_key_integer(s->r, "x", v->x);
	reply_key_integer(s->r, "y", v->y);
	reply_key_integer(s->r, "z", v->z);
	reply_key_integer(s->r, "layer_id", s->layer->meta.id);
	reply_key_string(s->r, "layer", span_str(s->layer->meta.name));
	reply_object_end(s->r);
	return 0;
}

static int search_layers(struct call *call, const struct document *d, int32_t id,
			 const struct box *region, struct search *s)
{
	struct reply *r = call->reply;
	int rc = 0;

	reply_object(r);
	reply_key(r, SPAN_LIT("target_color"));
	reply_hex(r, s->color);
	if (s->with_locations)
		reply_key_array(r, "locations");
	for (size_t i = 0; rc == 0 && i < d->layers_count; i++) {
		s->layer = d->layers[i];
		if (id == SCOPE_LAYERS_ALL || id == s->layer->meta.id)
			rc = analyze_walk(&s->layer->volume, region, match, s);
	}
	if (s->with_locations)
		reply_array_end(r);
	reply_key_integer(r, "match_count", (int64_t)s->count);
	reply_key_bool(r, "truncated", s->truncated);
	reply_key_object(r, "metadata");
	reply_key(r, SPAN_LIT("tolerance"));
	reply_rgba(r, s->tolerance);
	reply_object_end(r);
	reply_object_end(r);
	return rc < 0 ? rc : 0;
}

static int run_find_voxels_by_color(struct call *call)
{
	struct search s = { .r = call->reply };
	struct reading reading;
	const struct box *region;
	struct box box;
	int32_t id;
	int rc = arg_color_at(call, FIND_COLOR, &s.color);

	if (!rc)
		rc = arg_tolerance(call, FIND_TOLERANCE, &s.tolerance);
	if (!rc)
		rc = arg_region(call, FIND_REGION, &box, &region);
	if (!rc)
		rc = scope_read(call, FIND_PROJECT, RPC_INTERNAL_ERROR, &reading);
	if (rc)
		return rc;
	s.with_locations = arg_bool(call, FIND_LOCATIONS, true);
	s.room = (uint64_t)arg_int(call, FIND_MAX, FIND_RESULTS_DEFAULT);
	if (!s.room)
		s.room = FIND_RESULTS_MAX;
	rc = scope_layer_or_all(call, FIND_LAYER, RPC_INTERNAL_ERROR, reading.doc, &id);
	if (!rc)
		rc = search_layers(call, reading.doc, id, region, &s);
	scope_read_end(&reading);
	return scope_fault(call, RPC_INTERNAL_ERROR, rc, "find voxels");
}

const struct method method_find_voxels_by_color = {
	.name = "find_voxels_by_color",
	.params = find_params,
	.doc = "Finds the voxels of a color or close to it.",
	.result = "target_color, locations: [{x,y,z,layer_id,layer}], match_count, truncated, "
		  "metadata {tolerance}",
	.run = run_find_voxels_by_color,
};
