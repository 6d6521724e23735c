/*
 * gox.h - constants shared by the reader and the writer of .gox.
 *
 * A file is "GOX ", a version, and chunks: four letters, an int32 length, the content, and an int32
 * checksum, which all writers set to 0 (one existing reader takes any other value for the length of
 * a key). A dictionary is a sequence of {int32 length, key, int32 length, value}; it ends at the
 * end of the chunk or with a key of length 0. All numbers are little-endian.
 */
#ifndef DAEMON_FORMATS_GOX_H
#define DAEMON_FORMATS_GOX_H

enum {
	GOX_VERSION = 2,      /* written; upstream writes this and older versions */
	GOX_VERSION_MAX = 12, /* the newest that a fork reads */
	GOX_TILE_EDGE = 64,   /* 64 * 64 = 16^3 voxels */
	GOX_PREVIEW_EDGE = 128,
	GOX_KEY_BYTES_MAX = 255,
	GOX_BLOCKS_MAX = 1 << 16, /* what a document holds: DOCUMENT_BLOCKS_MAX */
};

#endif
