/*
 * decode.h - decodes JSON values to voxels, positions, boxes and colors, in every accepted form.
 *
 * Positions: [x,y,z] or {"x","y","z"}; fractions are rounded down. Colors: "#RRGGBB", "#RRGGBBAA",
 * [r,g,b], [r,g,b,a], {"r","g","b","a"}; whole numbers are 0..255; if a channel has a fraction and
 * none is above 1, all channels are fractions of 1. Alpha is 255 when absent.
 * Functions return 0, -EINVAL (not of that form) or -ERANGE (a number that does not fit).
 */
#ifndef DAEMON_METHODS_DECODE_H
#define DAEMON_METHODS_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/json/value.h"
#include "daemon/voxel/box.h"
#include "daemon/voxel/rgba.h"

bool decode_is_number(struct value v);
int decode_i64(struct value v, int64_t *out); /* rounds down */
int decode_i32(struct value v, int32_t *out);
int decode_position(struct value v, int32_t out[3]);
/* Real numbers, within +-1e9. */
int decode_point(struct value v, double out[3]);
int decode_region(struct value v, struct box *out); /* {"min":[3],"max":[3]}, inclusive */

/* Four channel values as received; VALUE_NONE where absent. */
struct decode_channels {
	struct value v[4];
};

enum decode_clamp {
	DECODE_CLAMPED, /* values below 0 become 0, above 255 become 255 */
	DECODE_STRICT,  /* such values are -ERANGE */
};

/* Absent r, g, b are 0, absent alpha is 255. */
int decode_channels(const struct decode_channels *c, enum decode_clamp clamp, rgba *out);
int decode_hex(struct span text, rgba *out);
int decode_color(struct value v, enum decode_clamp clamp, rgba *out);

/*
 * One element of a batch: {"x","y","z"} or {"position"}, with "r","g","b","a" or "color"; or
 * [x,y,z,r,g,b,a]. Without any color it gets fallback. Strict.
 */
bool decode_is_voxel_key(struct span key); /* a position or color in one member */
int decode_voxel(struct value v, rgba fallback, struct voxel *out);

#endif
