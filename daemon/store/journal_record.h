/*
 * journal_record.h - private to journal*.c: encodes and checks the heads of files and records;
 * packs payloads.
 *
 * Works on bytes in memory only. Threads: any, on their own objects.
 */
#ifndef DAEMON_STORE_JOURNAL_RECORD_H
#define DAEMON_STORE_JOURNAL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/store/journal_format.h"

struct journal_head {
	enum journal_file_kind kind;
	uint64_t number;
	uint8_t boot_id[16];
};

struct journal_record {
	uint64_t lsn;
	uint64_t synced_lsn;
	struct span stored; /* borrowed from the bytes */
	uint32_t raw_bytes;
	uint32_t total_bytes; /* head and payload */
};

void journal_head_put(const struct journal_head *head, char out[JOURNAL_HEAD_BYTES]);
/* -EBADMSG: not the head of a journal's file, or damaged; -EOPNOTSUPP: of another version. */
int journal_head_get(struct span bytes, struct journal_head *out);

uint32_t journal_payload_sum(struct span stored);
/* payload_sum is that of the payload as stored. */
void journal_record_put(const struct journal_record *rec, uint32_t payload_sum,
			char out[JOURNAL_RECORD_BYTES]);

/*
 * Reads the record at the start of bytes. 0; -EAGAIN: more bytes are needed, rec->total_bytes in
 * all; -EBADMSG: no complete record.
 */
int journal_record_get(struct span bytes, struct journal_record *rec);

/* Packs large payloads. Caller-allocated; valid when zeroed. */
struct journal_packer {
	void *ctx; /* NULL until first used */
	char *out;
};
void journal_packer_deinit(struct journal_packer *p);

/* Whether the payload is long enough for packing to pay off. */
bool journal_is_packed(struct span raw);

/* The payload as it is to be stored: packed when that is smaller, else raw itself. Valid until the
 * next call. Without memory it is not packed. */
struct span journal_pack(struct journal_packer *p, struct span raw);

/* Unpacks a payload. out has room for raw_bytes. -EBADMSG. */
int journal_unpack(struct span stored, char *out, uint32_t raw_bytes);

#endif
