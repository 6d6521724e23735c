/*
 * journal_format.h - private to journal*.c: the file format of a journal.
 *
 * A folder holds journal-<n>.log (segments, in the order of n), at most one snapshot-<n> (the state
 * on top of which segments n and later are replayed) and `lock`. All numbers are little-endian.
 */
/* clang-format off
 *
 * file    = head record*
 * head    = magic[8] version:u32 kind:u32 number:u64 boot_id[16] zero[20] sum:u32
 *           boot_id: of the running kernel when the file was created
 * record  = magic:u32 stored_bytes:u32 raw_bytes:u32 sum:u32 lsn:u64 synced_lsn:u64 payload
 *           raw_bytes != stored_bytes: the payload is packed with zstd.
 *           sum: XXH3 (its lower half) of the fields with a zero sum; the seed is the payload's.
 *           lsn numbers records from 1 without gaps through all segments. In a snapshot, the lsn
 *           of the last record that the project's state includes.
 *           synced_lsn: records up to this one were on the disk when this one was written.
 * payload = kind:u8 flags:u8 project:i32 version:u64 item*
 *           A change is one or several records (parts); the first and the last are flagged; parts
 *           of other projects may come between. A change without its last part did not happen.
 * item    = tag:u8, then for
 *   PROJECT    size:i32[3] created_ns:u64 name box:f32[16] light
 *   SAVED      saved_version:u64 path_bytes:u16 path (0 bytes: none)
 *   CAMERAS    active:u32 count:u32 camera*
 *   MATERIALS  count:u32 material*
 *   LAYERS     active_id:i32 next_layer_id:i32 count:u32 (id:i32 has_meta:u8 meta?)*
 *              The whole list, bottom first. Others are removed; new ones are empty and have meta.
 *   VOXELS     layer:i32 count:u16 (x:i32 y:i32 z:i32 color:u32)*
 *   NONE       layer:i32 x:i32 y:i32 z:i32             the block there is removed
 *   DIFF       the same, count:u16 (index:u16 color:u32)*   these voxels of it change
 *   SPARSE     as DIFF                                  a block with these voxels replaces it
 *   FULL       the same, color:u32[4096]                a block with all these replaces it
 *   SAME       the same, n:u32                          the n-th SPARSE or FULL block of the change
 *   COPY       layer:i32 from:i32                       an empty layer shares the voxels of another
 *   CHECK      voxels_count:u64                         of the document, after all that
 *   END        next_id:i32 projects_count:u32 lsn:u64   the snapshot is complete
 * clang-format on */
#ifndef DAEMON_STORE_JOURNAL_FORMAT_H
#define DAEMON_STORE_JOURNAL_FORMAT_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "daemon/base/strbuf.h"

enum {
	JOURNAL_VERSION = 1,
	JOURNAL_HEAD_BYTES = 64,
	JOURNAL_RECORD_BYTES = 32,
	JOURNAL_PREFIX_BYTES = 14, /* of a payload, before its items */
	JOURNAL_PART_BYTES =
		256 * 1024, /* a part ends after this; only a list of layers may be longer */
	JOURNAL_RAW_BYTES_MAX = 1024 * 1024,
	JOURNAL_DIFF_MAX = 1024, /* voxels of a block listed one by one; more: the whole block */
};

#define JOURNAL_RECORD_MAGIC 0x726a7867u /* "gxjr" */

enum journal_file_kind { JOURNAL_LOG = 1, JOURNAL_SNAPSHOT = 2 };

enum journal_kind {
	JOURNAL_WHOLE = 1, /* the items define the whole project, whether it was open or not */
	JOURNAL_EDIT = 2,
	JOURNAL_CLOSE = 3,
	JOURNAL_TRAILER = 4, /* of a snapshot */
};

enum { JOURNAL_FIRST = 1, JOURNAL_LAST = 2 }; /* flags */

enum journal_tag {
	TAG_PROJECT = 1,
	TAG_SAVED,
	TAG_CAMERAS,
	TAG_MATERIALS,
	TAG_LAYERS,
	TAG_VOXELS,
	TAG_NONE,
	TAG_DIFF,
	TAG_SPARSE,
	TAG_FULL,
	TAG_SAME,
	TAG_COPY,
	TAG_CHECK,
	TAG_END,
};

/* strbuf_add for a few bytes, without a function call when there is room. */
static inline void put_raw(struct strbuf *sb, const void *bytes, size_t len)
{
	if (__builtin_expect(sb->cap - sb->len <= len, 0)) {
		strbuf_add(sb, bytes, len);
		return;
	}
	memcpy(sb->ptr + sb->len, bytes, len);
	sb->len += len;
	sb->ptr[sb->len] = 0;
}

static inline void put_u8(struct strbuf *sb, unsigned v)
{
	uint8_t byte = (uint8_t)v;

	put_raw(sb, &byte, 1);
}

static inline void put_u16(struct strbuf *sb, unsigned v)
{
	uint16_t le = htole16((uint16_t)v);

	put_raw(sb, &le, sizeof(le));
}

static inline void put_u32(struct strbuf *sb, uint32_t v)
{
	uint32_t le = htole32(v);

	put_raw(sb, &le, sizeof(le));
}

static inline void put_i32(struct strbuf *sb, int32_t v)
{
	put_u32(sb, (uint32_t)v);
}

static inline void put_u64(struct strbuf *sb, uint64_t v)
{
	uint64_t le = htole64(v);

	put_raw(sb, &le, sizeof(le));
}

static inline void put_f32(struct strbuf *sb, float v)
{
	uint32_t bits;

	memcpy(&bits, &v, sizeof(bits));
	put_u32(sb, bits);
}

/* Reads from ptr to end. Reading beyond gives zeros and sets failed. */
struct journal_in {
	const char *ptr;
	const char *end;
	bool failed;
};

static inline const char *get_bytes(struct journal_in *in, size_t count)
{
	const char *at = in->ptr;

	if ((size_t)(in->end - in->ptr) < count) {
		in->failed = true;
		in->ptr = in->end;
		return NULL;
	}
	in->ptr += count;
	return at;
}

static inline uint32_t get_u32(struct journal_in *in)
{
	uint32_t v = 0;
	const char *at = get_bytes(in, sizeof(v));

	if (at)
		memcpy(&v, at, sizeof(v));
	return le32toh(v);
}

static inline uint64_t get_u64(struct journal_in *in)
{
	uint64_t v = 0;
	const char *at = get_bytes(in, sizeof(v));

	if (at)
		memcpy(&v, at, sizeof(v));
	return le64toh(v);
}

static inline uint16_t get_u16(struct journal_in *in)
{
	uint16_t v = 0;
	const char *at = get_bytes(in, sizeof(v));

	if (at)
		memcpy(&v, at, sizeof(v));
	return le16toh(v);
}

static inline uint8_t get_u8(struct journal_in *in)
{
	const char *at = get_bytes(in, 1);

	return at ? (uint8_t)*at : 0;
}

static inline int32_t get_i32(struct journal_in *in)
{
	return (int32_t)get_u32(in);
}

static inline float get_f32(struct journal_in *in)
{
	uint32_t bits = get_u32(in);
	float v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

#endif
