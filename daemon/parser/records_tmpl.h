/*
 * records_tmpl.h - template (see vec.h): rows of integers whose gaps are known.
 *
 * A mask of a row's digits shows where its numbers end, so that they are found independently of
 * each other: number k starts where number k - 1 ended, plus the known gap. Differences between the
 * gaps and the text are collected and checked once per row.
 */
#include "daemon/json/vec.h"

#ifndef DAEMON_PARSER_RECORDS_TMPL_H
#define DAEMON_PARSER_RECORDS_TMPL_H

#include <errno.h>

#include "daemon/parser/parser.h"
#include "daemon/parser/records.h"

enum {
	/* A block, a number or gap that starts in it, and a load of either there. */
	RECORDS_QUICK_BYTES = 64 + RECORDS_GAP_BYTES + 8,
};

/* The value of the decimal digits in the n low bytes of word, 1 <= n <= 8. */
static inline __attribute__((always_inline)) uint32_t records_digits(uint64_t word, unsigned n)
{
	word = (word ^ 0x3030303030303030u) << ((64 - 8 * n) & 63);
	word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ffu;
	word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffffu;
	return (uint32_t)(word * 10000 + (word >> 32));
}

#endif /* DAEMON_PARSER_RECORDS_TMPL_H */

/*
 * Reads the numbers of one row, the first at p, into values. Returns the end of the last, or NULL
 * when something differs from the expected shape. RECORDS_QUICK_BYTES may be read from p.
 *
 * When a gap differs, what follows is read at a wrong position and the result is dropped: positions
 * are only kept within bounds.
 */
VEC_INLINE const char *VEC(records_quick_row)(const struct records *r, const char *p,
					      int32_t *values)
{
	struct VEC(block) b = VEC(block_load)(p);
	uint64_t digits = VEC(block_digits)(b);
	uint64_t minus = VEC(block_equal)(b, '-');
	uint64_t starts = digits & ~(digits << 1);
	uint64_t ends = ~digits & digits << 1;
	/* Nine digits in a row exceed one load; a zero before a digit is invalid. */
	uint64_t runs = digits & digits >> 1;
	uint64_t zeros = VEC(block_equal)(b, '0') & starts & digits >> 1;
	struct VEC16(vec16) differ = VEC16(vec16_zero)();
	uint32_t columns = r->column_count;
	uint64_t expected = 0;
	unsigned at = 0;
	unsigned end = 0;

	runs &= runs >> 2;
	runs &= runs >> 4;
	runs &= digits >> 8;
	for (uint32_t i = 0;; i++) {
		uint64_t negative = minus >> (at & 63) & 1;

		at += (unsigned)negative;
		expected |= (uint64_t)1 << (at & 63);
		if (!ends)
			return NULL;
		end = (unsigned)__builtin_ctzll(ends);
		ends &= ends - 1;
		values[i] = (int32_t)((records_digits(vec_load8(p + at), end - at) ^
				       (uint32_t)-negative) +
				      (uint32_t)negative);
		if (i + 1 == columns)
			break;
		differ = VEC16(vec16_differ)(differ, VEC16(vec16_load)(p + end),
					     VEC16(vec16_load)(r->gaps[i]),
					     VEC16(vec16_load)(r->masks[i]));
		at = end + r->gap_bytes[i];
	}
	/* Bits below the end of the last number: its row. */
	starts = (starts ^ expected) | zeros | runs;
	if (starts & (((uint64_t)1 << end) - 1) || !VEC16(vec16_is_zero)(differ))
		return NULL;
	return p + end;
}

#if VEC_LEVEL == 3

/* The same for up to eight columns, a row at once, on machines that can compress bytes by
 * a mask. */
VEC_INLINE const char *VEC(records_squeezed_row)(const struct records *r, const char *p,
						 int32_t *values)
{
	struct VEC(block) b = VEC(block_load)(p);
	struct VEC(block) skeleton = VEC(block_load)(r->skeleton);
	uint64_t digits = VEC(block_digits)(b);
	uint64_t minus = VEC(block_equal)(b, '-');
	uint64_t starts = digits & ~(digits << 1);
	uint64_t ends = ~digits & digits << 1;
	uint64_t last = VEC(vec_nth_bit)(ends, r->column_count - 1);
	uint64_t row = last - 1; /* all ones when there is no such bit, which is refused below */
	uint64_t numbers = (digits | minus) & row;
	uint64_t gaps = row & ~numbers;
	uint64_t runs = digits & digits >> 1;
	uint64_t odd;

	runs &= runs >> 2;
	runs &= runs >> 4;
	starts &= row;
	minus &= row;
	/* Each gap follows a number and is in its place, and there is nothing else. */
	odd = VEC(vec_gather_bits)(gaps & numbers << 1, gaps) ^ r->gap_starts;
	odd |= VEC(block_differ)(VEC(block_squeeze)(b, gaps), skeleton);
	/* Zeros follow the skeleton and the compressed bytes. Zero bytes of the text do not differ
	 * from them, so the bytes are counted as well. */
	odd |= (uint64_t)__builtin_popcountll(gaps) ^ r->skeleton_bytes;
	/* A minus must come before a number and not after one; nine digits or a leading
	 * zero: no. */
	odd |= (minus << 1 & ~starts) | (minus & digits << 1) | (~numbers & 1);
	odd |= row & runs & digits >> 8;
	odd |= VEC(block_equal)(b, '0') & starts & digits >> 1;
	if (odd || !last)
		return NULL;
	VEC(vec_decimals)
	(b, starts, ends & (row | last), (unsigned)VEC(vec_gather_bits)(minus << 1, starts),
	 values);
	return p + __builtin_ctzll(last);
}

VEC_INLINE const char *VEC(records_next_row)(const struct records *r, const char *p,
					     int32_t *values)
{
	return r->column_count <= 8 && r->skeleton_bytes <= RECORDS_SKELETON_BYTES
		       ? VEC(records_squeezed_row)(r, p, values)
		       : VEC(records_quick_row)(r, p, values);
}

#else

VEC_INLINE const char *VEC(records_next_row)(const struct records *r, const char *p,
					     int32_t *values)
{
	return VEC(records_quick_row)(r, p, values);
}

#endif

/*
 * Reads rows as long as only numbers change. *row and *end_of_row are the start and the end of the
 * last row read; on return, of the last row with the expected shape. Returns 0 or -ENOMEM.
 */
VEC_INLINE int VEC(records_quick_rows)(struct simd_pass *s, struct records *r, const char **row,
				       const char **end_of_row)
{
	struct tape_store *store = &s->tape->values;
	const char *stop = s->end - (RECORDS_QUICK_BYTES - PARSER_PADDING_BYTES);
	uint32_t columns = r->column_count;
	struct VEC16(vec16) gap = VEC16(vec16_load)(r->gaps[columns - 1]);
	struct VEC16(vec16) mask = VEC16(vec16_load)(r->masks[columns - 1]);
	size_t gap_bytes = r->gap_bytes[columns - 1];
	const char *end = *end_of_row;
	const char *start = NULL;
	size_t count = store->count;
	size_t before = count;

	for (;;) {
		const char *p = end + gap_bytes;
		const char *next;

		if (p > stop || !VEC16(vec16_is_zero)(VEC16(vec16_differ)(
					VEC16(vec16_zero)(), VEC16(vec16_load)(end), gap, mask)))
			break;
		if (store->cap - count < RECORDS_SLACK) {
			store->count = count;
			if (records_grow(s, r) < 0)
				return -ENOMEM;
		}
		next = VEC(records_next_row)(r, p, (int32_t *)store->ptr + count);
		if (!next)
			break;
		start = p;
		end = next;
		count += columns;
	}
	if (start)
		*row = start - r->lead_bytes;
	*end_of_row = end;
	store->count = count;
	r->row_count += (uint32_t)((count - before) / columns);
	return 0;
}

/*
 * Tries to read the array whose first element is at *pos as a table; s->node is the array's node.
 */
VEC_ENTRY enum records_result VEC(records_read)(struct simd_pass *s, const char **pos)
{
	const char *row = *pos;
	const char *end_of_row;
	struct records r;

	records_start(s, &r, *row == '{');
	if (records_reserve(s, &r) < 0)
		return RECORDS_FAULTY;
	end_of_row = records_first_row(s, &r, row);
	if (end_of_row)
		records_commit(s, &r);
	while (end_of_row) {
		const char *next = row;
		enum records_after after;

		if (r.is_quick && VEC(records_quick_rows)(s, &r, &row, &end_of_row) < 0)
			return RECORDS_FAULTY;
		after = records_after(s, &r, end_of_row, &next);
		if (after == ROW_FAULTY)
			return RECORDS_FAULTY;
		if (after == ROW_LAST) {
			*pos = next;
			return records_finish(s, &r) < 0 ? RECORDS_FAULTY : RECORDS_DONE;
		}
		if (after == ROW_ODD) {
			records_drop_row(s, &r);
			break;
		}
		if (r.row_count == 1 && !r.is_quick && records_learn_gap(s, &r, end_of_row, next))
			continue;
		row = next;
		if (records_reserve(s, &r) < 0)
			return RECORDS_FAULTY;
		end_of_row = records_row(s, &r, row);
		if (end_of_row)
			records_commit(s, &r);
	}
	*pos = row;
	return records_to_nodes(s, &r) < 0 ? RECORDS_FAULTY : RECORDS_NODES;
}
