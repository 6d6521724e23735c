#include "daemon/formats/palette.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/formats/formats.h"

#define OPAQUE 0xff000000u

void palette_default(rgba out[PALETTE_COLORS_MAX + 1])
{
	static const uint8_t ramp[] = {
		0xee, 0xdd, 0xbb, 0xaa, 0x88, 0x77, 0x55, 0x44, 0x22, 0x11
	};
	int n = 0;

	out[n++] = RGBA_NONE;
	/* The 6x6x6 cube without black; blue changes fastest. */
	for (unsigned i = 0; i < 215; i++)
		out[n++] = rgba_of(255 - 51 * (i / 36), 255 - 51 * (i / 6 % 6), 255 - 51 * (i % 6),
				   255);
	for (unsigned k = 0; k < 4; k++)
		for (size_t i = 0; i < sizeof(ramp); i++)
			out[n++] =
				rgba_of(k == 0 || k == 3 ? ramp[i] : 0,
					k == 1 || k == 3 ? ramp[i] : 0, k >= 2 ? ramp[i] : 0, 255);
}

/* --- the set of colors: keys are opaque colors, 0 = free ---------------------------------------
 */

enum { CHECK_COLORS = 1 << 14 /* between two calls of cancel_check */ };

struct set {
	uint32_t *keys;
	uint32_t mask;
	uint32_t count;
};

static uint32_t set_slot(const uint32_t *keys, uint32_t mask, uint32_t key)
{
	uint32_t i = key * 0x9e3779b1u >> 8 & mask;

	while (keys[i] && keys[i] != key)
		i = (i + 1) & mask;
	return i;
}

static int set_grow(struct set *s)
{
	uint32_t mask = 2 * s->mask + 1;
	uint32_t *keys = budget_calloc(BUDGET_FILES, (size_t)mask + 1, sizeof(*keys));

	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; s->keys && i <= s->mask; i++) {
		int rc = i % CHECK_COLORS ? 0 : cancel_check();

		if (rc < 0) {
			budget_free(keys);
			return rc;
		}
		if (s->keys[i])
			keys[set_slot(keys, mask, s->keys[i])] = s->keys[i];
	}
	budget_free(s->keys);
	s->keys = keys;
	s->mask = mask;
	return 0;
}

static int set_add(struct set *s, uint32_t key)
{
	uint32_t i = set_slot(s->keys, s->mask, key);

	if (s->keys[i])
		return 0;
	s->keys[i] = key;
	s->count++;
	return s->count > s->mask / 2 ? set_grow(s) : 0;
}

static int set_collect(struct set *s, const struct volume *v)
{
	struct volume_iter it = { .v = v };
	rgba last = RGBA_NONE;
	int rc = set_grow(s);

	while (rc == 0 && volume_next(&it)) {
		rc = cancel_check();
		for (int i = 0; rc == 0 && i < BLOCK_VOXELS; i++) {
			rgba c = it.block->voxels[i];

			if (c == last || rgba_a(c) < FORMAT_ALPHA_MIN)
				continue;
			last = c;
			rc = set_add(s, c | OPAQUE);
		}
	}
	return rc;
}

/* --- median cut ---------------------------------------------------------------------------------
 */

struct cut {
	size_t start;
	size_t count;
	int channel; /* the longest one, as its bit shift */
	unsigned length;
};

static unsigned channel_of(uint32_t color, int shift)
{
	return color >> shift & 255;
}

static void measure(struct cut *cut, const uint32_t *colors)
{
	cut->length = 0;
	cut->channel = 0;
	for (int shift = 0; shift < 24; shift += 8) {
		unsigned min = 255;
		unsigned max = 0;

		for (size_t i = cut->start; i < cut->start + cut->count; i++) {
			unsigned value = channel_of(colors[i], shift);

			min = value < min ? value : min;
			max = value > max ? value : max;
		}
		if (max - min > cut->length) {
			cut->length = max - min;
			cut->channel = shift;
		}
	}
}

/* Stable sort by one channel; the time depends on the count only, since there may be 2^24 colors.
 * spare has room for count colors. */
static int sort_by_channel(uint32_t *colors, uint32_t *spare, size_t count, int shift)
{
	size_t starts[256] = { 0 };
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		starts[channel_of(colors[i], shift)]++;
	for (int i = 0; i < 256; i++) {
		size_t n = starts[i];

		starts[i] = sum;
		sum += n;
	}
	for (size_t i = 0; i < count; i++) {
		int rc = i % CHECK_COLORS ? 0 : cancel_check();

		if (rc < 0)
			return rc;
		spare[starts[channel_of(colors[i], shift)]++] = colors[i];
	}
	memcpy(colors, spare, count * sizeof(*colors));
	return 0;
}

/* All have the same alpha, so sorting from the lowest channel up sorts by value. */
static int sort_by_value(uint32_t *colors, uint32_t *spare, size_t count)
{
	int rc = 0;

	for (int shift = 0; rc == 0 && shift < 24; shift += 8)
		rc = sort_by_channel(colors, spare, count, shift);
	return rc;
}

/* Halves the box with the longest side until there are enough boxes; returns their count. */
static int cut_boxes(struct cut *cuts, uint32_t *colors, uint32_t *spare, size_t count)
{
	int n = 1;

	cuts[0] = (struct cut){ .count = count };
	measure(&cuts[0], colors);
	while (n < PALETTE_COLORS_MAX) {
		struct cut *longest = &cuts[0];
		int rc;

		for (int i = 1; i < n; i++)
			if (cuts[i].length > longest->length)
				longest = &cuts[i];
		if (!longest->length)
			break;
		rc = sort_by_channel(colors + longest->start, spare, longest->count,
				     longest->channel);
		if (rc < 0)
			return rc;
		cuts[n] = (struct cut){ .start = longest->start + longest->count / 2,
					.count = longest->count - longest->count / 2 };
		longest->count /= 2;
		measure(longest, colors);
		measure(&cuts[n++], colors);
	}
	return n;
}

static rgba mean_of(const uint32_t *colors, size_t count)
{
	uint64_t sums[3] = { 0 };

	if (!count)
		return RGBA_NONE;
	for (size_t i = 0; i < count; i++)
		for (int k = 0; k < 3; k++)
			sums[k] += channel_of(colors[i], 8 * k);
	return rgba_of((unsigned)((sums[0] + count / 2) / count),
		       (unsigned)((sums[1] + count / 2) / count),
		       (unsigned)((sums[2] + count / 2) / count), 255);
}

static void set_index(struct palette *p, uint32_t color, int index)
{
	p->indices[set_slot(p->keys, p->mask, color)] = (uint8_t)index;
}

static int assign(struct palette *p, uint32_t *colors, uint32_t *spare, size_t count)
{
	struct cut cuts[PALETTE_COLORS_MAX];
	int rc = sort_by_value(colors, spare, count);

	if (rc < 0)
		return rc;
	if (count <= PALETTE_COLORS_MAX) {
		for (size_t i = 0; i < count; i++) {
			p->colors[++p->count] = colors[i];
			set_index(p, colors[i], p->count);
		}
		return 0;
	}
	rc = cut_boxes(cuts, colors, spare, count);
	if (rc < 0)
		return rc;
	p->count = rc;
	for (int i = 0; i < p->count; i++) {
		p->colors[i + 1] = mean_of(colors + cuts[i].start, cuts[i].count);
		for (size_t k = 0; k < cuts[i].count; k++)
			set_index(p, colors[cuts[i].start + k], i + 1);
	}
	return 0;
}

int palette_build(struct palette *p, const struct volume *v)
{
	struct set s = { .mask = 255 };
	uint32_t *colors = NULL;
	size_t n = 0;
	int rc = set_collect(&s, v);

	*p = (struct palette){ .keys = s.keys, .mask = s.mask };
	if (rc == 0) {
		p->indices = budget_calloc(BUDGET_FILES, (size_t)s.mask + 1, 1);
		colors = budget_malloc(BUDGET_FILES, 2 * ((size_t)s.count + 1) * sizeof(*colors));
		rc = p->indices && colors ? 0 : -ENOMEM;
	}
	if (rc == 0) {
		for (uint32_t i = 0; i <= s.mask; i++)
			if (s.keys[i])
				colors[n++] = s.keys[i];
		rc = assign(p, colors, colors + n, n);
	}
	budget_free(colors);
	return rc;
}

void palette_deinit(struct palette *p)
{
	budget_free(p->keys);
	budget_free(p->indices);
	p->keys = NULL;
	p->indices = NULL;
}

uint8_t palette_index(const struct palette *p, rgba c)
{
	return p->indices[set_slot(p->keys, p->mask, c | OPAQUE)];
}
