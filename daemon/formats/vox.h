/*
 * vox.h - MagicaVoxel files: definitions shared by reader, scene graph and writer.
 *
 * A chunk is four letters, the length of its content, the length of its children, then both. A
 * model is SIZE and XYZI; nTRN, nGRP and nSHP nodes place it. A model's centre is size / 2, rounded
 * down.
 */
#ifndef DAEMON_FORMATS_VOX_H
#define DAEMON_FORMATS_VOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/formats/bytes.h"
#include "daemon/formats/formats.h"

enum {
	VOX_VERSION = 150,
	VOX_EDGE_MAX = 256, /* positions are bytes */
	VOX_MODELS_MAX = 1 << 16,
	VOX_NODES_MAX = 1 << 18,
	VOX_DEPTH_MAX = 64,        /* of nodes */
	VOX_VISITS_MAX = 1 << 18,  /* a node that several share counts each time */
	VOX_PLACED_MAX = 64 << 20, /* voxels of all placed models */
};

struct vox_model {
	int32_t size[3];
	struct bytes voxels; /* x, y, z, color index; four bytes each */
};

enum vox_node_kind { VOX_NODE_TRANSFORM = 1, VOX_NODE_GROUP, VOX_NODE_SHAPE };

/* A rotation by quarter turns, possibly mirrored, then a move. */
struct vox_turn {
	uint8_t axis[3]; /* axis i of the result is axis[i] of the source ... */
	int8_t sign[3];  /* ... times this */
	int64_t move[3];
};

struct vox_node {
	int32_t id;
	enum vox_node_kind kind;
	size_t at; /* in the file, for messages */
	struct vox_turn turn;
	bool is_hidden;
	struct span name;
	struct bytes children; /* int32 each: nodes of a transform or group */
	int32_t model;         /* of a shape */
};

struct vox_file {
	struct vox_model *models;
	size_t models_count;
	struct vox_node *nodes;
	size_t nodes_count;
	rgba palette[256];
};

/* Reads the content of an nTRN, nGRP or nSHP chunk. -EPROTO. */
int vox_node_read(struct bytes *b, enum vox_node_kind kind, struct vox_node *out, struct err *err);

/*
 * Places every model as the nodes say; without nodes, each with its centre at the origin. Pieces
 * with the same name form one layer. -EPROTO, -ENOMEM, -ENOSPC.
 */
int vox_place(struct vox_file *f, struct document *doc, struct err *err);

int vox_read(struct span bytes, struct document *doc, struct err *err);

#endif
