/* vec_portable.h - see vec.h; level 0: portable C, eight bytes at a time, little-endian; works on
 * every machine. */
#ifndef DAEMON_JSON_VEC_PORTABLE_H
#define DAEMON_JSON_VEC_PORTABLE_H

#include "daemon/json/text.h"
#include "daemon/json/vec_common.h"

#define VEC_TARGET_PORTABLE

struct block_portable {
	uint64_t word[8];
};

VEC_ALWAYS VEC_TARGET_PORTABLE struct block_portable block_load_portable(const char *p)
{
	struct block_portable b;

	memcpy(&b, p, sizeof(b));
	return b;
}

/* The high bits of eight bytes, gathered in the low eight bits. */
VEC_ALWAYS VEC_TARGET_PORTABLE uint64_t high_bits_portable(uint64_t word)
{
	return (word & 0x8080808080808080u) * 0x0002040810204081u >> 56;
}

VEC_ALWAYS VEC_TARGET_PORTABLE uint64_t block_high_portable(struct block_portable b)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < 8; i++)
		mask |= high_bits_portable(b.word[i]) << (8 * i);
	return mask;
}

/* Bytes below limit (1..127), exactly. */
VEC_ALWAYS VEC_TARGET_PORTABLE uint64_t block_below_portable(struct block_portable b,
							     unsigned char limit)
{
	uint64_t add = (128u - limit) * 0x0101010101010101u;
	uint64_t mask = 0;

	for (unsigned i = 0; i < 8; i++) {
		uint64_t low = b.word[i] & 0x7f7f7f7f7f7f7f7fu;

		mask |= high_bits_portable(~((low + add) | b.word[i])) << (8 * i);
	}
	return mask;
}

VEC_ALWAYS VEC_TARGET_PORTABLE uint64_t block_equal_portable(struct block_portable b, char c)
{
	for (unsigned i = 0; i < 8; i++)
		b.word[i] ^= (unsigned char)c * 0x0101010101010101u;
	return block_below_portable(b, 1);
}

/* Bytes equal to c after setting bit 5: tests '[' and '{' at once. */
VEC_ALWAYS VEC_TARGET_PORTABLE uint64_t block_equal20_portable(struct block_portable b, char c)
{
	for (unsigned i = 0; i < 8; i++)
		b.word[i] |= 0x2020202020202020u;
	return block_equal_portable(b, c);
}

VEC_ALWAYS VEC_TARGET_PORTABLE uint64_t block_digits_portable(struct block_portable b)
{
	return block_below_portable(b, '9' + 1) & ~block_below_portable(b, '0');
}

VEC_ALWAYS VEC_TARGET_PORTABLE struct block_portable block_tail_portable(const char *p, size_t n)
{
	char block[64];

	vec_copy_tail(block, p, n);
	return block_load_portable(block);
}

struct vec16_portable {
	uint64_t low, high;
};

VEC_ALWAYS VEC_TARGET_PORTABLE struct vec16_portable vec16_load_portable(const void *p)
{
	struct vec16_portable v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* acc | ((a ^ b) & mask): collects differences. */
VEC_ALWAYS VEC_TARGET_PORTABLE struct vec16_portable vec16_differ_portable(
	struct vec16_portable acc, struct vec16_portable a, struct vec16_portable b,
	struct vec16_portable mask)
{
	acc.low |= (a.low ^ b.low) & mask.low;
	acc.high |= (a.high ^ b.high) & mask.high;
	return acc;
}

VEC_ALWAYS VEC_TARGET_PORTABLE struct vec16_portable vec16_zero_portable(void)
{
	return (struct vec16_portable){ 0, 0 };
}

VEC_ALWAYS VEC_TARGET_PORTABLE int vec16_is_zero_portable(struct vec16_portable v)
{
	return (v.low | v.high) == 0;
}

/* Of 16 bytes, those that end the plain part of a JSON string: quote, backslash, below 0x20. */
VEC_ALWAYS VEC_TARGET_PORTABLE uint32_t vec16_stops_portable(const char *p)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < 2; i++) {
		uint64_t word = vec_load8(p + 8 * i);
		uint64_t quote = word ^ 0x2222222222222222u;
		uint64_t slash = word ^ 0x5c5c5c5c5c5c5c5cu;
		/* Exact for each byte: seven-bit sums do not carry. */
		uint64_t low = (word & 0x7f7f7f7f7f7f7f7fu) + 0x6060606060606060u;
		uint64_t q = (quote & 0x7f7f7f7f7f7f7f7fu) + 0x7f7f7f7f7f7f7f7fu;
		uint64_t s = (slash & 0x7f7f7f7f7f7f7f7fu) + 0x7f7f7f7f7f7f7f7fu;

		mask |= (uint32_t)high_bits_portable(~(low | word) | ~(q | quote) | ~(s | slash))
			<< (8 * i);
	}
	return mask;
}

/* Of 16 bytes, those that are not JSON white space. */
VEC_ALWAYS VEC_TARGET_PORTABLE uint32_t vec16_solid_portable(const char *p)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < 16; i++)
		mask |= (uint32_t)(p[i] != ' ' && p[i] != '\n' && p[i] != '\r' && p[i] != '\t')
			<< i;
	return mask;
}

VEC_ALWAYS int vec16_is_utf8_portable(const char *p, size_t n)
{
	return text_is_utf8(span_of(p, n));
}

/* Bit i is the parity of bits 0..i: inside or outside of quotes. */
VEC_ALWAYS VEC_TARGET_PORTABLE uint64_t vec_prefix_xor_portable(uint64_t bits)
{
	return vec_prefix_xor_shifts(bits);
}

#endif
