/* vec_avx512.h - see vec.h; level 3: AVX-512 with VBMI and VBMI2. */
#ifndef DAEMON_JSON_VEC_AVX512_H
#define DAEMON_JSON_VEC_AVX512_H
#if defined(__x86_64__)

#include <immintrin.h>

#include "daemon/json/vec_common.h"

#define VEC_TARGET_AVX512                                                                       \
	__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,avx2,bmi,bmi2," \
			      "pclmul,popcnt")))

struct block_avx512 {
	__m512i all;
};

VEC_ALWAYS VEC_TARGET_AVX512 struct block_avx512 block_load_avx512(const char *p)
{
	return (struct block_avx512){ _mm512_loadu_si512(p) };
}

VEC_ALWAYS VEC_TARGET_AVX512 uint64_t block_high_avx512(struct block_avx512 b)
{
	return _mm512_movepi8_mask(b.all);
}

VEC_ALWAYS VEC_TARGET_AVX512 uint64_t block_below_avx512(struct block_avx512 b, unsigned char limit)
{
	return _mm512_cmplt_epu8_mask(b.all, _mm512_set1_epi8((char)limit));
}

VEC_ALWAYS VEC_TARGET_AVX512 uint64_t block_equal_avx512(struct block_avx512 b, char c)
{
	return _mm512_cmpeq_epi8_mask(b.all, _mm512_set1_epi8(c));
}

VEC_ALWAYS VEC_TARGET_AVX512 uint64_t block_equal20_avx512(struct block_avx512 b, char c)
{
	b.all = _mm512_or_si512(b.all, _mm512_set1_epi8(0x20));
	return block_equal_avx512(b, c);
}

VEC_ALWAYS VEC_TARGET_AVX512 uint64_t block_digits_avx512(struct block_avx512 b)
{
	b.all = _mm512_sub_epi8(b.all, _mm512_set1_epi8('0'));
	return block_below_avx512(b, 10);
}

VEC_ALWAYS VEC_TARGET_AVX512 struct block_avx512 block_tail_avx512(const char *p, size_t n)
{
	return (struct block_avx512){ _mm512_maskz_loadu_epi8(((uint64_t)1 << n) - 1, p) };
}

/* The bytes of the mask, moved together, followed by zeros. */
VEC_ALWAYS VEC_TARGET_AVX512 struct block_avx512 block_squeeze_avx512(struct block_avx512 b,
								      uint64_t mask)
{
	return (struct block_avx512){ _mm512_maskz_compress_epi8(mask, b.all) };
}

VEC_ALWAYS VEC_TARGET_AVX512 uint64_t block_differ_avx512(struct block_avx512 a,
							  struct block_avx512 b)
{
	return _mm512_cmpneq_epi8_mask(a.all, b.all);
}

/* Bit n of the result is bit k of bits, where k is the place of the n-th bit of mask. */
VEC_ALWAYS VEC_TARGET_AVX512 uint64_t vec_gather_bits_avx512(uint64_t bits, uint64_t mask)
{
	return _pext_u64(bits, mask);
}

/* A mask with only the n-th (from 0) bit of mask, or 0. */
VEC_ALWAYS VEC_TARGET_AVX512 uint64_t vec_nth_bit_avx512(uint64_t mask, unsigned n)
{
	return _pdep_u64((uint64_t)1 << n, mask);
}

/*
 * Up to eight decimal numbers of a block at once: number k is the digits from the k-th bit of
 * starts to before the k-th bit of ends, one to eight of them, negative where bit k of negatives is
 * set. Writes eight values; those beyond the last number are undefined.
 *
 * Each number gets a lane of eight bytes, its digits to the right; then neighbours are summed with
 * weights 10, 100, 10000.
 */
VEC_ALWAYS VEC_TARGET_AVX512 void vec_decimals_avx512(struct block_avx512 b, uint64_t starts,
						      uint64_t ends, unsigned negatives,
						      int32_t *values)
{
	const __m512i iota = _mm512_set_epi64(
		0x3f3e3d3c3b3a3938, 0x3736353433323130, 0x2f2e2d2c2b2a2928, 0x2726252423222120,
		0x1f1e1d1c1b1a1918, 0x1716151413121110, 0x0f0e0d0c0b0a0908, 0x0706050403020100);
	const __m512i lanes = _mm512_set_epi64(
		0x0707070707070707, 0x0606060606060606, 0x0505050505050505, 0x0404040404040404,
		0x0303030303030303, 0x0202020202020202, 0x0101010101010101, 0);
	const __m512i back = _mm512_set1_epi64((int64_t)0xfffefdfcfbfaf9f8);
	__m512i from = _mm512_maskz_compress_epi8(starts, iota);
	__m512i to = _mm512_maskz_compress_epi8(ends, iota);
	__m512i index = _mm512_add_epi8(_mm512_permutexvar_epi8(lanes, to), back);
	__mmask64 inside = _mm512_cmpge_epi8_mask(index, _mm512_permutexvar_epi8(lanes, from));
	__m512i digits = _mm512_maskz_sub_epi8(inside, _mm512_permutexvar_epi8(index, b.all),
					       _mm512_set1_epi8('0'));
	__m512i pairs = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010a));
	__m512i fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00010064));
	__m512i parts = _mm512_madd_epi16(fours, _mm512_set1_epi64(0x0000000100002710));
	__m512i sums = _mm512_add_epi64(parts, _mm512_srli_epi64(parts, 32));
	__m256i result = _mm512_cvtepi64_epi32(sums);

	result = _mm256_mask_sub_epi32(result, (__mmask8)negatives, _mm256_setzero_si256(), result);
	_mm256_storeu_si256((__m256i *)(void *)values, result);
}

/* Bit i is the parity of bits 0..i: a product without carries by all ones. */
VEC_ALWAYS VEC_TARGET_AVX512 uint64_t vec_prefix_xor_avx512(uint64_t bits)
{
	__m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)bits),
					       _mm_set1_epi8((char)0xff), 0);

	return (uint64_t)_mm_cvtsi128_si64(product);
}

#endif /* __x86_64__ */
#endif
