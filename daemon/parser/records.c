#include "daemon/parser/records.h"

#include <errno.h>
#include <string.h>

enum { KEY_BYTES_MAX = 64 };

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') <= 9;
}

/* Reads a plain integer within int32_t. NULL: something else. */
static const char *read_int(const char *p, const char *end, int32_t *out)
{
	bool is_negative = p < end && *p == '-';
	const char *first = p + is_negative;
	int64_t value = 0;

	for (p = first; p < end && is_digit(*p) && p - first < 11; p++)
		value = value * 10 + (*p - '0');
	if (p == first || p == end || (*first == '0' && p - first > 1) || is_digit(*p) ||
	    *p == '.' || (*p | 0x20) == 'e')
		return NULL;
	value = is_negative ? -value : value;
	if (value < INT32_MIN || value > INT32_MAX)
		return NULL;
	*out = (int32_t)value;
	return p;
}

/* Reads key and colon. The first row's keys are noted; later ones must be the same. */
static const char *read_key(struct simd_pass *s, struct records *r, uint32_t column, bool is_first,
			    const char *p)
{
	struct tape_store *store = &s->tape->keys;
	const char *start;
	struct span *keys;
	struct span key;

	if (p == s->end || *p != '"')
		return NULL;
	start = ++p;
	while (p < s->end && p - start <= KEY_BYTES_MAX && *p != '"' && *p != '\\' &&
	       (unsigned char)*p >= 0x20)
		p++;
	if (p == s->end || *p != '"')
		return NULL;
	key = span_of(start, (size_t)(p - start));
	if (is_first) {
		if (tape_reserve(store, 1, sizeof(key)) < 0)
			return NULL; /* not a table */
		keys = store->ptr;
		keys[store->count++] = key;
	} else {
		keys = store->ptr;
		if (!span_eq(key, keys[r->keys_at + column]))
			return NULL;
	}
	p = skip_space(p + 1, s->end);
	if (p == s->end || *p != ':')
		return NULL;
	return skip_space(p + 1, s->end);
}

/* Reads one row token by token. Returns the end of its last number, or NULL: another shape. */
static const char *read_row(struct simd_pass *s, struct records *r, bool is_first, const char *p)
{
	const char *end = s->end;
	int32_t *values = (int32_t *)s->tape->values.ptr + s->tape->values.count;
	uint32_t column = 0;

	if (p == end || *p != (r->is_object ? '{' : '['))
		return NULL;
	p = skip_space(p + 1, end);
	for (;;) {
		if (column == (is_first ? TAPE_COLUMNS_MAX : r->column_count))
			return NULL;
		if (r->is_object)
			p = read_key(s, r, column, is_first, p);
		if (!p)
			return NULL;
		r->number_at[column] = p;
		p = read_int(p, end, &values[column]);
		if (!p)
			return NULL;
		r->number_end[column++] = p;
		p = skip_space(p, end);
		if (p == end)
			return NULL;
		if (*p == (r->is_object ? '}' : ']'))
			break;
		if (*p != ',')
			return NULL;
		p = skip_space(p + 1, end);
	}
	if (is_first)
		r->column_count = column;
	return column == r->column_count ? r->number_end[column - 1] : NULL;
}

/* Stores the bytes from..to as the gap after number `column`. */
static void learn_gap(struct records *r, uint32_t column, const char *from, const char *to)
{
	/* RECORDS_GAP_BYTES taken from offset n of this array give a mask of that many set
	 * bytes. */
	static const unsigned char sliding[2 * RECORDS_GAP_BYTES] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	};
	size_t bytes = (size_t)(to - from);

	if (bytes > RECORDS_GAP_BYTES) {
		r->has_gaps = false;
		return;
	}
	r->gap_bytes[column] = (uint8_t)bytes;
	/* Padding makes it safe to copy more bytes than the gap has. */
	memcpy(r->gaps[column], from, RECORDS_GAP_BYTES);
	memcpy(r->masks[column], sliding + RECORDS_GAP_BYTES - bytes, RECORDS_GAP_BYTES);
	for (; from < to; from++) {
		/* It would look like part of a number. */
		if (is_digit(*from) || *from == '-')
			r->has_gaps = false;
	}
}

/* Concatenates the gaps between a row's numbers. */
static void learn_skeleton(struct records *r)
{
	memset(r->skeleton, 0, sizeof(r->skeleton));
	r->skeleton_bytes = 0;
	r->gap_starts = 0;
	for (uint32_t i = 0; i + 1 < r->column_count; i++) {
		if (r->skeleton_bytes > RECORDS_SKELETON_BYTES - RECORDS_GAP_BYTES) {
			r->skeleton_bytes = UINT32_MAX;
			return;
		}
		memcpy(r->skeleton + r->skeleton_bytes, r->gaps[i], r->gap_bytes[i]);
		r->gap_starts |= (uint64_t)1 << r->skeleton_bytes;
		r->skeleton_bytes += r->gap_bytes[i];
	}
}

const char *records_first_row(struct simd_pass *s, struct records *r, const char *p)
{
	const char *end_of_row = read_row(s, r, true, p);

	if (!end_of_row)
		return NULL;
	r->has_gaps = true;
	for (uint32_t i = 0; i + 1 < r->column_count; i++)
		learn_gap(r, i, r->number_end[i], r->number_at[i + 1]);
	if (r->has_gaps)
		learn_skeleton(r);
	r->lead_bytes = (uint32_t)(r->number_at[0] - p);
	return end_of_row;
}

const char *records_row(struct simd_pass *s, struct records *r, const char *p)
{
	return read_row(s, r, false, p);
}

bool records_learn_gap(struct simd_pass *s, struct records *r, const char *end_of_row,
		       const char *next_row)
{
	const char *first_row = r->number_at[0] - r->lead_bytes;

	/* The next row must start like this one; bytes beyond the end are not a row. */
	if (!r->has_gaps || r->lead_bytes > RECORDS_GAP_BYTES ||
	    (size_t)(s->end - next_row) < r->lead_bytes ||
	    memcmp(first_row, next_row, r->lead_bytes) != 0)
		return false;
	learn_gap(r, r->column_count - 1, end_of_row, next_row + r->lead_bytes);
	r->is_quick = r->has_gaps;
	return r->is_quick;
}

enum records_after records_after(const struct simd_pass *s, const struct records *r,
				 const char *end_of_row, const char **p)
{
	const char *end = s->end;
	const char *q = skip_space(end_of_row, end);

	/* The number may continue (1.5), or the row (one column more). */
	if (q >= end || *q != (r->is_object ? '}' : ']'))
		return ROW_ODD;
	q = skip_space(q + 1, end);
	if (q >= end || (*q != ',' && *q != ']'))
		return ROW_FAULTY;
	*p = *q == ',' ? skip_space(q + 1, end) : q + 1;
	return *q == ',' ? ROW_NEXT : ROW_LAST;
}

int records_grow(struct simd_pass *s, struct records *r)
{
	size_t rows = 1;

	/* All rows are about as long as the first, so allocate the whole table at once. */
	if (r->row_count > 0) {
		const char *row = r->number_at[0] - r->lead_bytes;
		size_t row_bytes = (size_t)(r->number_end[r->column_count - 1] - row) + 1;

		rows = (size_t)(s->end - row) / row_bytes + 2;
	}
	if (tape_reserve(&s->tape->values, rows * r->column_count + RECORDS_SLACK,
			 sizeof(int32_t)) == 0)
		return 0;
	s->no_memory = true;
	return -ENOMEM;
}

int records_finish(struct simd_pass *s, struct records *r)
{
	struct tape_store *tables = &s->tape->tables;
	struct tape_node *node = s->node;

	if (tape_reserve(tables, 1, sizeof(struct tape_table)) < 0) {
		s->no_memory = true;
		return -ENOMEM;
	}
	((struct tape_table *)tables->ptr)[tables->count] = (struct tape_table){
		.values_at = r->values_at,
		.keys_at = r->is_object ? r->keys_at : UINT32_MAX,
		.row_count = r->row_count,
		.column_count = r->column_count,
	};
	node->flags |= TAPE_RECORDS;
	node->u.container.end = (uint32_t)(node - s->nodes) + 1;
	node->u.container.table = (uint32_t)tables->count++;
	return 0;
}

int records_to_nodes(struct simd_pass *s, struct records *r)
{
	const int32_t *values = (const int32_t *)s->tape->values.ptr + r->values_at;
	const struct span *keys = (const struct span *)s->tape->keys.ptr + r->keys_at;
	enum value_kind kind = r->is_object ? VALUE_OBJECT : VALUE_ARRAY;

	s->node++;
	for (uint32_t row = 0; row < r->row_count; row++) {
		struct tape_node *first;

		if (s->node >= s->limit && simd_grow(s) < 0)
			return -ENOMEM;
		first = s->node++;
		*first = (struct tape_node){ .kind = (uint8_t)kind };
		for (uint32_t i = 0; i < r->column_count; i++) {
			uint64_t key = 0;

			if (r->is_object)
				key = simd_key((size_t)(keys[i].ptr - s->text), keys[i].len);
			simd_put(s->node++, key, VALUE_INT, (uint64_t)(int64_t)*values++);
		}
		*s->node++ = (struct tape_node){ .kind = TAPE_END };
		first->u.container.end = (uint32_t)(s->node - s->nodes);
	}
	/* The table is not needed any more. */
	s->tape->values.count = r->values_at;
	s->tape->keys.count = r->keys_at;
	return 0;
}
