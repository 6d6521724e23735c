/* hash.h - hash functions for tables and names: of bytes, and of one word. */
#ifndef DAEMON_BASE_HASH_H
#define DAEMON_BASE_HASH_H

#include <stdint.h>

#include "daemon/base/span.h"

/* FNV-1a of 64 bits (Fowler, Noll, Vo): a byte at a time, for short texts. */
static inline uint64_t hash_bytes(struct span bytes)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < bytes.len; i++)
		h = (h ^ (unsigned char)bytes.ptr[i]) * 0x100000001b3ull;
	return h;
}

/* Finalizer of MurmurHash3 (Appleby): every input bit reaches every output bit. */
static inline uint64_t hash_mix(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdull;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ull;
	return h ^ (h >> 33);
}

#endif
