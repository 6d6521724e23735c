#include "daemon/methods/decode.h"

#include <errno.h>
#include <math.h>

bool decode_is_number(struct value v)
{
	enum value_kind kind = value_kind(v);

	return kind == VALUE_INT || kind == VALUE_REAL;
}

int decode_i64(struct value v, int64_t *out)
{
	double real;

	switch (value_kind(v)) {
	case VALUE_INT:
		*out = value_integer(v);
		return 0;
	case VALUE_REAL:
		real = floor(value_real(v));
		if (!(fabs(real) < 9223372036854775808.0)) /* 2^63 */
			return -ERANGE;
		*out = (int64_t)real;
		return 0;
	default:
		return -EINVAL;
	}
}

int decode_i32(struct value v, int32_t *out)
{
	int64_t wide;
	int rc = decode_i64(v, &wide);

	if (rc)
		return rc;
	if (wide < INT32_MIN || wide > INT32_MAX)
		return -ERANGE;
	*out = (int32_t)wide;
	return 0;
}

/* The index of a one-letter key among the letters; -1 for other keys. */
static int letter_index(struct span key, const char *letters)
{
	const char *found = key.len == 1 ? strchr(letters, key.ptr[0]) : NULL;

	return found && *found ? (int)(found - letters) : -1;
}

/* Reads the members named by the letters, or the elements, into list[n]; absent ones are
 * unchanged. */
static int gather(struct value v, const char *letters, struct value *list, int n)
{
	enum value_kind kind = value_kind(v);
	struct value child;
	int count = 0;

	if (kind != VALUE_ARRAY && kind != VALUE_OBJECT)
		return -EINVAL;
	if (!value_first(v, &child))
		return 0;
	do {
		int i = kind == VALUE_ARRAY ? count : letter_index(value_key(child), letters);

		if (kind == VALUE_ARRAY && count == n)
			return -EINVAL;
		if (i >= 0)
			list[i] = child;
		count++;
	} while (value_next(child, &child));
	return 0;
}

int decode_point(struct value v, double out[3])
{
	struct value list[3] = { { 0 } };
	double at[3];
	int rc = gather(v, "xyz", list, 3);

	for (int i = 0; rc == 0 && i < 3; i++) {
		if (!decode_is_number(list[i]))
			return -EINVAL;
		at[i] = value_real(list[i]);
		if (!(fabs(at[i]) <= 1e9))
			rc = -ERANGE;
	}
	if (rc == 0)
		memcpy(out, at, sizeof(at));
	return rc;
}

int decode_position(struct value v, int32_t out[3])
{
	struct value list[3] = { { 0 } };
	int32_t at[3];
	int rc = gather(v, "xyz", list, 3);

	for (int i = 0; rc == 0 && i < 3; i++)
		rc = decode_i32(list[i], &at[i]);
	for (int i = 0; rc == 0 && i < 3; i++)
		out[i] = at[i];
	return rc;
}

int decode_region(struct value v, struct box *out)
{
	struct box box = BOX_ALL;
	int rc = decode_position(value_member(v, "min"), box.min);

	if (!rc)
		rc = decode_position(value_member(v, "max"), box.max);
	for (int i = 0; rc == 0 && i < 3; i++)
		if (box.min[i] > box.max[i])
			rc = -EINVAL;
	if (!rc)
		*out = box;
	return rc;
}

/* Whether channels are fractions of 1: one has a fraction, and none is above 1. */
static bool is_fractional(const struct decode_channels *c)
{
	bool has_fraction = false;

	for (int i = 0; i < 4; i++) {
		if (!c->v[i].doc || !decode_is_number(c->v[i]))
			continue;
		if (value_real(c->v[i]) > 1)
			return false;
		has_fraction |= value_kind(c->v[i]) == VALUE_REAL;
	}
	return has_fraction;
}

static int channel(struct value v, bool fractional, enum decode_clamp clamp, unsigned *out)
{
	double real;

	if (!v.doc || !decode_is_number(v))
		return -EINVAL;
	real = value_real(v);
	if (fractional)
		real *= 255;
	if (clamp == DECODE_STRICT && !(real >= 0 && real < 256))
		return -ERANGE;
	*out = real <= 0 ? 0 : real >= 255 ? 255 : (unsigned)real;
	return 0;
}

/* The common case: all given channels are whole numbers in 0..255. False otherwise. */
static bool plain_channels(const struct decode_channels *c, rgba *out)
{
	unsigned parts[4] = { 0, 0, 0, 255 };

	for (int i = 0; i < 4; i++) {
		int64_t n;

		if (!c->v[i].doc)
			continue;
		if (value_kind(c->v[i]) != VALUE_INT)
			return false;
		n = value_integer(c->v[i]);
		if (n < 0 || n > 255)
			return false;
		parts[i] = (unsigned)n;
	}
	*out = rgba_of(parts[0], parts[1], parts[2], parts[3]);
	return true;
}

int decode_channels(const struct decode_channels *c, enum decode_clamp clamp, rgba *out)
{
	unsigned parts[4] = { 0, 0, 0, 255 };
	bool fractional;

	if (plain_channels(c, out))
		return 0;
	fractional = is_fractional(c);
	for (int i = 0; i < 4; i++) {
		int rc;

		if (value_kind(c->v[i]) == VALUE_NONE)
			continue;
		rc = channel(c->v[i], fractional, clamp, &parts[i]);
		if (rc)
			return rc;
	}
	*out = rgba_of(parts[0], parts[1], parts[2], parts[3]);
	return 0;
}

int decode_hex(struct span text, rgba *out)
{
	if (!text.len || text.ptr[0] != '#')
		return -EINVAL;
	return rgba_parse_hex(span_of(text.ptr + 1, text.len - 1), out) ? 0 : -EINVAL;
}

int decode_color(struct value v, enum decode_clamp clamp, rgba *out)
{
	struct decode_channels c = { 0 };
	int rc;

	if (value_kind(v) == VALUE_STRING)
		return decode_hex(value_string(v), out);
	rc = gather(v, "rgba", c.v, 4);
	for (int i = 0; rc == 0 && i < 3; i++)
		if (value_kind(c.v[i]) == VALUE_NONE)
			rc = -EINVAL;
	return rc < 0 ? rc : decode_channels(&c, clamp, out);
}

/* The members of a batch element, before they are decoded. */
struct parts {
	struct value at[3];
	struct decode_channels channels;
	struct value position;
	struct value color;
};

static bool is_color_key(struct span key)
{
	return span_eq(key, SPAN_LIT("color")) || span_eq(key, SPAN_LIT("rgba"));
}

bool decode_is_voxel_key(struct span key)
{
	return is_color_key(key) || span_eq(key, SPAN_LIT("position"));
}

static void sort_member(struct value member, struct parts *p)
{
	struct span key = value_key(member);
	int i = letter_index(key, "xyzrgba");

	if (i >= 3)
		p->channels.v[i - 3] = member;
	else if (i >= 0)
		p->at[i] = member;
	else if (span_eq(key, SPAN_LIT("position")))
		p->position = member;
	else if (is_color_key(key))
		p->color = member;
}

static int sort_parts(struct value v, struct parts *p)
{
	struct value list[7] = { { 0 } };
	struct value child;

	if (value_kind(v) == VALUE_ARRAY) {
		int rc = gather(v, "", list, 7);

		for (int i = 0; i < 3; i++)
			p->at[i] = list[i];
		for (int i = 0; i < 4; i++)
			p->channels.v[i] = list[3 + i];
		return rc;
	}
	if (value_kind(v) != VALUE_OBJECT)
		return -EINVAL;
	if (!value_first(v, &child))
		return -EINVAL;
	do {
		sort_member(child, p);
	} while (value_next(child, &child));
	return 0;
}

static int parts_color(const struct parts *p, rgba fallback, rgba *out)
{
	if (p->color.doc)
		return decode_color(p->color, DECODE_STRICT, out);
	for (int i = 0; i < 4; i++)
		if (p->channels.v[i].doc)
			return decode_channels(&p->channels, DECODE_STRICT, out);
	*out = fallback;
	return 0;
}

int decode_voxel(struct value v, rgba fallback, struct voxel *out)
{
	struct parts p = { 0 };
	int32_t at[3];
	rgba color;
	int rc = sort_parts(v, &p);

	if (!rc && p.position.doc)
		rc = decode_position(p.position, at);
	for (int i = 0; rc == 0 && !p.position.doc && i < 3; i++)
		rc = decode_i32(p.at[i], &at[i]);
	if (!rc)
		rc = parts_color(&p, fallback, &color);
	if (!rc)
		*out = (struct voxel){ at[0], at[1], at[2], color };
	return rc;
}
