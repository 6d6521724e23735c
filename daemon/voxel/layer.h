/* layer.h - one layer of a document: a volume and its properties. */
#ifndef DAEMON_VOXEL_LAYER_H
#define DAEMON_VOXEL_LAYER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/voxel/volume.h"

enum {
	VOXEL_NAME_MAX = 128, /* bytes of any name, NUL included */
};

/* How a layer is combined with those below it; the numbers are those of .gox files. */
enum layer_mode {
	LAYER_OVER,
	LAYER_SUB,
	LAYER_SUB_CLAMP,
	LAYER_PAINT,
	LAYER_MAX,
	LAYER_INTERSECT,
	LAYER_INTERSECT_FILL,
	LAYER_MULT_ALPHA,
	LAYER_REPLACE,
	LAYER_MODE_COUNT,
};

/* Everything but the voxels; copied whole. */
struct layer_meta {
	int32_t id; /* from 1, unique in the document */
	char name[VOXEL_NAME_MAX];
	bool visible;
	float opacity; /* 0..1 */
	rgba color;    /* set by create_layer; only a label, does not affect voxels */
	enum layer_mode mode;
	int32_t base_id;  /* of the layer it is a clone of; 0 = none */
	int32_t material; /* index into the document's materials; -1 = none */
	float mat[16];    /* row 3 is the translation */
	bool has_box;
	float box[16]; /* half-extents on the diagonal, centre in row 3 */
};

/* Reference counted: the document's list and steps of history hold it. */
struct layer {
	_Atomic uint32_t refs;
	struct layer_meta meta;
	struct volume volume;
};

/* Count 1, empty, visible, opaque, identity matrix. NULL when out of memory. */
struct layer *layer_new(int32_t id, const char *name, struct volume_budget *budget);
void layer_ref(struct layer *l);
void layer_put(struct layer *l); /* NULL is fine */

/* Copies a name, cut at the first NUL, or at a UTF-8 boundary to VOXEL_NAME_MAX - 1 bytes. name is
 * not NULL. */
void voxel_name_copy(char out[VOXEL_NAME_MAX], const char *name, size_t len);
void layer_set_name(struct layer_meta *meta, const char *name, size_t len);

#endif
