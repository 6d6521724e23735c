/*
 * mesh.h - the surface of a volume as rectangles: only visible faces, with equal neighbours merged.
 *
 * A face is visible when the voxel behind it has an alpha of FORMAT_ALPHA_MIN or more and the one
 * in front of it has less. Faces of one plane and color are merged greedily into rectangles inside
 * one block, so the cost is linear and the result does not depend on the order of blocks.
 */
#ifndef DAEMON_FORMATS_MESH_H
#define DAEMON_FORMATS_MESH_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/formats/formats.h"

enum {
	MESH_QUADS_MAX = 8 << 20, /* an .obj with them has about 1 GiB */
	MESH_SIDES = 6,
	MESH_PART = 1024, /* quads or vertices written between two calls of format_fits */
};

/* side: 0 -x, 1 +x, 2 -y, 3 +y, 4 -z, 5 +z. */
struct mesh_quad {
	int32_t min[3];  /* the first voxel of the rectangle */
	uint8_t side;    /* the direction it faces */
	uint8_t size[2]; /* in voxels, along the next axes after the side's (y z, z x, x y) */
	rgba color;
};

struct mesh {
	struct mesh_quad *quads;
	size_t quads_count;
	size_t quads_cap;
};

/* int64: the far face of a voxel at INT32_MAX has coordinate INT32_MAX + 1. */
struct mesh_point {
	int64_t at[3];
};

/* The distinct corners, shared by faces. */
struct mesh_vertex {
	struct mesh_point point;
	rgba color;
};
struct mesh_weld {
	struct mesh_vertex *vertices;
	size_t vertices_count;
	uint32_t *indices; /* [quads_count][4], counter-clockwise seen from outside */
};

/* Builds the mesh of the part of doc that options select. mesh is zeroed. -ENOENT, -ENOMEM, -EINVAL
 * above MESH_QUADS_MAX, codes of cancel_check. */
int mesh_build(struct document *doc, const struct format_options *options, struct mesh *mesh,
	       struct err *err);
void mesh_deinit(struct mesh *mesh);

/* Counter-clockwise seen from outside. */
void mesh_corners(const struct mesh_quad *q, struct mesh_point out[4]);

/* The direction of each side, in the document's axes (Z up). */
extern const int8_t mesh_normals[MESH_SIDES][3];

/* To the axes of formats with Y up: (x, y, z) becomes (x, z, -y). */
static inline struct mesh_point mesh_y_up(struct mesh_point p)
{
	return (struct mesh_point){ { p.at[0], p.at[2], -p.at[1] } };
}

/* Finds equal corners of equal color. weld is zeroed. -ENOMEM, codes of cancel_check. */
int mesh_weld(const struct mesh *mesh, struct mesh_weld *weld, struct err *err);
void mesh_weld_deinit(struct mesh_weld *weld);

/* What a format writes of a mesh. */
typedef int(mesh_body)(const struct mesh *mesh, const struct mesh_weld *weld, struct strbuf *out,
		       struct err *err);

/* Builds and welds the mesh of doc, and lets body write it. Errors: those of all three. */
int mesh_write(struct document *doc, const struct format_options *options, mesh_body *body,
	       struct strbuf *out, struct err *err);

#endif
