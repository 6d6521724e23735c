/* voxel_model.h - a plain cube of colors that volumes are compared with. */
#ifndef DAEMON_TEST_VOXEL_MODEL_H
#define DAEMON_TEST_VOXEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "daemon/voxel/volume.h"

enum { MODEL_EDGE = 48, MODEL_MIN = -19 }; /* crosses blocks on both sides of 0 */

struct model {
	rgba at[MODEL_EDGE][MODEL_EDGE][MODEL_EDGE]; /* [z][y][x] */
};

static inline rgba *model_at(struct model *m, int x, int y, int z)
{
	return &m->at[z - MODEL_MIN][y - MODEL_MIN][x - MODEL_MIN];
}

static inline bool model_equal(struct model *m, const struct volume *v)
{
	uint64_t count = 0;

	for (int z = MODEL_MIN; z < MODEL_MIN + MODEL_EDGE; z++)
		for (int y = MODEL_MIN; y < MODEL_MIN + MODEL_EDGE; y++)
			for (int x = MODEL_MIN; x < MODEL_MIN + MODEL_EDGE; x++) {
				count += *model_at(m, x, y, z) != 0;
				if (*model_at(m, x, y, z) != volume_get(v, x, y, z))
					return false;
			}
	return count == volume_voxels_count(v);
}

#endif
