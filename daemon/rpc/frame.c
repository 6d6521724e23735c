/*
 * frame.c - splits a byte stream into messages.
 *
 * White space between messages is skipped; the first other byte decides: a bracket starts a message
 * that ends where brackets balance (frame_tmpl.h), anything else is a line.
 */
#include "daemon/rpc/frame.h"

#include <stdatomic.h>
#include <string.h>

#include "daemon/base/cpu.h"

#define VEC_TEMPLATE "daemon/rpc/frame_tmpl.h"
#include "daemon/json/vec_each.h"

_Static_assert(sizeof(struct frame_scan) <= 16, "must fit into the connection's cache line");

typedef size_t(frame_scan_fn)(struct frame_scan *scan, const char *p, size_t n, bool *end);

static frame_scan_fn *const scanners[] = VEC_TABLE(frame_scan);

static size_t scan_first(struct frame_scan *scan, const char *p, size_t n, bool *end);

/* Written once or, by tests, before threads run; every value is valid, so relaxed is enough. */
static _Atomic(frame_scan_fn *) scanner = scan_first;

void frame_choose_level(void)
{
	atomic_store_explicit(&scanner, scanners[cpu_simd_level()], memory_order_relaxed);
}

static size_t scan_first(struct frame_scan *scan, const char *p, size_t n, bool *end)
{
	frame_choose_level();
	return atomic_load_explicit(&scanner, memory_order_relaxed)(scan, p, n, end);
}

static bool is_space(char c)
{
	return (unsigned char)c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

/* The rest of a line; *end: it includes the newline. */
static size_t scan_line(const char *p, size_t n, bool *end)
{
	const char *newline = memchr(p, '\n', n);

	*end = newline != NULL;
	return newline ? (size_t)(newline - p) + 1 : n;
}

/* Drops the rest of an over-long message. Returns how many bytes of data belong to it. */
static size_t skip_rest(struct frame_scan *scan, struct span data)
{
	size_t n;
	bool end;

	n = scan->state == FRAME_LINE ? scan_line(data.ptr, data.len, &end)
				      : atomic_load_explicit(&scanner, memory_order_relaxed)(
						scan, data.ptr, data.len, &end);
	if (end)
		*scan = (struct frame_scan){ 0 };
	return n;
}

static enum frame_result found(struct frame_scan *scan, struct span data, size_t start, size_t end,
			       struct span *message)
{
	message->ptr = data.ptr + start;
	message->len = end - start;
	/* A line, or a message that a raw newline in a string ended: the newline is not
	 * part of it. */
	if (data.ptr[end - 1] == '\n')
		message->len--;
	*scan = (struct frame_scan){ 0 };
	return FRAME_MESSAGE;
}

enum frame_result frame_next(struct frame_scan *scan, struct span data, size_t max_bytes,
			     struct span *message, size_t *consumed_bytes)
{
	size_t start = 0;
	size_t limit;
	size_t from;
	bool end;

	if (scan->skipping)
		start = skip_rest(scan, data);
	if (scan->state == 0) {
		while (start < data.len && is_space(data.ptr[start]))
			start++;
	}
	*consumed_bytes = start;
	if (start == data.len)
		return FRAME_MORE;
	if (scan->state == 0)
		scan->state = (data.ptr[start] | 0x20) == '{' ? FRAME_OPEN : FRAME_LINE;

	/* One byte more than the limit is examined, since a line's newline is not counted. */
	limit = data.len - start > max_bytes ? max_bytes + 1 : data.len - start;
	from = scan->scanned_bytes;
	if (scan->state == FRAME_LINE)
		from += scan_line(data.ptr + start + from, limit - from, &end);
	else
		from += atomic_load_explicit(&scanner, memory_order_relaxed)(
			scan, data.ptr + start + from, limit - from, &end);
	if (end && (from <= max_bytes || data.ptr[start + from - 1] == '\n')) {
		*consumed_bytes = start + from;
		return found(scan, data, start, start + from, message);
	}
	if (!end && from <= max_bytes) {
		scan->scanned_bytes = (uint32_t)from;
		return FRAME_MORE;
	}
	*consumed_bytes = start + from;
	scan->scanned_bytes = 0;
	scan->skipping = !end;
	if (end)
		*scan = (struct frame_scan){ 0 };
	return FRAME_TOO_LONG;
}

bool frame_give_up(struct frame_scan *scan, size_t bytes_count)
{
	if (!bytes_count || scan->skipping || scan->scanned_bytes != bytes_count)
		return false;
	scan->scanned_bytes = 0;
	scan->skipping = 1;
	return true;
}
