/* vec_sse42.h - see vec.h; level 1: SSE4.2; its sixteen-byte part serves the wider levels, too. */
#ifndef DAEMON_RPC_VEC_SSE42_H
#define DAEMON_RPC_VEC_SSE42_H

#include <immintrin.h>

#include "daemon/rpc/vec_common.h"

#define VEC_TARGET_SSE42 __attribute__((target("sse4.2,popcnt")))

struct block_sse42 {
	__m128i part[4];
};

VEC_ALWAYS VEC_TARGET_SSE42 struct block_sse42 block_load_sse42(const char *p)
{
	struct block_sse42 b;

	for (int i = 0; i < 4; i++)
		b.part[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
	return b;
}

VEC_ALWAYS VEC_TARGET_SSE42 uint64_t block_high_sse42(struct block_sse42 b)
{
	uint64_t mask = 0;

	for (int i = 0; i < 4; i++)
		mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(b.part[i]) << (16 * i);
	return mask;
}

VEC_ALWAYS VEC_TARGET_SSE42 uint64_t block_below_sse42(struct block_sse42 b, unsigned char limit)
{
	__m128i top = _mm_set1_epi8((char)(limit - 1));

	for (int i = 0; i < 4; i++)
		b.part[i] = _mm_cmpeq_epi8(_mm_min_epu8(b.part[i], top), b.part[i]);
	return block_high_sse42(b);
}

VEC_ALWAYS VEC_TARGET_SSE42 uint64_t block_equal_sse42(struct block_sse42 b, char c)
{
	for (int i = 0; i < 4; i++)
		b.part[i] = _mm_cmpeq_epi8(b.part[i], _mm_set1_epi8(c));
	return block_high_sse42(b);
}

VEC_ALWAYS VEC_TARGET_SSE42 uint64_t block_equal20_sse42(struct block_sse42 b, char c)
{
	for (int i = 0; i < 4; i++)
		b.part[i] = _mm_or_si128(b.part[i], _mm_set1_epi8(0x20));
	return block_equal_sse42(b, c);
}

VEC_ALWAYS VEC_TARGET_SSE42 uint64_t block_digits_sse42(struct block_sse42 b)
{
	for (int i = 0; i < 4; i++)
		b.part[i] = _mm_sub_epi8(b.part[i], _mm_set1_epi8('0'));
	return block_below_sse42(b, 10);
}

VEC_ALWAYS VEC_TARGET_SSE42 struct block_sse42 block_tail_sse42(const char *p, size_t n)
{
	char block[64];

	vec_copy_tail(block, p, n);
	return block_load_sse42(block);
}

struct vec16_sse42 {
	__m128i all;
};

VEC_ALWAYS VEC_TARGET_SSE42 struct vec16_sse42 vec16_load_sse42(const void *p)
{
	return (struct vec16_sse42){ _mm_loadu_si128(p) };
}

VEC_ALWAYS VEC_TARGET_SSE42 struct vec16_sse42 vec16_differ_sse42(struct vec16_sse42 acc,
								  struct vec16_sse42 a,
								  struct vec16_sse42 b,
								  struct vec16_sse42 mask)
{
	__m128i differ = _mm_and_si128(_mm_xor_si128(a.all, b.all), mask.all);

	return (struct vec16_sse42){ _mm_or_si128(acc.all, differ) };
}

VEC_ALWAYS VEC_TARGET_SSE42 struct vec16_sse42 vec16_zero_sse42(void)
{
	return (struct vec16_sse42){ _mm_setzero_si128() };
}

VEC_ALWAYS VEC_TARGET_SSE42 int vec16_is_zero_sse42(struct vec16_sse42 v)
{
	return _mm_testz_si128(v.all, v.all);
}

VEC_ALWAYS VEC_TARGET_SSE42 uint32_t vec16_stops_sse42(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
	__m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);

	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), low));
}

VEC_ALWAYS VEC_TARGET_SSE42 uint32_t vec16_solid_sse42(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i blank = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')),
				     _mm_cmpeq_epi8(v, _mm_set1_epi8('\t')));
	__m128i line = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')),
				    _mm_cmpeq_epi8(v, _mm_set1_epi8('\r')));

	return ~(uint32_t)_mm_movemask_epi8(_mm_or_si128(blank, line)) & 0xffff;
}

#endif
