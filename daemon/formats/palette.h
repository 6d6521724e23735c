/* palette.h - at most 255 colors, numbered from 1, for formats with a color table. */
#ifndef DAEMON_FORMATS_PALETTE_H
#define DAEMON_FORMATS_PALETTE_H

#include <stdint.h>

#include "daemon/voxel/volume.h"

enum { PALETTE_COLORS_MAX = 255 };

struct palette {
	rgba colors[PALETTE_COLORS_MAX + 1]; /* [1..count], alpha 255; 0 means no voxel */
	int count;
	uint32_t *keys; /* open addressing; [mask + 1]; every color of the volume */
	uint8_t *indices;
	uint32_t mask;
};

/* MagicaVoxel's default palette, for files without one: shades of a 6x6x6 cube from white, then
 * ramps of red, green, blue and gray. */
void palette_default(rgba out[PALETTE_COLORS_MAX + 1]);

/*
 * The colors of v's voxels (without alpha; voxels below FORMAT_ALPHA_MIN are skipped), in order of
 * value when there are at most 255. More colors are cut into 255 boxes along their longest channel
 * (median cut, P. Heckbert 1982); each box is represented by the mean of its colors. -ENOMEM, codes
 * of cancel_check.
 */
int palette_build(struct palette *p, const struct volume *v);
void palette_deinit(struct palette *p);

/* Returns 1..255. c must be a color of the volume. */
uint8_t palette_index(const struct palette *p, rgba c);

#endif
