/*
 * document.h - what a file holds and a picture shows: layers, cameras, materials, light.
 *
 * Not: history, selection, clipboard; those belong to the project (project.h) that edits it.
 */
#ifndef DAEMON_VOXEL_DOCUMENT_H
#define DAEMON_VOXEL_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/voxel/layer.h"

enum {
	DOCUMENT_LAYERS_MAX = 1024,
	DOCUMENT_CAMERAS_MAX = 64,
	DOCUMENT_MATERIALS_MAX = 256,
	DOCUMENT_BLOCKS_MAX =
		65536, /* 1 GiB of voxels; all layers together, also those in history */
};

struct camera {
	char name[VOXEL_NAME_MAX];
	bool ortho;
	float dist;    /* from the eye to the target */
	float fov_deg; /* vertical */
	float mat[16]; /* camera to world; columns in memory order: right, up, back, eye */
};

struct material {
	char name[VOXEL_NAME_MAX];
	float color[4]; /* linear */
	float metallic;
	float roughness;
	float emission[3];
};

struct light {
	float pitch_rad;
	float yaw_rad;
	float intensity;
	bool fixed; /* the light moves with the camera */
	float ambient;
	float shadow;
};

struct document {
	char name[VOXEL_NAME_MAX];
	float box[16];         /* image box: half-extents on the diagonal, centre in row 3 */
	struct layer **layers; /* bottom first; at least one unless being read */
	size_t layers_count;
	int32_t active_id; /* of the active layer */
	int32_t next_layer_id;
	struct camera *cameras;
	size_t cameras_count;
	size_t camera_active; /* index */
	struct material *materials;
	size_t materials_count;
	struct light light;
	struct volume_budget budget;
	uint64_t version; /* grows with every change; equal versions of one project are equal */
};

/* Empty: no layer, no camera, no material; default light and box. Caller-allocated. */
void document_init(struct document *d);
void document_deinit(struct document *d);

/* dst (not initialized) becomes src; src is empty afterwards. Layers keep their identity. */
void document_move(struct document *dst, struct document *src);

/* What a new project has: layer "Layer.1", "Camera.1", "Material.1". -ENOMEM. */
int document_add_defaults(struct document *d);

/*
 * Adds an empty layer on top and makes it active. name NULL: "Layer.<id>"; id 0: the next free one.
 * -ENOSPC at DOCUMENT_LAYERS_MAX, -EEXIST, -ENOMEM.
 */
int document_add_layer(struct document *d, int32_t id, const char *name, struct layer **out);
/* Takes the reference of l, which has a free id. -ENOSPC, -ENOMEM (nothing taken). */
int document_insert_layer(struct document *d, struct layer *l, size_t index);
int document_add_camera(struct document *d, struct camera **out);     /* -ENOSPC, -ENOMEM */
int document_add_material(struct document *d, struct material **out); /* -ENOSPC, -ENOMEM */

/* Removes the layer at index. If it was active, the layer below becomes active, or else the lowest
 * one. */
void document_remove_layer(struct document *d, size_t index);

struct layer *document_layer(const struct document *d, int32_t id); /* NULL: none */
struct layer *document_layer_named(const struct document *d, const char *name, size_t len);
struct layer *document_active(const struct document *d);           /* NULL only without layers */
size_t document_layer_index(const struct document *d, int32_t id); /* layers_count: none */

uint64_t document_voxels_count(const struct document *d);

/* The box of the voxels of all layers, or of the visible ones. */
bool document_box(const struct document *d, bool visible_only, struct box *out);

/* dst (initialized, empty) becomes a copy: O(layers), voxels shared until written. -ENOMEM. */
int document_share(struct document *dst, struct document *src);

/*
 * Merges the visible layers, by mode and opacity, into one volume for rendering. out is initialized
 * and empty. A single plain visible layer is shared, not copied. -ENOMEM, -ENOSPC.
 */
int document_merge_visible(struct document *d, struct volume *out);

/* Sets dist and mat, as .gox and the renderer use them, from eye, target and up. */
void camera_look(struct camera *c, const double eye[3], const double target[3], const double up[3]);
void camera_default(struct camera *c); /* of a new document: 45 degrees, dist 128 */

#endif
