#include "daemon/methods/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool key_is(struct span key, const char *name)
{
	return name && !strncmp(name, key.ptr, key.len) && !name[key.len];
}

/* Index of the parameter with that name, searched from hint on; -1: none. Members mostly come in
 * the order of the list, so the first comparison usually matches. */
static int param_index(const struct param *params, int count, struct span key, int hint)
{
	for (int n = 0; n < count; n++) {
		int i = hint + n < count ? hint + n : hint + n - count;

		if (key_is(key, params[i].name) || key_is(key, params[i].alias))
			return i;
	}
	return -1;
}

static void clear_arg(struct call *call, int i)
{
	call->args[i] = (struct value){ 0 };
	call->arg_kinds[i] = VALUE_NONE;
}

static void clear_args(struct call *call, int first, int count)
{
	for (int i = first; i < count; i++)
		clear_arg(call, i);
}

/* The members of one look; absent arguments are cleared. Returns how many there were. */
static uint32_t sort_members(struct call *call, struct value object, uint32_t skip, int count)
{
	struct value values[RPC_PARAMS_MAX];
	uint8_t kinds[RPC_PARAMS_MAX];
	int64_t integers[RPC_PARAMS_MAX];
	struct span keys[RPC_PARAMS_MAX];
	uint32_t n =
		value_items(object, skip, &(struct value_items){ values, kinds, integers, keys },
			    RPC_PARAMS_MAX);
	int hint = 0;

	for (uint32_t k = 0; k < n; k++) {
		int i = param_index(call->method->params, count, keys[k], hint);

		if (i < 0)
			continue;
		call->args[i] = values[k];
		call->arg_kinds[i] = kinds[k];
		call->arg_integers[i] = integers[k];
		hint = i + 1 < count ? i + 1 : 0;
	}
	return n;
}

static void sort_object(struct call *call, struct value object, int count)
{
	uint32_t skip = 0;
	uint32_t n;

	clear_args(call, 0, count);
	do {
		n = sort_members(call, object, skip, count);
		skip += n;
	} while (n == RPC_PARAMS_MAX);
}

/* [{...}] where the first parameter is not an object: named members inside an array, as documented
 * for batch_operations. n: elements. */
static bool is_wrapped(const struct call *call, uint32_t n)
{
	const struct param *first = call->method->params;

	return n == 1 && arg_kind(call, 0) == VALUE_OBJECT && first->type != PARAM_OBJECT &&
	       first->type != PARAM_ANY;
}

static void sort_array(struct call *call, int count)
{
	struct value_items to = { call->args, call->arg_kinds, call->arg_integers, NULL };
	/* What is more than the arguments is left out by the count. */
	uint32_t n = value_items(call->params, 0, &to, RPC_PARAMS_MAX);

	if (is_wrapped(call, n))
		sort_object(call, call->args[0], count);
	else
		clear_args(call, (int)n, count);
}

int arg_fault(struct call *call, int i, const char *why)
{
	return fault_set(&call->fault, RPC_INVALID_PARAMS, "%s: %s", call->method->params[i].name,
			 why);
}

int arg_range_fault(struct call *call, int i, int64_t min, int64_t max)
{
	return fault_set(&call->fault, RPC_INVALID_PARAMS, "%s: must be in %lld..%lld",
			 call->method->params[i].name, (long long)min, (long long)max);
}

static int check_int(struct call *call, int i, enum value_kind kind)
{
	const struct param *p = &call->method->params[i];
	int64_t min = p->min || p->max ? p->min : INT32_MIN;
	int64_t max = p->min || p->max ? p->max : INT32_MAX;
	int64_t n;
	int rc = 0;

	if (kind == VALUE_INT)
		n = call->arg_integers[i];
	else
		rc = decode_i64(call->args[i], &n);
	if (rc == -EINVAL)
		return arg_fault(call, i, "must be a number");
	if (rc < 0 || n < min || n > max)
		return arg_range_fault(call, i, min, max);
	if (p->is_whole && kind == VALUE_REAL && value_real(call->args[i]) > (double)n)
		return arg_fault(call, i, "must be a whole number");
	return 0;
}

/* Checks the type of a present argument. */
static int check(struct call *call, int i)
{
	enum value_kind kind = arg_kind(call, i);

	switch (call->method->params[i].type) {
	case PARAM_INT:
		return check_int(call, i, kind);
	case PARAM_REAL:
		return decode_is_number(call->args[i]) ? 0 : arg_fault(call, i, "must be a number");
	case PARAM_BOOL:
		return kind == VALUE_BOOL || kind == VALUE_INT
			       ? 0
			       : arg_fault(call, i, "must be true or false");
	case PARAM_STRING:
		return kind == VALUE_STRING ? 0 : arg_fault(call, i, "must be a string");
	case PARAM_ARRAY:
		return kind == VALUE_ARRAY ? 0 : arg_fault(call, i, "must be an array");
	case PARAM_OBJECT:
		return kind == VALUE_OBJECT ? 0 : arg_fault(call, i, "must be an object");
	case PARAM_ANY:
		break;
	}
	return 0;
}

/* The usual argument: a whole number where any of 32 bits is right, or what needs no check. */
static inline bool is_plain(const struct call *call, const struct param *p, int i)
{
	if (p->type == PARAM_ANY)
		return true;
	return p->type == PARAM_INT && arg_kind(call, i) == VALUE_INT && !p->min && !p->max &&
	       call->arg_integers[i] == (int32_t)call->arg_integers[i];
}

int args_sort(struct call *call)
{
	const struct param *params = call->method->params;
	int count = 0;

	if (!params)
		return 0;
	while (params[count].name)
		count++;
	if (count && value_kind(call->params) == VALUE_ARRAY)
		sort_array(call, count);
	else if (count)
		sort_object(call, call->params, count);
	for (int i = 0; i < count; i++) {
		enum value_kind kind = arg_kind(call, i);
		int rc;

		if (kind == VALUE_NULL) /* null counts as absent */
			clear_arg(call, i);
		if (kind <= VALUE_NULL ? !params[i].required : is_plain(call, &params[i], i))
			continue;
		rc = kind <= VALUE_NULL ? arg_fault(call, i, "is missing") : check(call, i);
		if (rc)
			return rc;
	}
	return 0;
}

static void adopt(struct call *call, int i, struct value v)
{
	enum value_kind kind = value_kind(v);

	call->args[i] = v;
	call->arg_kinds[i] = (uint8_t)kind;
	if (kind == VALUE_INT || kind == VALUE_BOOL)
		call->arg_integers[i] = value_integer(v);
}

int args_adopt(struct call *call, struct value object)
{
	const struct param *params = call->method->params;

	for (int i = 0; params[i].name; i++) {
		struct value v = value_member(object, params[i].name);
		int rc;

		if (value_kind(v) == VALUE_NONE && params[i].alias)
			v = value_member(object, params[i].alias);
		if (arg_has(call, i) || value_kind(v) == VALUE_NONE || value_kind(v) == VALUE_NULL)
			continue;
		adopt(call, i, v);
		rc = check(call, i);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int64_t arg_int(const struct call *call, int i, int64_t preset)
{
	int64_t n = preset;

	/* Checked before: a whole number, or one to be floored. */
	if (arg_kind(call, i) == VALUE_INT)
		return call->arg_integers[i];
	if (arg_has(call, i))
		(void)decode_i64(call->args[i], &n);
	return n;
}

int32_t arg_int_preset(const struct call *call, int i)
{
	return (int32_t)arg_int(call, i, strtoll(call->method->params[i].preset, NULL, 10));
}

double arg_real_preset(const struct call *call, int i)
{
	return arg_real(call, i, strtod(call->method->params[i].preset, NULL));
}

int32_t arg_i32(const struct call *call, int i, int32_t preset)
{
	return (int32_t)arg_int(call, i, preset);
}

double arg_real(const struct call *call, int i, double preset)
{
	return arg_has(call, i) ? value_real(call->args[i]) : preset;
}

bool arg_bool(const struct call *call, int i, bool preset)
{
	return arg_has(call, i) ? value_integer(call->args[i]) != 0 : preset;
}

struct span arg_string(const struct call *call, int i, const char *preset)
{
	return arg_has(call, i) ? value_string(call->args[i]) : span_str(preset);
}

int arg_position(struct call *call, int first_index, int position_index, int32_t out[3])
{
	if (position_index >= 0 && arg_has(call, position_index)) {
		int rc = decode_position(call->args[position_index], out);

		if (rc < 0)
			return arg_fault(call, position_index,
					 rc == -ERANGE ? "a coordinate does not fit 32 bits"
						       : "must be [x,y,z] or {x,y,z}");
		return 0;
	}
	for (int i = first_index; i < first_index + 3; i++) {
		if (!arg_has(call, i))
			return arg_fault(call, i, "is missing");
		*out++ = arg_i32(call, i, 0);
	}
	return 0;
}

static int color_fault(struct call *call, int i)
{
	return arg_fault(call, i, "must be \"#RRGGBB\", \"#RRGGBBAA\", [r,g,b,a] or {r,g,b,a}");
}

int arg_point(struct call *call, int i, double out[3])
{
	int rc = arg_has(call, i) ? decode_point(call->args[i], out) : 0;

	if (rc == -ERANGE)
		return arg_fault(call, i, "must be in -1e9..1e9");
	return rc < 0 ? arg_fault(call, i, "must be [x,y,z] or {x,y,z}") : 0;
}

int arg_color_at(struct call *call, int i, rgba *out)
{
	return decode_color(call->args[i], DECODE_CLAMPED, out) < 0 ? color_fault(call, i) : 0;
}

/* Whole numbers of 0..255, alpha perhaps absent: what most callers send. */
static bool plain_channels(const struct call *call, int first_index, rgba *out)
{
	const uint8_t *kinds = &call->arg_kinds[first_index];
	const int64_t *n = &call->arg_integers[first_index];
	int64_t alpha = kinds[3] == VALUE_INT ? n[3] : 255;

	if (kinds[0] != VALUE_INT || kinds[1] != VALUE_INT || kinds[2] != VALUE_INT ||
	    (kinds[3] != VALUE_INT && kinds[3] != VALUE_NONE) ||
	    (uint64_t)(n[0] | n[1] | n[2] | alpha) > 255)
		return false;
	*out = rgba_of((unsigned)n[0], (unsigned)n[1], (unsigned)n[2], (unsigned)alpha);
	return true;
}

int arg_color(struct call *call, int first_index, int color_index, rgba preset, rgba *out)
{
	struct decode_channels c;
	bool any = false;

	if (color_index >= 0 && arg_has(call, color_index))
		return arg_color_at(call, color_index, out);
	if (plain_channels(call, first_index, out))
		return 0;
	for (int i = 0; i < 4; i++) {
		c.v[i] = call->args[first_index + i];
		any |= arg_has(call, first_index + i);
	}
	if (arg_has(call, first_index) && !decode_is_number(c.v[0]))
		return arg_color_at(call, first_index, out);
	for (int i = 0; i < 4; i++)
		if (arg_has(call, first_index + i) && !decode_is_number(c.v[i]))
			return arg_fault(call, first_index + i, "must be a number");
	if (!any) {
		/* Positional callers may leave out channels, named callers the whole color. */
		*out = value_kind(call->params) == VALUE_ARRAY ? rgba_of(0, 0, 0, 255) : preset;
		return 0;
	}
	decode_channels(&c, DECODE_CLAMPED, out);
	return 0;
}

int arg_tolerance(struct call *call, int i, rgba *out)
{
	int32_t all;

	*out = 0;
	if (!arg_has(call, i))
		return 0;
	if (decode_i32(call->args[i], &all) == 0) {
		if (all < 0 || all > 255)
			return arg_fault(call, i, "must be in 0..255");
		*out = rgba_of((unsigned)all, (unsigned)all, (unsigned)all, (unsigned)all);
		return 0;
	}
	if (value_kind(call->args[i]) != VALUE_ARRAY ||
	    decode_color(call->args[i], DECODE_STRICT, out) < 0)
		return arg_fault(call, i, "must be a number or [r,g,b,a], each in 0..255");
	if (value_count(call->args[i]) == 3)
		*out &= 0xffffffu; /* without an alpha tolerance the alpha must match */
	return 0;
}

int arg_region(struct call *call, int i, struct box *out, const struct box **region)
{
	*region = NULL;
	if (!arg_has(call, i))
		return 0;
	if (decode_region(call->args[i], out) < 0)
		return arg_fault(call, i,
				 "must be {\"min\":[x,y,z],\"max\":[x,y,z]} with min <= max");
	*region = out;
	return 0;
}
