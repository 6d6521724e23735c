/*
 * simd_tmpl.h - template (see vec.h): one pass from text to tape.
 *
 * There is no first stage that indexes the text: requests are small and their tokens short, so
 * sixteen bytes loaded at a token usually contain all of it, and processors predict its length
 * well. Everything is checked on the way (structure, numbers, escapes), UTF-8 before it, for the
 * whole text. A pass only detects that a text is invalid; the reference walk finds out where.
 */
#include "daemon/json/vec.h"

#include "daemon/parser/records_tmpl.h"

#ifndef DAEMON_PARSER_SIMD_TMPL_H
#define DAEMON_PARSER_SIMD_TMPL_H

#include <errno.h>

#include "daemon/json/number.h"
#include "daemon/json/text.h"
#include "daemon/parser/parser.h"
#include "daemon/parser/simd.h"

/* The state of one level of nesting. */
static inline uint32_t simd_level(size_t node_index, bool is_object)
{
	return (uint32_t)node_index << 1 | is_object;
}

/* Reads any number with the reference. Returns the position after it, or NULL. */
static const char *simd_number(const struct simd_pass *s, const char *p, uint64_t key,
			       struct tape_node *node)
{
	struct number n;
	uint64_t payload;

	if (p >= s->end || number_read(&p, s->end, &n) < 0)
		return NULL;
	memcpy(&payload, &n.real, sizeof(payload));
	if (n.is_integer)
		payload = (uint64_t)n.integer;
	simd_put(node, key, n.is_integer ? VALUE_INT : VALUE_REAL, payload);
	return p;
}

/* Eight digits at first, and up to seven more: numbers of requests. Returns behind it, or NULL. */
static __attribute__((noinline)) const char *simd_long_number(const struct simd_pass *s,
							      const char *p, uint64_t key,
							      struct tape_node *node)
{
	static const uint32_t powers[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000 };
	bool is_negative = *p == '-';
	const char *first = p + is_negative;
	uint64_t word = vec_load8(first + 8);
	unsigned bytes = simd_digits(word);
	uint64_t value = records_digits(vec_load8(first), 8);
	char next = first[8 + bytes];

	if (bytes == 8 || *first == '0' || next == '.' || (next | 0x20) == 'e')
		return simd_number(s, p, key, node);
	value *= powers[bytes];
	if (bytes)
		value += records_digits(word, bytes);
	simd_put(node, key, VALUE_INT, is_negative ? 0 - value : value);
	return first + 8 + bytes;
}

/* true, false, null: five bytes may be read. Returns the position after it, or NULL. */
static inline __attribute__((always_inline)) const char *simd_word(const char *p, uint64_t key,
								   struct tape_node *node)
{
	if (memcmp(p, "true", 4) == 0) {
		simd_put(node, key, VALUE_BOOL, 1);
		return p + 4;
	}
	if (memcmp(p, "null", 4) == 0) {
		simd_put(node, key, VALUE_NULL, 0);
		return p + 4;
	}
	if (*p != 'f' || memcmp(p + 1, "alse", 4) != 0)
		return NULL;
	simd_put(node, key, VALUE_BOOL, 0);
	return p + 5;
}

#endif /* DAEMON_PARSER_SIMD_TMPL_H */

/* The bytes of a block that end the plain part of a string. */
VEC_INLINE uint64_t VEC(simd_stops)(struct VEC(block) b)
{
	return VEC(block_equal)(b, '"') | VEC(block_equal)(b, '\\') | VEC(block_below)(b, 0x20);
}

/*
 * Whether the text (at least one byte) is valid UTF-8; most texts are pure ASCII. Also searches the
 * first 128 bytes for what ends strings: s->stops.
 */
VEC_INLINE bool VEC(simd_is_utf8)(struct simd_pass *s, struct span text)
{
	struct VEC(block) b = VEC(block_load)(text.ptr);
	uint64_t high = 0;
	size_t at = 64;

	s->stops[0] = VEC(simd_stops)(b);
	s->stops[1] = 0;
	if (text.len > 64) {
		high = VEC(block_high)(b);
		b = VEC(block_load)(text.ptr + 64);
		s->stops[1] = VEC(simd_stops)(b);
		for (at = 128; at < text.len; at += 64) {
			high |= VEC(block_high)(b);
			b = VEC(block_load)(text.ptr + at);
		}
	}
	/* Ignores what follows the text in the last block. */
	high |= VEC(block_high)(b) << (at - text.len);
	return high == 0 || VEC16(vec16_is_utf8)(text.ptr, text.len);
}

/* How many bytes from p on belong to the plain part of a string, within one load. */
VEC_INLINE size_t VEC(simd_plain)(const struct simd_pass *s, const char *p)
{
	size_t at = (size_t)(p - s->text);

	if (at < 128) {
		uint64_t stops = s->stops[at / 64] >> (at & 63);

		if (__builtin_expect(stops != 0, 1))
			return (size_t)__builtin_ctzll(stops);
	}
	return (size_t)__builtin_ctz(VEC16(vec16_stops)(p) | 1u << 16);
}

/* The first byte that is not white space. */
VEC_ENTRY const char *VEC(simd_skip)(const char *p, const char *end)
{
	while (p < end) {
		uint32_t solid = VEC16(vec16_solid)(p);

		if (solid)
			return p + __builtin_ctz(solid);
		p += 16;
	}
	return p;
}

VEC_INLINE const char *VEC(simd_space)(const char *p, const char *end)
{
	/* None, or one space, as written by most JSON writers. */
	if (__builtin_expect((unsigned char)*p > ' ', 1))
		return p;
	if (*p == ' ' && (unsigned char)p[1] > ' ')
		return p + 1;
	return VEC(simd_skip)(p, end);
}

/*
 * The closing quote of the string whose content starts at start, or NULL: there is none, or a
 * control character comes before it.
 */
VEC_ENTRY const char *VEC(simd_far_quote)(const char *start, const char *end, bool *is_escaped)
{
	bool carry = false;

	*is_escaped = false;
	for (const char *p = start; p < end; p += 64) {
		struct VEC(block) b = VEC(block_load)(p);
		uint64_t slashes = VEC(block_equal)(b, '\\');
		uint64_t quotes = VEC(block_equal)(b, '"');
		uint64_t controls = VEC(block_below)(b, 0x20);
		uint64_t inside;

		if (slashes || carry)
			quotes &= ~vec_escaped(slashes, 64, &carry);
		inside = quotes ? (quotes & -quotes) - 1 : ~(uint64_t)0;
		*is_escaped |= (slashes & inside) != 0;
		if (controls & inside)
			return NULL;
		if (quotes)
			return p + __builtin_ctzll(quotes);
	}
	return NULL;
}

/* Handles strings that do not end within 16 bytes. Returns the position after the closing quote, or
 * NULL. */
VEC_ENTRY const char *VEC(simd_far_string)(struct simd_pass *s, const char *start, uint64_t *key,
					   struct tape_node *node)
{
	uint32_t at = (uint32_t)(start - s->text);
	uint64_t head = *key;
	struct span raw;
	uint32_t bytes;
	bool is_escaped;
	const char *quote = VEC(simd_far_quote)(start, s->end, &is_escaped);

	if (!quote)
		return NULL;
	raw = span_of(start, (size_t)(quote - start));
	bytes = (uint32_t)raw.len;
	if (is_escaped && !simd_escapes_are_valid(raw))
		return NULL;
	if (!node)
		return simd_far_key(s, raw, is_escaped, key) < 0 ? NULL : quote + 1;
	if (is_escaped) {
		head |= (uint64_t)TAPE_ARENA << 8;
		s->no_memory = tape_unescape(s->tape, raw, &at, &bytes) < 0;
	}
	simd_put(node, head, VALUE_STRING, (uint64_t)bytes << 32 | at);
	return s->no_memory ? NULL : quote + 1;
}

/* Reads key and colon with white space around them. Returns the value's first byte, or NULL. */
VEC_INLINE const char *VEC(simd_read_key)(struct simd_pass *s, const char *p, uint64_t *key)
{
	size_t bytes;

	if (*p++ != '"')
		return NULL;
	bytes = VEC(simd_plain)(s, p);
	if (__builtin_expect(p[bytes] == '"', 1)) {
		*key = simd_key((size_t)(p - s->text), bytes);
		p += bytes + 1;
	} else {
		p = VEC(simd_far_string)(s, p, key, NULL);
		if (!p)
			return NULL;
	}
	if (*p != ':') {
		p = VEC(simd_skip)(p, s->end);
		if (*p != ':')
			return NULL;
	}
	return VEC(simd_space)(p + 1, s->end);
}

/*
 * Reads a key of the root object, which has the members of a request: each usual key is one
 * comparison, and a processor that predicts it correctly need not wait for the text to find the
 * next token.
 */
VEC_INLINE const char *VEC(simd_read_member)(struct simd_pass *s, const char *p, uint64_t *key)
{
	uint64_t word = vec_load8(p);

	if (word == SIMD_WORD('"', 'j', 's', 'o', 'n', 'r', 'p', 'c') &&
	    vec_load8(p + 8) == SIMD_WORD('"', ':', '"', '2', '.', '0', '"', ',')) {
		size_t at = (size_t)(p - s->text);

		simd_member(s, ENVELOPE_VERSION);
		simd_put(s->node++, simd_key(at + 1, 7), VALUE_STRING,
			 (uint64_t)3 << 32 | (at + 11));
		p = VEC(simd_space)(p + 16, s->end);
		word = vec_load8(p);
	}
	if (word == SIMD_WORD('"', 'm', 'e', 't', 'h', 'o', 'd', '"') && p[8] == ':') {
		simd_member(s, ENVELOPE_METHOD);
		*key = simd_key((size_t)(p + 1 - s->text), 6);
		return VEC(simd_space)(p + 9, s->end);
	}
	if (word == SIMD_WORD('"', 'p', 'a', 'r', 'a', 'm', 's', '"') && p[8] == ':') {
		simd_member(s, ENVELOPE_PARAMS);
		*key = simd_key((size_t)(p + 1 - s->text), 6);
		return VEC(simd_space)(p + 9, s->end);
	}
	if ((word & 0xffffffffff) == SIMD_WORD('"', 'i', 'd', '"', ':', 0, 0, 0)) {
		simd_member(s, ENVELOPE_ID);
		*key = simd_key((size_t)(p + 1 - s->text), 2);
		return VEC(simd_space)(p + 5, s->end);
	}
	s->has_others = true;
	return VEC(simd_read_key)(s, p, key);
}

VEC_INLINE const char *VEC(simd_read_string)(struct simd_pass *s, const char *p, uint64_t key,
					     struct tape_node *node)
{
	size_t bytes = VEC(simd_plain)(s, ++p);

	if (__builtin_expect(p[bytes] != '"', 0))
		return VEC(simd_far_string)(s, p, &key, node);
	simd_put(node, key, VALUE_STRING, (uint64_t)bytes << 32 | (uint64_t)(p - s->text));
	return p + bytes + 1;
}

/* Reads up to seven digits here; the reference reads other numbers. */
VEC_INLINE const char *VEC(simd_read_number)(struct simd_pass *s, const char *p, uint64_t key,
					     struct tape_node *node)
{
	bool is_negative = *p == '-';
	const char *first = p + is_negative;
	uint64_t word = vec_load8(first);
	unsigned bytes = simd_digits(word);
	char next = first[bytes];
	uint64_t value;

	if (__builtin_expect(bytes == 8, 0))
		return simd_long_number(s, p, key, node);
	if (__builtin_expect(bytes == 0 || (*first == '0' && bytes > 1) || next == '.' ||
				     (next | 0x20) == 'e',
			     0))
		return simd_number(s, p, key, node);
	value = records_digits(word, bytes);
	simd_put(node, key, VALUE_INT, is_negative ? 0 - value : value);
	return first + bytes;
}

/* The same, and the numbers of an array that follow with nothing but a comma between. s->node is
 * the last one's. */
VEC_INLINE const char *VEC(simd_read_numbers)(struct simd_pass *s, const char *p, uint64_t key,
					      bool is_element)
{
	p = VEC(simd_read_number)(s, p, key, s->node);
	while (is_element && p && p + 1 < s->end && *p == ',' &&
	       ((unsigned char)(p[1] - '0') <= 9 || p[1] == '-') && s->node + 1 < s->limit)
		p = VEC(simd_read_number)(s, p + 1, 0, ++s->node);
	return p;
}

/*
 * Called after a value: handles closing brackets, then a comma and, in an object, the next key.
 * Returns the next value's first byte, or NULL. *depth 0: the root is complete.
 */
VEC_INLINE const char *VEC(simd_after)(struct simd_pass *s, const char *p, uint32_t *depth,
				       const uint32_t *levels, uint64_t *key)
{
	while (*depth) {
		uint32_t level = levels[*depth];
		bool is_object = level & 1;

		p = VEC(simd_space)(p, s->end);
		if (p >= s->end)
			return NULL;
		if (*p == ',') {
			p = VEC(simd_space)(p + 1, s->end);
			*key = 0;
			if (!is_object)
				return p;
			return *depth == 1 ? VEC(simd_read_member)(s, p, key)
					   : VEC(simd_read_key)(s, p, key);
		}
		if (*p++ != (is_object ? '}' : ']'))
			return NULL;
		simd_put(s->node++, 0, (enum value_kind)TAPE_END, 0);
		s->nodes[level >> 1].u.container.end = (uint32_t)(s->node - s->nodes);
		--*depth;
	}
	return p;
}

/*
 * Handles an opening bracket at p. Returns the first child's first byte, with *depth one higher; or
 * the position after the closing bracket, with *depth unchanged; or NULL.
 */
VEC_INLINE const char *VEC(simd_open)(struct simd_pass *s, const char *p, uint32_t *depth,
				      uint32_t *levels, uint64_t *key)
{
	bool is_object = *p == '{';
	struct tape_node *node = s->node;
	size_t index = (size_t)(node - s->nodes);
	enum records_result result;

	if (*depth == RPC_DEPTH_MAX)
		return NULL;
	simd_put(node, *key, is_object ? VALUE_OBJECT : VALUE_ARRAY, 0);
	p = VEC(simd_space)(p + 1, s->end);
	if (*p == (is_object ? '}' : ']')) {
		node->u.container.end = (uint32_t)index + 2;
		simd_put(node + 1, 0, (enum value_kind)TAPE_END, 0);
		s->node += 2;
		return p + 1;
	}
	*key = 0;
	if (!is_object && (*p | 0x20) == '{' && *depth > 0 && p < s->end) {
		/* Not at the root, since elements of a batch need their texts. */
		const char *at = p;

		result = VEC(records_read)(s, &at);
		p = at;
		if (result != RECORDS_NODES) {
			s->node++;
			return result == RECORDS_DONE ? p : NULL;
		}
	} else {
		s->node++;
	}
	levels[++*depth] = simd_level(index, is_object);
	if (!is_object)
		return p;
	return *depth == 1 ? VEC(simd_read_member)(s, p, key) : VEC(simd_read_key)(s, p, key);
}

/* Reads the value at p and all brackets that close after it; see simd_after. */
VEC_INLINE const char *VEC(simd_value)(struct simd_pass *s, const char *p, uint32_t *depth,
				       uint32_t *levels, uint64_t *key)
{
	char c = *p;

	if ((c | 0x20) == '{') {
		uint32_t before = *depth;

		p = VEC(simd_open)(s, p, depth, levels, key);
		if (!p || *depth > before)
			return p;
	} else {
		if (c == '"')
			p = VEC(simd_read_string)(s, p, *key, s->node);
		else if (c <= '9')
			p = VEC(simd_read_numbers)(s, p, *key, !(levels[*depth] & 1));
		else
			p = simd_word(p, *key, s->node);
		if (!p)
			return NULL;
		s->node++;
	}
	return VEC(simd_after)(s, p, depth, levels, key);
}

/* Fills the tape. Returns 0, -EPROTO or -ENOMEM. */
VEC_ENTRY int VEC(simd_build)(struct tape *tape, struct span text)
{
	struct simd_pass s = {
		.tape = tape,
		.text = text.ptr,
		.end = text.ptr + text.len,
	};
	uint32_t levels[RPC_DEPTH_MAX + 1];
	const char *p = text.ptr;
	uint32_t depth = 0;
	uint64_t key = 0;

	levels[0] = simd_level(0, true); /* the root is no element */
	tape_start(tape, text);
	if (text.len == 0 || text.len > RPC_REQUEST_BYTES_MAX || !VEC(simd_is_utf8)(&s, text))
		return -EPROTO;
	s.nodes = s.node = tape->nodes.ptr;
	if (tape->nodes.cap > SIMD_NODES_SLACK)
		s.limit = s.nodes + tape->nodes.cap - SIMD_NODES_SLACK;
	else if (simd_grow(&s) < 0)
		return -ENOMEM;
	memset(tape->members, 0, sizeof(tape->members));
	p = VEC(simd_space)(p, s.end);
	do {
		if (s.node >= s.limit && simd_grow(&s) < 0)
			return -ENOMEM;
		p = p < s.end ? VEC(simd_value)(&s, p, &depth, levels, &key) : NULL;
		if (!p)
			return s.no_memory ? -ENOMEM : -EPROTO;
	} while (depth);
	tape->nodes.count = (size_t)(s.node - s.nodes);
	tape->has_members = !s.has_others && s.nodes->kind == VALUE_OBJECT;
	if (p < s.end)
		p = VEC(simd_skip)(p, s.end);
	else if (p > s.end)
		return -EPROTO; /* a token extends into the padding */
	return p >= s.end ? 0 : -EPROTO;
}
