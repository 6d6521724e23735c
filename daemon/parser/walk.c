#include "daemon/parser/walk.h"

#include <errno.h>
#include <stddef.h>

#include <string.h>

#include "daemon/base/chars.h"
#include "daemon/json/number.h"
#include "daemon/json/text.h"
#include "daemon/parser/tape.h"
#include "daemon/rpc/limits.h"

enum { PLAIN_DIGITS_EXACT = 15 }; /* a double represents every integer with this many digits */

struct level {
	uint32_t node;
	bool is_object;
};

struct walk {
	const char *p, *end;
	struct span text;
	struct tape *tape; /* NULL: check only */
	const struct walk_notes *notes;
	struct parse_fault *fault;

	struct span key; /* of the value to come: raw; in objects only */
	bool key_is_escaped;
	uint32_t element_index; /* in the root array */
	uint32_t numbers_count;

	uint32_t depth;
	struct level levels[RPC_DEPTH_MAX];
};

static int fail(struct walk *w, const char *why, const char *at)
{
	w->fault->why = at >= w->end ? "unexpected end of text" : why;
	w->fault->byte_index = (uint32_t)(at - w->text.ptr);
	return -EPROTO;
}

static void skip_space(struct walk *w)
{
	while (w->p < w->end && (*w->p == ' ' || *w->p == '\n' || *w->p == '\r' || *w->p == '\t'))
		w->p++;
}

/* Reads the escape at w->p, a backslash. */
static int walk_escape(struct walk *w)
{
	const char *p = w->p + 1;
	unsigned unit = 0;

	if (p == w->end || !strchr("\"\\/bfnrtu", *p) || *p == '\0')
		return fail(w, "unknown escape", p);
	if (*p++ != 'u') {
		w->p = p;
		return 0;
	}
	for (int i = 0; i < 4; i++, p++) {
		int digit = p < w->end ? chars_hex(*p) : -1;

		if (digit < 0)
			return fail(w, "expected a hexadecimal digit", p);
		unit = unit << 4 | (unsigned)digit;
	}
	if (unit >= 0xdc00 && unit < 0xe000)
		return fail(w, "unpaired surrogate", w->p);
	if (unit == 0 && w->notes && w->notes->nul(w->notes->ctx, w->p) < 0)
		return -ENOMEM;
	w->p = p;
	if (unit < 0xd800 || unit >= 0xdc00)
		return 0;
	/* The second half must follow. */
	if (p >= w->end || *p != '\\')
		return fail(w, "unpaired surrogate", p);
	if (p + 1 >= w->end || p[1] != 'u')
		return fail(w, "unpaired surrogate", p + 1);
	p += 2;
	for (int i = 0; i < 4; i++, p++) {
		bool fits = p < w->end && (i == 0   ? (*p | 0x20) == 'd'
					   : i == 1 ? strchr("cdefCDEF", *p) && *p
						    : chars_hex(*p) >= 0);

		if (!fits)
			return fail(w, "unpaired surrogate", p);
	}
	w->p = p;
	return 0;
}

/* Reads the string at w->p, a quote. *raw is its content. */
static int walk_string(struct walk *w, struct span *raw, bool *is_escaped)
{
	const char *start = ++w->p;
	int rc;

	*is_escaped = false;
	while (w->p < w->end && *w->p != '"') {
		unsigned char c = (unsigned char)*w->p;
		size_t good, len;

		if (c == '\\') {
			*is_escaped = true;
			rc = walk_escape(w);
			if (rc < 0)
				return rc;
			continue;
		}
		if (c < 0x20)
			return fail(w, "control character in a string", w->p);
		len = 1;
		if (c >= 0x80)
			len = chars_utf8_sequence(w->p, (size_t)(w->end - w->p), &good);
		if (!len)
			return fail(w, "not UTF-8", w->p + good);
		w->p += len;
	}
	if (w->p == w->end)
		return fail(w, "", w->p);
	*raw = span_of(start, (size_t)(w->p - start));
	w->p++;
	return 0;
}

static int push(struct walk *w, struct tape_node node)
{
	struct tape *t = w->tape;

	if (!t)
		return 0;
	if (tape_reserve(&t->nodes, 1, sizeof(node)) < 0)
		return -ENOMEM;
	if (w->depth && w->levels[w->depth - 1].is_object &&
	    tape_set_key(t, &node, w->key, w->key_is_escaped) < 0)
		return -ENOMEM;
	tape_nodes(t)[t->nodes.count++] = node;
	return 0;
}

static int node_string(struct walk *w)
{
	struct tape_node node = { .kind = VALUE_STRING };
	struct span raw = { 0 };
	bool is_escaped;
	int rc = walk_string(w, &raw, &is_escaped);

	if (rc < 0 || !w->tape)
		return rc;
	node.u.string.at = (uint32_t)(raw.ptr - w->text.ptr);
	node.u.string.bytes = (uint32_t)raw.len;
	if (is_escaped) {
		node.flags = TAPE_ARENA;
		if (tape_unescape(w->tape, raw, &node.u.string.at, &node.u.string.bytes) < 0)
			return -ENOMEM;
	}
	return push(w, node);
}

static int note_number(struct walk *w, struct span raw)
{
	size_t digits = raw.len - (*raw.ptr == '-');
	bool is_plain = !memchr(raw.ptr, '.', raw.len) && !memchr(raw.ptr, 'e', raw.len) &&
			!memchr(raw.ptr, 'E', raw.len);
	uint32_t index = w->numbers_count - 1;

	if (raw.len < WALK_NUMBER_LONG_BYTES && !(is_plain && digits > PLAIN_DIGITS_EXACT))
		return 0;
	return w->notes->number(w->notes->ctx, index, raw, is_plain);
}

static int node_number(struct walk *w)
{
	struct tape_node node = { .kind = VALUE_INT };
	const char *start = w->p;
	struct number n;
	int rc = number_read(&w->p, w->end, &n);

	if (rc == -ERANGE)
		return fail(w, "number out of range", start);
	if (rc < 0)
		return fail(w, "malformed number", w->p);
	w->numbers_count++;
	if (w->notes && w->p - start > PLAIN_DIGITS_EXACT) {
		rc = note_number(w, span_of(start, (size_t)(w->p - start)));
		if (rc < 0)
			return rc;
	}
	node.u.integer = n.integer;
	if (!n.is_integer) {
		node.kind = VALUE_REAL;
		node.u.real = n.real;
	}
	return push(w, node);
}

static int node_word(struct walk *w)
{
	static const struct {
		const char *text;
		enum value_kind kind;
	} words[] = { { "true", VALUE_BOOL }, { "false", VALUE_BOOL }, { "null", VALUE_NULL } };
	struct tape_node node = { 0 };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		const char *text = words[i].text;

		if (*w->p != *text)
			continue;
		for (; *text; text++, w->p++) {
			if (w->p == w->end || *w->p != *text)
				return fail(w, "unknown word", w->p);
		}
		node.kind = (uint8_t)words[i].kind;
		node.u.integer = i == 0;
		return push(w, node);
	}
	return fail(w, "expected a value", w->p);
}

static int open_container(struct walk *w, bool is_object)
{
	struct tape_node node = { .kind = is_object ? VALUE_OBJECT : VALUE_ARRAY };
	int rc;

	if (w->depth == RPC_DEPTH_MAX)
		return fail(w, "nested too deeply", w->p);
	rc = push(w, node);
	if (rc < 0)
		return rc;
	w->levels[w->depth++] = (struct level){
		.node = w->tape ? (uint32_t)w->tape->nodes.count - 1 : 0,
		.is_object = is_object,
	};
	w->p++;
	return 0;
}

static int close_container(struct walk *w)
{
	struct level *level = &w->levels[--w->depth];
	struct tape *t = w->tape;

	w->p++;
	if (!t)
		return 0;
	if (tape_reserve(&t->nodes, 1, sizeof(struct tape_node)) < 0)
		return -ENOMEM;
	tape_nodes(t)[t->nodes.count++] = (struct tape_node){ .kind = TAPE_END };
	tape_nodes(t)[level->node].u.container.end = (uint32_t)t->nodes.count;
	return 0;
}

/* Reads key and colon. */
static int walk_key(struct walk *w)
{
	int rc;

	if (w->p == w->end || *w->p != '"')
		return fail(w, "expected a key", w->p);
	rc = walk_string(w, &w->key, &w->key_is_escaped);
	if (rc < 0)
		return rc;
	skip_space(w);
	if (w->p == w->end || *w->p != ':')
		return fail(w, "expected ':'", w->p);
	w->p++;
	skip_space(w);
	return 0;
}

/* Whether the next value is the id of a request, according to its position. */
static bool is_id(const struct walk *w)
{
	char key[12]; /* two \uXXXX */
	struct span name = w->key;

	if (!w->notes || w->depth == 0 || w->depth > 2 || !w->levels[w->depth - 1].is_object ||
	    (w->depth == 2 && w->levels[0].is_object))
		return false;
	if (w->key_is_escaped) {
		if (name.len > sizeof(key))
			return false;
		name = span_of(key, text_unescape(key, name.ptr, name.len));
	}
	return span_eq(name, SPAN_LIT("id"));
}

static int walk_scalar(struct walk *w)
{
	const char *start = w->p;
	int rc;

	if (*start == '"')
		rc = node_string(w);
	else if (*start == '-' || (unsigned char)(*start - '0') <= 9)
		rc = node_number(w);
	else
		rc = node_word(w);
	if (rc == 0 && is_id(w))
		rc = w->notes->id(w->notes->ctx, w->element_index,
				  span_of(start, (size_t)(w->p - start)));
	return rc;
}

/* Reads one value, or the opening of a container and what precedes its first value. */
static int walk_value(struct walk *w, bool *is_value_next)
{
	bool is_object;
	int rc;

	if (w->p == w->end)
		return fail(w, "", w->p);
	*is_value_next = false;
	if ((*w->p | 0x20) != '{')
		return walk_scalar(w);
	is_object = *w->p == '{';
	rc = open_container(w, is_object);
	if (rc < 0)
		return rc;
	skip_space(w);
	if (w->p < w->end && *w->p == (is_object ? '}' : ']'))
		return close_container(w);
	*is_value_next = true;
	return is_object ? walk_key(w) : 0;
}

/* Reads what follows a value: closing brackets and at most one comma. */
static int walk_after(struct walk *w, bool *is_done)
{
	int rc;

	for (;;) {
		bool is_object;

		skip_space(w);
		*is_done = w->depth == 0;
		if (*is_done)
			return w->p == w->end ? 0 : fail(w, "text after the value", w->p);
		is_object = w->levels[w->depth - 1].is_object;
		if (w->p == w->end)
			return fail(w, "", w->p);
		if (*w->p == ',') {
			w->element_index += w->depth == 1 && !is_object;
			w->p++;
			skip_space(w);
			return is_object ? walk_key(w) : 0;
		}
		if (*w->p != (is_object ? '}' : ']'))
			return fail(w, is_object ? "expected ',' or '}'" : "expected ',' or ']'",
				    w->p);
		rc = close_container(w);
		if (rc < 0)
			return rc;
	}
}

static int walk_text(struct walk *w)
{
	bool is_value_next = true;
	bool is_done = false;
	int rc;

	if (w->text.len > RPC_REQUEST_BYTES_MAX) {
		w->fault->why = "text is too long";
		w->fault->byte_index = RPC_REQUEST_BYTES_MAX;
		return -EPROTO;
	}
	skip_space(w);
	while (!is_done) {
		rc = walk_value(w, &is_value_next);
		if (rc == 0 && !is_value_next)
			rc = walk_after(w, &is_done);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int walk_build(struct tape *tape, struct span text, struct parse_fault *fault)
{
	struct walk w;

	/* Without the levels: clearing their 2 KiB is unnecessary. */
	memset(&w, 0, offsetof(struct walk, levels));
	w.p = text.ptr;
	w.end = text.ptr + text.len;
	w.text = text;
	w.tape = tape;
	w.fault = fault;
	tape_start(tape, text);
	return walk_text(&w);
}

int walk_check(struct span text, const struct walk_notes *notes, struct parse_fault *fault)
{
	struct walk w;

	memset(&w, 0, offsetof(struct walk, levels));
	w.p = text.ptr;
	w.end = text.ptr + text.len;
	w.text = text;
	w.notes = notes;
	w.fault = fault;
	return walk_text(&w);
}
