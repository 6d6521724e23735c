/*
 * records_tmpl.h - template (see vec.h): rows of integers whose gaps are known.
 *
 * A mask of a row's digits says where its numbers end, so that they are found without waiting for
 * one another: number k starts where number k - 1 ended, plus the known gap. Differences between
 * the gaps and the text are collected and looked at once per row.
 */
#include "daemon/rpc/vec.h"

#ifndef DAEMON_PARSER_RECORDS_TMPL_H
#define DAEMON_PARSER_RECORDS_TMPL_H

#include "daemon/parser/parser.h"
#include "daemon/parser/records.h"

enum {
	/* A block, a number or gap that starts in it, and a load of the one or the other there. */
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
 * Reads the numbers of one row, the first at p, into values. Returns the end of the last, or NULL:
 * something is not as foreseen. RECORDS_QUICK_BYTES may be read from p.
 *
 * When a gap differs, what follows is read at a wrong place and the result is dropped: positions
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
	/* Nine digits in a row are more than one load holds; a zero before a digit is faulty. */
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

/* The bytes behind a row are those that stood between the rows before. */
VEC_INLINE bool VEC(records_gap_follows)(const struct records *r, const char *end_of_row)
{
	uint32_t last = r->column_count - 1;

	return VEC16(vec16_is_zero)(VEC16(vec16_differ)(
		VEC16(vec16_zero)(), VEC16(vec16_load)(end_of_row),
		VEC16(vec16_load)(r->gaps[last]), VEC16(vec16_load)(r->masks[last])));
}

/*
 * Reads rows for as long as nothing but numbers changes. *row and *end_of_row are the start and the
 * end of the row read last; on return, of the last one that was as foreseen. Returns 0 or -ENOMEM.
 */
VEC_INLINE int VEC(records_quick_rows)(struct simd_pass *s, struct records *r, const char **row,
				       const char **end_of_row)
{
	struct tape_store *values = &s->tape->values;
	uint32_t gap_bytes = r->gap_bytes[r->column_count - 1];

	while (VEC(records_gap_follows)(r, *end_of_row)) {
		const char *p = *end_of_row + gap_bytes;
		const char *end;

		if (s->end - p < RECORDS_QUICK_BYTES - PARSER_PADDING_BYTES)
			break;
		if (records_reserve(s, r) < 0)
			return -ENOMEM;
		end = VEC(records_quick_row)(r, p, (int32_t *)values->ptr + values->count);
		if (!end)
			break;
		*row = p - r->lead_bytes;
		*end_of_row = end;
		records_commit(s, r);
	}
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
