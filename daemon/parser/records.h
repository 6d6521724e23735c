/*
 * records.h - arrays of equal records of small integers, as in voxel requests.
 *
 * The first row is read token by token and determines the shape: its keys, and the bytes between
 * its numbers. While further rows have exactly these bytes there, only their numbers are read
 * (records_tmpl.h). A row with other spacing is read token by token again; a row of another shape
 * ends the table, and the rows so far become ordinary nodes. Nothing is read more than twice.
 */
#ifndef DAEMON_PARSER_RECORDS_H
#define DAEMON_PARSER_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/parser/simd.h"

enum {
	RECORDS_GAP_BYTES = 16,
	RECORDS_SKELETON_BYTES = 64,
	RECORDS_SLACK = 16, /* values that may be written after the table */
};
_Static_assert((int)TAPE_COLUMNS_MAX <= (int)RECORDS_SLACK, "a row fits after the table");

struct records {
	uint32_t column_count;
	uint32_t row_count;
	uint32_t keys_at;
	size_t values_at;
	bool is_object;
	/* The bytes after number k, taken from the first rows; after the last number they extend to
	 * the first number of the next row. */
	bool has_gaps;
	bool is_quick; /* all gaps are known */
	uint8_t gap_bytes[TAPE_COLUMNS_MAX];
	char gaps[TAPE_COLUMNS_MAX][RECORDS_GAP_BYTES];
	char masks[TAPE_COLUMNS_MAX][RECORDS_GAP_BYTES];
	/* The same gaps except the last, in one piece, for up to eight columns, followed by zeros;
	 * bit i of gap_starts: a gap starts at byte i. skeleton_bytes > RECORDS_SKELETON_BYTES: too
	 * long. */
	char skeleton[2 * RECORDS_SKELETON_BYTES];
	uint32_t skeleton_bytes;
	uint64_t gap_starts;
	uint32_t lead_bytes; /* from a row's bracket to its first number */
	/* Positions in the row that was last read token by token. */
	const char *number_at[TAPE_COLUMNS_MAX]; /* at its sign */
	const char *number_end[TAPE_COLUMNS_MAX];
};

enum records_result {
	RECORDS_DONE,   /* the array is a table, *p after its bracket */
	RECORDS_NODES,  /* rows so far (if any) are nodes; *p at the next element */
	RECORDS_FAULTY, /* the text is not JSON, or pass->no_memory */
};

/*
 * What follows a row whose last number ends at `end_of_row`. ROW_NEXT: *p is at the next row's
 * bracket.
 */
enum records_after { ROW_NEXT, ROW_LAST, ROW_ODD, ROW_FAULTY };

/* Reads the row at p token by token and, if it is the first, learns its shape. NULL:
 * another shape. */
const char *records_first_row(struct simd_pass *s, struct records *r, const char *p);
const char *records_row(struct simd_pass *s, struct records *r, const char *p);

/* Determines what follows the last number of a row. *p: after the array's bracket, or at the next
 * row. */
enum records_after records_after(const struct simd_pass *s, const struct records *r,
				 const char *end_of_row, const char **p);

/* Learns the gap between rows from the end of the first and the start of the second. Returns
 * r->is_quick. */
bool records_learn_gap(struct simd_pass *s, struct records *r, const char *end_of_row,
		       const char *next_row);

static inline void records_start(const struct simd_pass *s, struct records *r, bool is_object)
{
	r->is_object = is_object;
	r->is_quick = false;
	r->column_count = TAPE_COLUMNS_MAX; /* maximum; the first row gives the number */
	r->row_count = 0;
	r->keys_at = (uint32_t)s->tape->keys.count;
	r->values_at = s->tape->values.count;
}

/* Makes more room; rarely called. */
int records_grow(struct simd_pass *s, struct records *r);

/* Makes room in the table for one more row. Returns 0 or -ENOMEM. */
static inline int records_reserve(struct simd_pass *s, struct records *r)
{
	const struct tape_store *values = &s->tape->values;

	if (__builtin_expect(values->cap - values->count >= RECORDS_SLACK, 1))
		return 0;
	return records_grow(s, r);
}

/* Adds the row that was written after the table's end. */
static inline void records_commit(struct simd_pass *s, struct records *r)
{
	s->tape->values.count += r->column_count;
	r->row_count++;
}

static inline void records_drop_row(struct simd_pass *s, struct records *r)
{
	s->tape->values.count -= r->column_count;
	r->row_count--;
}

/* Makes the array node at s->node a table. */
int records_finish(struct simd_pass *s, struct records *r);

/* Writes the rows so far as nodes after s->node (the array's own). */
int records_to_nodes(struct simd_pass *s, struct records *r);

#endif
