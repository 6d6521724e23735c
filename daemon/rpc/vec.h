/*
 * vec.h - sixty-four bytes at a time, at each vector width.
 *
 * A template: the includer defines VEC_LEVEL (the numbers of enum cpu_simd) and includes this and
 * then its own template, once per level; VEC(name) is the name at that level. Functions carry their
 * target attribute, so one object file holds all levels and the caller chooses at run time by
 * cpu_simd_level(). A block answers questions with a mask: bit i speaks of byte i.
 * Sixteen bytes at a time is the same code for all vector levels: VEC16(name).
 * Level 0 is portable C (eight bytes at a time, little-endian); it is what every machine has.
 */
#ifndef VEC_LEVEL
#define VEC_LEVEL 0 /* so that the header compiles alone */
#endif

#ifndef DAEMON_RPC_VEC_H
#define DAEMON_RPC_VEC_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VEC_PASTE_(a, b) a##_##b
#define VEC_PASTE(a, b)  VEC_PASTE_(a, b)
#define VEC(name)        VEC_PASTE(name, VEC_SUFFIX)
#define VEC16(name)      VEC_PASTE(name, VEC16_SUFFIX)
/* Every function of a template is one of these: the helpers vanish into the entry points. */
#define VEC_INLINE static inline __attribute__((always_inline)) VEC_TARGET
#define VEC_ENTRY  static __attribute__((noinline)) VEC_TARGET

/* Lays the n < 64 bytes at p into a zeroed block, reading nothing beside them. */
static inline __attribute__((always_inline)) void vec_copy_tail(char block[64], const char *p,
								size_t n)
{
	memset(block, 0, 64);
	if (n >= 32) {
		memcpy(block + n - 32, p + n - 32, 32);
		memcpy(block, p, 32);
	} else if (n >= 16) {
		memcpy(block + n - 16, p + n - 16, 16);
		memcpy(block, p, 16);
	} else if (n >= 8) {
		memcpy(block + n - 8, p + n - 8, 8);
		memcpy(block, p, 8);
	} else {
		for (size_t i = 0; i < n; i++)
			block[i] = p[i];
	}
}

static inline uint64_t vec_load8(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Bit i is the parity of bits 0..i: inside or outside of quotes. */
static inline __attribute__((always_inline)) uint64_t vec_prefix_xor(uint64_t bits)
{
	bits ^= bits << 1;
	bits ^= bits << 2;
	bits ^= bits << 4;
	bits ^= bits << 8;
	bits ^= bits << 16;
	return bits ^ bits << 32;
}

/* The bytes of an n-byte block that a backslash escapes. *carry: the next block's first byte is. */
static inline uint64_t vec_escaped(uint64_t slashes, size_t n, bool *carry)
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

#endif /* DAEMON_RPC_VEC_H */

#undef VEC_SUFFIX
#undef VEC16_SUFFIX
#undef VEC_TARGET
#if VEC_LEVEL == 0

#define VEC_SUFFIX   portable
#define VEC16_SUFFIX portable
#define VEC_TARGET

#ifndef VEC_PORTABLE
#define VEC_PORTABLE

struct block_portable {
	uint64_t word[8];
};

VEC_INLINE struct block_portable block_load_portable(const char *p)
{
	struct block_portable b;

	memcpy(&b, p, sizeof(b));
	return b;
}

/* The high bits of eight bytes, gathered in the low eight bits. */
VEC_INLINE uint64_t high_bits_portable(uint64_t word)
{
	return (word & 0x8080808080808080u) * 0x0002040810204081u >> 56;
}

VEC_INLINE uint64_t block_high_portable(struct block_portable b)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < 8; i++)
		mask |= high_bits_portable(b.word[i]) << (8 * i);
	return mask;
}

/* Bytes below limit (1..127), exactly. */
VEC_INLINE uint64_t block_below_portable(struct block_portable b, unsigned char limit)
{
	uint64_t add = (128u - limit) * 0x0101010101010101u;
	uint64_t mask = 0;

	for (unsigned i = 0; i < 8; i++) {
		uint64_t low = b.word[i] & 0x7f7f7f7f7f7f7f7fu;

		mask |= high_bits_portable(~((low + add) | b.word[i])) << (8 * i);
	}
	return mask;
}

VEC_INLINE uint64_t block_equal_portable(struct block_portable b, char c)
{
	for (unsigned i = 0; i < 8; i++)
		b.word[i] ^= (unsigned char)c * 0x0101010101010101u;
	return block_below_portable(b, 1);
}

/* Bytes equal to c once bit 5 is set: '[' and '{' are one question. */
VEC_INLINE uint64_t block_equal20_portable(struct block_portable b, char c)
{
	for (unsigned i = 0; i < 8; i++)
		b.word[i] |= 0x2020202020202020u;
	return block_equal_portable(b, c);
}

VEC_INLINE uint64_t block_digits_portable(struct block_portable b)
{
	return block_below_portable(b, '9' + 1) & ~block_below_portable(b, '0');
}

VEC_INLINE struct block_portable block_tail_portable(const char *p, size_t n)
{
	char block[64];

	vec_copy_tail(block, p, n);
	return block_load_portable(block);
}

struct vec16_portable {
	uint64_t low, high;
};

VEC_INLINE struct vec16_portable vec16_load_portable(const void *p)
{
	struct vec16_portable v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* acc | ((a ^ b) & mask): collects differences. */
VEC_INLINE struct vec16_portable vec16_differ_portable(struct vec16_portable acc,
						       struct vec16_portable a,
						       struct vec16_portable b,
						       struct vec16_portable mask)
{
	acc.low |= (a.low ^ b.low) & mask.low;
	acc.high |= (a.high ^ b.high) & mask.high;
	return acc;
}

VEC_INLINE struct vec16_portable vec16_zero_portable(void)
{
	return (struct vec16_portable){ 0, 0 };
}

VEC_INLINE int vec16_is_zero_portable(struct vec16_portable v)
{
	return (v.low | v.high) == 0;
}

/* Of 16 bytes, those that end the plain part of a JSON string: quote, backslash, below 0x20. */
VEC_INLINE uint32_t vec16_stops_portable(const char *p)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < 2; i++) {
		uint64_t word = vec_load8(p + 8 * i);
		uint64_t quote = word ^ 0x2222222222222222u;
		uint64_t slash = word ^ 0x5c5c5c5c5c5c5c5cu;
		/* Exact for each byte: seven-bit sums cannot carry. */
		uint64_t low = (word & 0x7f7f7f7f7f7f7f7fu) + 0x6060606060606060u;
		uint64_t q = (quote & 0x7f7f7f7f7f7f7f7fu) + 0x7f7f7f7f7f7f7f7fu;
		uint64_t s = (slash & 0x7f7f7f7f7f7f7f7fu) + 0x7f7f7f7f7f7f7f7fu;

		mask |= (uint32_t)high_bits_portable(~(low | word) | ~(q | quote) | ~(s | slash))
			<< (8 * i);
	}
	return mask;
}

/* Of 16 bytes, those that are no JSON white space. */
VEC_INLINE uint32_t vec16_solid_portable(const char *p)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < 16; i++)
		mask |= (uint32_t)(p[i] != ' ' && p[i] != '\n' && p[i] != '\r' && p[i] != '\t')
			<< i;
	return mask;
}

#endif
#elif VEC_LEVEL == 1

#define VEC_SUFFIX   sse42
#define VEC16_SUFFIX sse42
#define VEC_TARGET   __attribute__((target("sse4.2,popcnt")))

#ifndef VEC_SSE42
#define VEC_SSE42

struct block_sse42 {
	__m128i part[4];
};

VEC_INLINE struct block_sse42 block_load_sse42(const char *p)
{
	struct block_sse42 b;

	for (int i = 0; i < 4; i++)
		b.part[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
	return b;
}

VEC_INLINE uint64_t block_high_sse42(struct block_sse42 b)
{
	uint64_t mask = 0;

	for (int i = 0; i < 4; i++)
		mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(b.part[i]) << (16 * i);
	return mask;
}

VEC_INLINE uint64_t block_below_sse42(struct block_sse42 b, unsigned char limit)
{
	__m128i top = _mm_set1_epi8((char)(limit - 1));

	for (int i = 0; i < 4; i++)
		b.part[i] = _mm_cmpeq_epi8(_mm_min_epu8(b.part[i], top), b.part[i]);
	return block_high_sse42(b);
}

VEC_INLINE uint64_t block_equal_sse42(struct block_sse42 b, char c)
{
	for (int i = 0; i < 4; i++)
		b.part[i] = _mm_cmpeq_epi8(b.part[i], _mm_set1_epi8(c));
	return block_high_sse42(b);
}

VEC_INLINE uint64_t block_equal20_sse42(struct block_sse42 b, char c)
{
	for (int i = 0; i < 4; i++)
		b.part[i] = _mm_or_si128(b.part[i], _mm_set1_epi8(0x20));
	return block_equal_sse42(b, c);
}

VEC_INLINE uint64_t block_digits_sse42(struct block_sse42 b)
{
	for (int i = 0; i < 4; i++)
		b.part[i] = _mm_sub_epi8(b.part[i], _mm_set1_epi8('0'));
	return block_below_sse42(b, 10);
}

VEC_INLINE struct block_sse42 block_tail_sse42(const char *p, size_t n)
{
	char block[64];

	vec_copy_tail(block, p, n);
	return block_load_sse42(block);
}

struct vec16_sse42 {
	__m128i all;
};

VEC_INLINE struct vec16_sse42 vec16_load_sse42(const void *p)
{
	return (struct vec16_sse42){ _mm_loadu_si128(p) };
}

VEC_INLINE struct vec16_sse42 vec16_differ_sse42(struct vec16_sse42 acc, struct vec16_sse42 a,
						 struct vec16_sse42 b, struct vec16_sse42 mask)
{
	__m128i differ = _mm_and_si128(_mm_xor_si128(a.all, b.all), mask.all);

	return (struct vec16_sse42){ _mm_or_si128(acc.all, differ) };
}

VEC_INLINE struct vec16_sse42 vec16_zero_sse42(void)
{
	return (struct vec16_sse42){ _mm_setzero_si128() };
}

VEC_INLINE int vec16_is_zero_sse42(struct vec16_sse42 v)
{
	return _mm_testz_si128(v.all, v.all);
}

VEC_INLINE uint32_t vec16_stops_sse42(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
	__m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);

	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), low));
}

VEC_INLINE uint32_t vec16_solid_sse42(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i blank = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')),
				     _mm_cmpeq_epi8(v, _mm_set1_epi8('\t')));
	__m128i line = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')),
				    _mm_cmpeq_epi8(v, _mm_set1_epi8('\r')));

	return ~(uint32_t)_mm_movemask_epi8(_mm_or_si128(blank, line)) & 0xffff;
}

#endif
#elif VEC_LEVEL == 2

#define VEC_SUFFIX   avx2
#define VEC16_SUFFIX sse42
#define VEC_TARGET   __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

#ifndef VEC_AVX2
#define VEC_AVX2

struct block_avx2 {
	__m256i low, high;
};

VEC_INLINE struct block_avx2 block_load_avx2(const char *p)
{
	return (struct block_avx2){
		_mm256_loadu_si256((const __m256i *)(const void *)p),
		_mm256_loadu_si256((const __m256i *)(const void *)(p + 32)),
	};
}

VEC_INLINE uint64_t block_high_avx2(struct block_avx2 b)
{
	return (uint32_t)_mm256_movemask_epi8(b.low) |
	       (uint64_t)(uint32_t)_mm256_movemask_epi8(b.high) << 32;
}

VEC_INLINE uint64_t block_below_avx2(struct block_avx2 b, unsigned char limit)
{
	__m256i top = _mm256_set1_epi8((char)(limit - 1));

	b.low = _mm256_cmpeq_epi8(_mm256_min_epu8(b.low, top), b.low);
	b.high = _mm256_cmpeq_epi8(_mm256_min_epu8(b.high, top), b.high);
	return block_high_avx2(b);
}

VEC_INLINE uint64_t block_equal_avx2(struct block_avx2 b, char c)
{
	b.low = _mm256_cmpeq_epi8(b.low, _mm256_set1_epi8(c));
	b.high = _mm256_cmpeq_epi8(b.high, _mm256_set1_epi8(c));
	return block_high_avx2(b);
}

VEC_INLINE uint64_t block_equal20_avx2(struct block_avx2 b, char c)
{
	b.low = _mm256_or_si256(b.low, _mm256_set1_epi8(0x20));
	b.high = _mm256_or_si256(b.high, _mm256_set1_epi8(0x20));
	return block_equal_avx2(b, c);
}

VEC_INLINE uint64_t block_digits_avx2(struct block_avx2 b)
{
	b.low = _mm256_sub_epi8(b.low, _mm256_set1_epi8('0'));
	b.high = _mm256_sub_epi8(b.high, _mm256_set1_epi8('0'));
	return block_below_avx2(b, 10);
}

VEC_INLINE struct block_avx2 block_tail_avx2(const char *p, size_t n)
{
	char block[64];

	vec_copy_tail(block, p, n);
	return block_load_avx2(block);
}

#endif
#else

#define VEC_SUFFIX   avx512
#define VEC16_SUFFIX sse42
#define VEC_TARGET                                                                         \
	__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,avx2,bmi,bmi2,lzcnt," \
			      "popcnt")))

#ifndef VEC_AVX512
#define VEC_AVX512

struct block_avx512 {
	__m512i all;
};

VEC_INLINE struct block_avx512 block_load_avx512(const char *p)
{
	return (struct block_avx512){ _mm512_loadu_si512(p) };
}

VEC_INLINE uint64_t block_high_avx512(struct block_avx512 b)
{
	return _mm512_movepi8_mask(b.all);
}

VEC_INLINE uint64_t block_below_avx512(struct block_avx512 b, unsigned char limit)
{
	return _mm512_cmplt_epu8_mask(b.all, _mm512_set1_epi8((char)limit));
}

VEC_INLINE uint64_t block_equal_avx512(struct block_avx512 b, char c)
{
	return _mm512_cmpeq_epi8_mask(b.all, _mm512_set1_epi8(c));
}

VEC_INLINE uint64_t block_equal20_avx512(struct block_avx512 b, char c)
{
	b.all = _mm512_or_si512(b.all, _mm512_set1_epi8(0x20));
	return block_equal_avx512(b, c);
}

VEC_INLINE uint64_t block_digits_avx512(struct block_avx512 b)
{
	b.all = _mm512_sub_epi8(b.all, _mm512_set1_epi8('0'));
	return block_below_avx512(b, 10);
}

VEC_INLINE struct block_avx512 block_tail_avx512(const char *p, size_t n)
{
	return (struct block_avx512){ _mm512_maskz_loadu_epi8(((uint64_t)1 << n) - 1, p) };
}

#endif
#endif
