/* vec_common.h - shared by the vector widths of vec.h; uses no vectors itself. */
#ifndef DAEMON_JSON_VEC_COMMON_H
#define DAEMON_JSON_VEC_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Helpers are inlined into the function that uses them, whatever its target. */
#define VEC_ALWAYS static inline __attribute__((always_inline))

/* Copies the n < 64 bytes at p into a zeroed block, without reading past them. */
VEC_ALWAYS void vec_copy_tail(char block[64], const char *p, size_t n)
{
	memset(block, 0, 64);
	if (n >= 32) {
		memcpy(&block[n - 32], &p[n - 32], 32);
		memcpy(block, p, 32);
	} else if (n >= 16) {
		memcpy(&block[n - 16], &p[n - 16], 16);
		memcpy(block, p, 16);
	} else if (n >= 8) {
		memcpy(&block[n - 8], &p[n - 8], 8);
		memcpy(block, p, 8);
	} else {
		for (size_t i = 0; i < n; i++)
			block[i] = p[i];
	}
}

VEC_ALWAYS uint64_t vec_load8(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Bit i of the result is the parity of bits 0..i. */
VEC_ALWAYS uint64_t vec_prefix_xor_shifts(uint64_t bits)
{
	bits ^= bits << 1;
	bits ^= bits << 2;
	bits ^= bits << 4;
	bits ^= bits << 8;
	bits ^= bits << 16;
	return bits ^ bits << 32;
}

/* The bytes of an n-byte block that are escaped by a backslash. *carry: the next block's first byte
 * is. */
VEC_ALWAYS uint64_t vec_escaped(uint64_t slashes, size_t n, bool *carry)
{
	uint64_t escaped = *carry;

	slashes &= ~escaped;
	*carry = false;
	while (slashes) {
		uint64_t bit = slashes & -slashes;

		if (bit >> (n - 1))
			*carry = true;
		else
			escaped |= bit << 1;
		slashes &= ~(bit | bit << 1);
	}
	return escaped;
}

#endif
