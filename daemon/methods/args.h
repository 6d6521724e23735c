/*
 * args.h - the arguments of a call, and errors that name them.
 *
 * method_call has sorted them by the method's list and checked types and ranges; i is the index in
 * that list. Functions that return int return 0, or -EPROTO with call->fault set.
 */
#ifndef DAEMON_METHODS_ARGS_H
#define DAEMON_METHODS_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/methods/decode.h"
#include "daemon/rpc/method.h"

/* Sorts call->params into call->args. -EPROTO. */
int args_sort(struct call *call);

/* Fills absent arguments from the members of object with the same names. -EPROTO. */
int args_adopt(struct call *call, struct value object);

static inline bool arg_has(const struct call *call, int i)
{
	return call->args[i].doc;
}

static inline enum value_kind arg_kind(const struct call *call, int i)
{
	return (enum value_kind)call->arg_kinds[i];
}

/* The default is the table's preset, so that it is written once. */
int32_t arg_int_preset(const struct call *call, int i);
double arg_real_preset(const struct call *call, int i);

int64_t arg_int(const struct call *call, int i, int64_t preset);
int32_t arg_i32(const struct call *call, int i, int32_t preset);
double arg_real(const struct call *call, int i, double preset);
bool arg_bool(const struct call *call, int i, bool preset);
struct span arg_string(const struct call *call, int i, const char *preset);

/* From `position`, or from x, y, z at first_index and the two after it. All three must be
 * present. */
int arg_position(struct call *call, int first_index, int position_index, int32_t out[3]);

/* From `color`, or from r, g, b, a at first_index on; the first of these may be a whole color. */
int arg_color(struct call *call, int first_index, int color_index, rgba preset, rgba *out);
/* [x,y,z] or {x,y,z} of real numbers within +-1e9; out is unchanged when absent. */
int arg_point(struct call *call, int i, double out[3]);
int arg_color_at(struct call *call, int i, rgba *out);
int arg_tolerance(struct call *call, int i, rgba *out); /* a number, or [3|4] numbers */
int arg_region(struct call *call, int i, struct box *out, const struct box **region);

/* Sets the fault "NAME: why" with code RPC_INVALID_PARAMS. */
int arg_fault(struct call *call, int i, const char *why);
int arg_range_fault(struct call *call, int i, int64_t min, int64_t max);

/* The text of a numeric macro, for presets and docs. */
#define PARAM_TEXT(number)  PARAM_TEXT_(number)
#define PARAM_TEXT_(number) #number

/* Parameters that many methods share. */
#define PARAM_PROJECT                                                       \
	{                                                                   \
		.name = "project_id", .type = PARAM_ANY,                    \
		.doc = "number of the project; absent: the one opened last" \
	}
#define PARAM_LAYER                                                                          \
	{                                                                                    \
		.name = "layer_id", .alias = "layer", .type = PARAM_ANY, .preset = "-1",     \
		.doc = "id of the layer (number or text) or its name; absent, 0 or -1: the " \
		       "active layer"                                                        \
	}
#define PARAM_COORDINATE(axis)                                                            \
	{                                                                                 \
		.name = axis, .type = PARAM_INT, .doc = "position; fractions are floored" \
	}
#define PARAM_POSITION                                                         \
	{                                                                      \
		.name = "position", .type = PARAM_ANY,                         \
		.doc = "[x,y,z] or {x,y,z}, instead of the single coordinates" \
	}
#define PARAM_CHANNEL(letter)                                                                  \
	{                                                                                      \
		.name = letter, .type = PARAM_ANY, .doc = "channel, 0..255 or a fraction of 1" \
	}
#define PARAM_COLOR                                                                  \
	{                                                                            \
		.name = "color", .alias = "rgba", .type = PARAM_ANY,                 \
		.doc = "\"#RRGGBB\", \"#RRGGBBAA\", [r,g,b], [r,g,b,a] or {r,g,b,a}" \
	}
#define PARAM_REGION                                                       \
	{                                                                  \
		.name = "region", .type = PARAM_OBJECT,                    \
		.doc = "{\"min\":[x,y,z],\"max\":[x,y,z]}, both inclusive" \
	}
#define PARAM_END            \
	{                    \
		.name = NULL \
	}

#endif
