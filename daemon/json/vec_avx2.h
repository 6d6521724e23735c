/* vec_avx2.h - see vec.h; level 2: AVX2 and BMI2. */
#ifndef DAEMON_JSON_VEC_AVX2_H
#define DAEMON_JSON_VEC_AVX2_H
#if defined(__x86_64__)

#include <immintrin.h>

#include "daemon/json/vec_common.h"

#define VEC_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,pclmul,popcnt")))

struct block_avx2 {
	__m256i low, high;
};

VEC_ALWAYS VEC_TARGET_AVX2 struct block_avx2 block_load_avx2(const char *p)
{
	return (struct block_avx2){
		_mm256_loadu_si256((const __m256i *)(const void *)p),
		_mm256_loadu_si256((const __m256i *)(const void *)(p + 32)),
	};
}

VEC_ALWAYS VEC_TARGET_AVX2 uint64_t block_high_avx2(struct block_avx2 b)
{
	return (uint32_t)_mm256_movemask_epi8(b.low) |
	       (uint64_t)(uint32_t)_mm256_movemask_epi8(b.high) << 32;
}

VEC_ALWAYS VEC_TARGET_AVX2 uint64_t block_below_avx2(struct block_avx2 b, unsigned char limit)
{
	__m256i top = _mm256_set1_epi8((char)(limit - 1));

	b.low = _mm256_cmpeq_epi8(_mm256_min_epu8(b.low, top), b.low);
	b.high = _mm256_cmpeq_epi8(_mm256_min_epu8(b.high, top), b.high);
	return block_high_avx2(b);
}

VEC_ALWAYS VEC_TARGET_AVX2 uint64_t block_equal_avx2(struct block_avx2 b, char c)
{
	b.low = _mm256_cmpeq_epi8(b.low, _mm256_set1_epi8(c));
	b.high = _mm256_cmpeq_epi8(b.high, _mm256_set1_epi8(c));
	return block_high_avx2(b);
}

VEC_ALWAYS VEC_TARGET_AVX2 uint64_t block_equal20_avx2(struct block_avx2 b, char c)
{
	b.low = _mm256_or_si256(b.low, _mm256_set1_epi8(0x20));
	b.high = _mm256_or_si256(b.high, _mm256_set1_epi8(0x20));
	return block_equal_avx2(b, c);
}

VEC_ALWAYS VEC_TARGET_AVX2 uint64_t block_digits_avx2(struct block_avx2 b)
{
	b.low = _mm256_sub_epi8(b.low, _mm256_set1_epi8('0'));
	b.high = _mm256_sub_epi8(b.high, _mm256_set1_epi8('0'));
	return block_below_avx2(b, 10);
}

VEC_ALWAYS VEC_TARGET_AVX2 struct block_avx2 block_tail_avx2(const char *p, size_t n)
{
	char block[64];

	vec_copy_tail(block, p, n);
	return block_load_avx2(block);
}

/* Bit i is the parity of bits 0..i: a product without carries by all ones. */
VEC_ALWAYS VEC_TARGET_AVX2 uint64_t vec_prefix_xor_avx2(uint64_t bits)
{
	__m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)bits),
					       _mm_set1_epi8((char)0xff), 0);

	return (uint64_t)_mm_cvtsi128_si64(product);
}

#endif /* __x86_64__ */
#endif
