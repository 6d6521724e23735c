/*
 * gox.h - what reader and writer of .gox agree on.
 *
 * A file is "GOX ", a version, and chunks: four letters, an int32 length, the content, an int32
 * checksum that everybody writes as 0 (a reader in the field takes a real one for the length of a
 * key). A dictionary is a row of {int32 length, key, int32 length, value}, ended by the chunk's end
 * or by a key of no length. All numbers are little-endian.
 */
#ifndef DAEMON_FORMATS_GOX_H
#define DAEMON_FORMATS_GOX_H

enum {
	GOX_VERSION = 2,      /* written; files of this and older versions are upstream's */
	GOX_VERSION_MAX = 12, /* the newest that a fork reads */
	GOX_TILE_EDGE = 64,   /* 64 * 64 = 16^3 voxels */
	GOX_PREVIEW_EDGE = 128,
	GOX_KEY_BYTES_MAX = 255,
	GOX_VALUE_BYTES_MAX = 255, /* of what we write: upstream reads into 256 bytes */
	GOX_BLOCKS_MAX = 1 << 16,  /* what a document holds: DOCUMENT_BLOCKS_MAX */
};

#endif
