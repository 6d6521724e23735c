/* vec_sse42.h - see vec.h; level 1: SSE4.2; its sixteen-byte part serves the wider levels, too. */
#ifndef DAEMON_JSON_VEC_SSE42_H
#define DAEMON_JSON_VEC_SSE42_H
#if defined(__x86_64__)

#include <immintrin.h>

#include "daemon/json/vec_common.h"

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

/* Errors of two neighbouring bytes of UTF-8, one bit each. */
enum vec16_utf8 {
	UTF8_TOO_SHORT = 1 << 0,  /* lead, then no continuation */
	UTF8_TOO_LONG = 1 << 1,   /* ASCII, then a continuation */
	UTF8_OVERLONG_3 = 1 << 2, /* E0 80..9F */
	UTF8_TOO_LARGE = 1 << 3,  /* F4 90.. and above */
	UTF8_SURROGATE = 1 << 4,  /* ED A0..BF */
	UTF8_OVERLONG_2 = 1 << 5, /* C0, C1 */
	UTF8_OVERLONG_4 = 1 << 6, /* F0 80..8F; also F5.. 80..8F */
	UTF8_TWO = 1 << 7,        /* two continuations: valid only after a longer lead */
	UTF8_ANY_LOW = UTF8_TOO_SHORT | UTF8_TOO_LONG | UTF8_TWO,
};

/*
 * Finds errors in sixteen bytes at a time by three table look-ups: the high half of the previous
 * byte, its low half, and the high half of the byte itself; an error is one that all three allow.
 * Then a second or third continuation must be exactly where a lead two or three bytes before
 * requires it. Source: J. Keiser, D. Lemire, "Validating UTF-8 in less than one instruction per
 * byte", 2021.
 */
VEC_ALWAYS VEC_TARGET_SSE42 __m128i vec16_utf8_faults(__m128i v, __m128i before)
{
	const __m128i by_lead = _mm_setr_epi8(
		UTF8_TOO_LONG, UTF8_TOO_LONG, UTF8_TOO_LONG, UTF8_TOO_LONG, UTF8_TOO_LONG,
		UTF8_TOO_LONG, UTF8_TOO_LONG, UTF8_TOO_LONG, (char)UTF8_TWO, (char)UTF8_TWO,
		(char)UTF8_TWO, (char)UTF8_TWO, UTF8_TOO_SHORT | UTF8_OVERLONG_2, UTF8_TOO_SHORT,
		UTF8_TOO_SHORT | UTF8_OVERLONG_3 | UTF8_SURROGATE,
		UTF8_TOO_SHORT | UTF8_TOO_LARGE | UTF8_OVERLONG_4);
	const char above = (char)(UTF8_ANY_LOW | UTF8_TOO_LARGE | UTF8_OVERLONG_4);
	const __m128i by_low = _mm_setr_epi8(
		(char)(UTF8_ANY_LOW | UTF8_OVERLONG_2 | UTF8_OVERLONG_3 | UTF8_OVERLONG_4),
		(char)(UTF8_ANY_LOW | UTF8_OVERLONG_2), (char)UTF8_ANY_LOW, (char)UTF8_ANY_LOW,
		(char)(UTF8_ANY_LOW | UTF8_TOO_LARGE), above, above, above, above, above, above,
		above, above, (char)(above | UTF8_SURROGATE), above, above);
	const char next_8 = (char)(UTF8_TOO_LONG | UTF8_OVERLONG_2 | UTF8_TWO | UTF8_OVERLONG_3 |
				   UTF8_OVERLONG_4);
	const char next_9 = (char)(UTF8_TOO_LONG | UTF8_OVERLONG_2 | UTF8_TWO | UTF8_OVERLONG_3 |
				   UTF8_TOO_LARGE);
	const char next_a = (char)(UTF8_TOO_LONG | UTF8_OVERLONG_2 | UTF8_TWO | UTF8_SURROGATE |
				   UTF8_TOO_LARGE);
	const __m128i by_next = _mm_setr_epi8(
		UTF8_TOO_SHORT, UTF8_TOO_SHORT, UTF8_TOO_SHORT, UTF8_TOO_SHORT, UTF8_TOO_SHORT,
		UTF8_TOO_SHORT, UTF8_TOO_SHORT, UTF8_TOO_SHORT, next_8, next_9, next_a, next_a,
		UTF8_TOO_SHORT, UTF8_TOO_SHORT, UTF8_TOO_SHORT, UTF8_TOO_SHORT);
	const __m128i half = _mm_set1_epi8(0x0f);
	__m128i one = _mm_alignr_epi8(v, before, 15);
	__m128i two = _mm_alignr_epi8(v, before, 14);
	__m128i three = _mm_alignr_epi8(v, before, 13);
	__m128i faults = _mm_and_si128(
		_mm_and_si128(
			_mm_shuffle_epi8(by_lead, _mm_and_si128(_mm_srli_epi16(one, 4), half)),
			_mm_shuffle_epi8(by_low, _mm_and_si128(one, half))),
		_mm_shuffle_epi8(by_next, _mm_and_si128(_mm_srli_epi16(v, 4), half)));
	/* High bit where a lead E0.. two bytes before, or F0.. three bytes before, requires a
	 * continuation. */
	__m128i asked = _mm_or_si128(_mm_subs_epu8(two, _mm_set1_epi8(0xe0 - 0x80)),
				     _mm_subs_epu8(three, _mm_set1_epi8(0xf0 - 0x80)));

	return _mm_xor_si128(faults, _mm_and_si128(asked, _mm_set1_epi8((char)0x80)));
}

/* Whether all n bytes are UTF-8. */
VEC_ALWAYS VEC_TARGET_SSE42 int vec16_is_utf8_sse42(const char *p, size_t n)
{
	__m128i before = _mm_setzero_si128();
	__m128i faults = _mm_setzero_si128();
	char last[16] = { 0 };
	__m128i v;

	for (; n >= 16; n -= 16, p += 16) {
		v = _mm_loadu_si128((const __m128i *)(const void *)p);
		faults = _mm_or_si128(faults, vec16_utf8_faults(v, before));
		before = v;
	}
	/* At least one zero after the end reveals a sequence cut off by it. */
	memcpy(last, p, n);
	v = _mm_loadu_si128((const __m128i *)(const void *)last);
	faults = _mm_or_si128(faults, vec16_utf8_faults(v, before));
	return _mm_testz_si128(faults, faults);
}

/* Bit i is the parity of bits 0..i: inside or outside of quotes. */
VEC_ALWAYS VEC_TARGET_SSE42 uint64_t vec_prefix_xor_sse42(uint64_t bits)
{
	return vec_prefix_xor_shifts(bits);
}

#endif /* __x86_64__ */
#endif
