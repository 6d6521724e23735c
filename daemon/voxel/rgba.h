/* rgba.h - colors and positions. A color is four bytes r, g, b, a in that order in memory. */
#ifndef DAEMON_VOXEL_RGBA_H
#define DAEMON_VOXEL_RGBA_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"

/* Red in the lowest byte. A voxel with alpha 0 does not exist and is always stored as 0. */
typedef uint32_t rgba;

#define RGBA_NONE  ((rgba)0)
#define RGBA_WHITE ((rgba)0xffffffffu)

static inline rgba rgba_of(unsigned r, unsigned g, unsigned b, unsigned a)
{
	return (rgba)((r & 255) | (g & 255) << 8 | (b & 255) << 16 | (a & 255) << 24);
}

static inline unsigned rgba_r(rgba c)
{
	return c & 255;
}

static inline unsigned rgba_g(rgba c)
{
	return c >> 8 & 255;
}

static inline unsigned rgba_b(rgba c)
{
	return c >> 16 & 255;
}

static inline unsigned rgba_a(rgba c)
{
	return c >> 24;
}

/* The stored form of c: 0 when it is transparent. */
static inline rgba rgba_stored(rgba c)
{
	return rgba_a(c) ? c : RGBA_NONE;
}

/* True when each channel differs by at most the same channel of tolerance. */
bool rgba_near(rgba a, rgba b, rgba tolerance);

/* The color of "RRGGBB" or "RRGGBBAA", digits of either case. False: the text is something else. */
bool rgba_parse_hex(struct span digits, rgba *out);

/* Source over target, non-premultiplied. */
rgba rgba_over(rgba source, rgba target);

struct voxel {
	int32_t x, y, z;
	rgba color;
};

#endif
