/* The functions that scripts call. Arguments are converted as in the engine's own functions;
 * invalid ones throw. */
#include "daemon/methods/script/script_goxel.h"

#include <duktape.h>
#include <string.h>

#include "daemon/methods/script/script_engine.h"

static struct script_engine *engine_of(duk_context *ctx)
{
	duk_memory_functions memory;

	duk_get_memory_functions(ctx, &memory);
	return memory.udata;
}

static struct script_edits *edits_of(duk_context *ctx)
{
	return &engine_of(ctx)->edits;
}

static int32_t coordinate(duk_context *ctx, duk_idx_t i)
{
	double v = duk_require_number(ctx, i);

	if (!(v >= INT32_MIN && v < 0x1p31))
		(void)duk_range_error(ctx, "coordinate %d is not in 32 bits", (int)i);
	return (int32_t)(v < 0 && v != (double)(int32_t)v ? (int32_t)v - 1 : (int32_t)v);
}

static void position(duk_context *ctx, duk_idx_t first, int32_t pos[3])
{
	for (int i = 0; i < 3; i++)
		pos[i] = coordinate(ctx, first + i);
}

static unsigned channel(duk_context *ctx, duk_idx_t i, unsigned preset)
{
	double v;

	if (duk_is_undefined(ctx, i))
		return preset;
	v = duk_require_number(ctx, i);
	return v > 0 ? v < 255 ? (unsigned)v : 255 : 0;
}

static rgba color_from_text(duk_context *ctx, duk_idx_t i)
{
	duk_size_t len;
	const char *text = duk_get_lstring(ctx, i, &len);
	rgba color = RGBA_NONE;

	if (!len || text[0] != '#' || !rgba_parse_hex(span_of(text + 1, len - 1), &color))
		(void)duk_type_error(ctx, "color must be \"#RRGGBB\" or \"#RRGGBBAA\"");
	return color;
}

/* "#RRGGBB[AA]", [r,g,b,a], {r,g,b,a}, or r, g, b, a from i on; white when there is nothing. */
static rgba color(duk_context *ctx, duk_idx_t i)
{
	static const char *const names[] = { "r", "g", "b", "a" };
	bool is_array = duk_is_array(ctx, i);
	unsigned c[4];

	if (duk_is_undefined(ctx, i))
		return RGBA_WHITE;
	if (duk_is_string(ctx, i))
		return color_from_text(ctx, i);
	for (int n = 0; n < 4; n++) {
		duk_idx_t at = i + n;

		if (is_array)
			duk_get_prop_index(ctx, i, (duk_uarridx_t)n);
		else if (duk_is_object(ctx, i))
			duk_get_prop_string(ctx, i, names[n]);
		if (duk_is_object(ctx, i))
			at = duk_get_top_index(ctx);
		c[n] = channel(ctx, at, n == 3 ? 255 : 0);
	}
	return rgba_of(c[0], c[1], c[2], c[3]);
}

static void set(duk_context *ctx, const int32_t pos[3], rgba c)
{
	struct script_edits *e = edits_of(ctx);

	if (script_edits_set(e, pos, c))
		return;
	if (e->ops_count == SCRIPT_OPS_MAX)
		(void)duk_range_error(ctx, "more than %d edits", SCRIPT_OPS_MAX);
	(void)duk_range_error(ctx, "no memory for more than %u edits", e->ops_count);
}

static duk_ret_t add_voxel(duk_context *ctx)
{
	int32_t pos[3];

	position(ctx, 0, pos);
	set(ctx, pos, color(ctx, 3));
	duk_push_true(ctx);
	return 1;
}

static duk_ret_t remove_voxel(duk_context *ctx)
{
	int32_t pos[3];

	position(ctx, 0, pos);
	set(ctx, pos, RGBA_NONE);
	duk_push_true(ctx);
	return 1;
}

static duk_ret_t get_voxel(duk_context *ctx)
{
	static const char *const names[] = { "r", "g", "b", "a" };
	int32_t pos[3];
	rgba c;

	position(ctx, 0, pos);
	c = script_edits_get(edits_of(ctx), pos);
	if (!c) {
		duk_push_null(ctx);
		return 1;
	}
	duk_push_object(ctx);
	for (int i = 0; i < 4; i++) {
		duk_push_uint(ctx, c >> 8 * i & 255);
		duk_put_prop_string(ctx, -2, names[i]);
	}
	return 1;
}

/* fillBox(x0, y0, z0, x1, y1, z1, color): both corners included. */
static duk_ret_t fill_box(duk_context *ctx)
{
	int32_t a[3];
	int32_t b[3];
	double count = 1;
	rgba c;

	position(ctx, 0, a);
	position(ctx, 3, b);
	c = color(ctx, 6);
	for (int i = 0; i < 3; i++) {
		int32_t low = a[i] < b[i] ? a[i] : b[i];

		b[i] = a[i] < b[i] ? b[i] : a[i];
		a[i] = low;
		count *= (double)b[i] - a[i] + 1;
	}
	if (count > SCRIPT_OPS_MAX)
		(void)duk_range_error(ctx, "more than %d edits", SCRIPT_OPS_MAX);
	for (int64_t z = a[2]; z <= b[2]; z++)
		for (int64_t y = a[1]; y <= b[1]; y++)
			for (int64_t x = a[0]; x <= b[0]; x++)
				set(ctx, (int32_t[3]){ (int32_t)x, (int32_t)y, (int32_t)z }, c);
	duk_push_number(ctx, count);
	return 1;
}

static duk_ret_t add_layer(duk_context *ctx)
{
	duk_size_t len = 0;
	const char *name = duk_opt_lstring(ctx, 0, &len, "New Layer", 9);
	int32_t id = script_edits_add_layer(edits_of(ctx), name, len);

	if (!id)
		return duk_range_error(ctx, "too many layers");
	duk_push_int(ctx, id);
	return 1;
}

static int32_t layer_id(duk_context *ctx, duk_idx_t i)
{
	int32_t id = duk_require_int(ctx, i);

	if (!script_edits_has_layer(edits_of(ctx), id))
		(void)duk_range_error(ctx, "there is no layer %d", (int)id);
	return id;
}

static duk_ret_t set_active_layer(duk_context *ctx)
{
	if (!script_edits_activate(edits_of(ctx), layer_id(ctx, 0)))
		return duk_range_error(ctx, "too many edits");
	return 0;
}

static duk_ret_t set_layer_visible(duk_context *ctx)
{
	if (!script_edits_show(edits_of(ctx), layer_id(ctx, 0), duk_to_boolean(ctx, 1)))
		return duk_range_error(ctx, "too many edits");
	return 0;
}

static duk_ret_t get_active_layer(duk_context *ctx)
{
	duk_push_int(ctx, edits_of(ctx)->active_id);
	return 1;
}

static void push_layer(duk_context *ctx, duk_uarridx_t at, int32_t id, const char *name)
{
	duk_push_object(ctx);
	duk_push_int(ctx, id);
	duk_put_prop_string(ctx, -2, "id");
	duk_push_string(ctx, name);
	duk_put_prop_string(ctx, -2, "name");
	duk_put_prop_index(ctx, -2, at);
}

static duk_ret_t list_layers(duk_context *ctx)
{
	const struct script_edits *e = edits_of(ctx);
	const struct script_view *v = e->view;
	duk_uarridx_t n = 0;

	duk_push_array(ctx);
	for (uint32_t i = 0; i < v->layers_count; i++)
		if (script_edits_has_layer(e, v->layers[i].id))
			push_layer(ctx, n++, v->layers[i].id, v->layers[i].name);
	for (uint32_t i = 0; i < e->names_count; i++)
		if (script_edits_has_layer(e, v->next_layer_id + (int32_t)i))
			push_layer(ctx, n++, v->next_layer_id + (int32_t)i, e->names[i]);
	return 1;
}

/* The layer that argument i names, or the active one. */
static int32_t layer_or_active(duk_context *ctx, duk_idx_t i)
{
	return duk_is_undefined(ctx, i) ? edits_of(ctx)->active_id : layer_id(ctx, i);
}

static duk_ret_t clear_layer(duk_context *ctx)
{
	if (!script_edits_clear(edits_of(ctx), layer_or_active(ctx, 0)))
		return duk_range_error(ctx, "too many edits, or layers cleared");
	return 0;
}

static duk_ret_t delete_layer(duk_context *ctx)
{
	int32_t id = layer_id(ctx, 0);

	if (script_edits_layers_count(edits_of(ctx)) == 1)
		return duk_range_error(ctx, "the last layer cannot be deleted");
	if (!script_edits_delete(edits_of(ctx), id))
		return duk_range_error(ctx, "too many edits, or layers deleted");
	return 0;
}

static void push_triple(duk_context *ctx, const char *name, const double v[3])
{
	duk_push_array(ctx);
	for (duk_uarridx_t i = 0; i < 3; i++) {
		duk_push_number(ctx, v[i]);
		duk_put_prop_index(ctx, -2, i);
	}
	duk_put_prop_string(ctx, -2, name);
}

/* boundingBox(layer): without an argument, of the active layer; null when it is empty. */
static duk_ret_t bounding_box(duk_context *ctx)
{
	struct box box;
	double size[3];

	if (!script_edits_box(edits_of(ctx), layer_or_active(ctx, 0), &box)) {
		duk_push_null(ctx);
		return 1;
	}
	for (int i = 0; i < 3; i++)
		size[i] = (double)box_size(&box, i);
	duk_push_object(ctx);
	push_triple(ctx, "min", (double[3]){ box.min[0], box.min[1], box.min[2] });
	push_triple(ctx, "max", (double[3]){ box.max[0], box.max[1], box.max[2] });
	push_triple(ctx, "dimensions", size);
	return 1;
}

/* console.log and similar: the arguments as text, separated by spaces, on one line. */
static duk_ret_t log_line(duk_context *ctx)
{
	struct script_text *output = &engine_of(ctx)->output;
	duk_idx_t count = duk_get_top(ctx);

	for (duk_idx_t i = 0; i < count; i++) {
		duk_size_t len;
		const char *text;

		if (i)
			script_text_add(output, " ", 1);
		if (duk_is_object(ctx, i) && !duk_is_function(ctx, i) && !duk_is_error(ctx, i))
			duk_json_encode(ctx, i);
		text = duk_safe_to_lstring(ctx, i, &len);
		script_text_add(output, text, len);
	}
	script_text_add(output, "\n", 1);
	return 0;
}

static const duk_function_list_entry goxel_functions[] = {
	{ "addVoxel", add_voxel, 7 },
	{ "setVoxel", add_voxel, 7 },
	{ "removeVoxel", remove_voxel, 3 },
	{ "getVoxel", get_voxel, 3 },
	{ "fillBox", fill_box, 10 },
	{ "addLayer", add_layer, 1 },
	{ "createLayer", add_layer, 1 },
	{ "deleteLayer", delete_layer, 1 },
	{ "clear", clear_layer, 1 },
	{ "boundingBox", bounding_box, 1 },
	{ "listLayers", list_layers, 0 },
	{ "getActiveLayer", get_active_layer, 0 },
	{ "setActiveLayer", set_active_layer, 1 },
	{ "setLayerVisible", set_layer_visible, 2 },
	{ NULL, NULL, 0 },
};

static const duk_function_list_entry console_functions[] = {
	{ "log", log_line, DUK_VARARGS },   { "info", log_line, DUK_VARARGS },
	{ "warn", log_line, DUK_VARARGS },  { "error", log_line, DUK_VARARGS },
	{ "debug", log_line, DUK_VARARGS }, { NULL, NULL, 0 },
};

/* The engine's own generator is seeded when the engine is opened, before the fork, so all scripts
 * would get the same numbers. */
static duk_ret_t random_unit(duk_context *ctx)
{
	duk_push_number(ctx, (double)(rng_next(&engine_of(ctx)->random) >> 11) * 0x1p-53);
	return 1;
}

int script_goxel_put(struct duk_hthread *ctx, void *udata)
{
	(void)udata;
	duk_push_object(ctx);
	duk_put_function_list(ctx, -1, goxel_functions);
	duk_put_global_string(ctx, "goxel");
	duk_push_object(ctx);
	duk_put_function_list(ctx, -1, console_functions);
	duk_put_global_string(ctx, "console");
	duk_push_c_function(ctx, log_line, DUK_VARARGS);
	duk_put_global_string(ctx, "print");
	duk_get_global_string(ctx, "Math");
	duk_push_c_function(ctx, random_unit, 0);
	duk_put_prop_string(ctx, -2, "random");
	return 0;
}
