/* One pass without recursion: one bit per level says whether an object or an array encloses the
 * current value. */
#include "daemon/methods/script/script_json.h"

#include <stdint.h>
#include <string.h>

#include "daemon/base/chars.h"
#include "daemon/json/number.h"
#include "daemon/json/text.h"

struct scan {
	const char *at;
	const char *end;
	uint32_t depth;
	uint8_t is_object[SCRIPT_JSON_DEPTH_MAX]; /* by depth */
};

static bool take(struct scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static bool take_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return false;
	s->at += len;
	return true;
}

/* Called after the backslash. */
static bool take_escape(struct scan *s)
{
	if (s->at == s->end)
		return false;
	if (*s->at == 'u') {
		if (s->end - s->at < 5 || text_hex4(s->at + 1) < 0)
			return false;
		s->at += 5;
		return true;
	}
	return strchr("\"\\/bfnrt", *s->at++) && s->at[-1];
}

static bool take_string(struct scan *s)
{
	size_t good_bytes;

	if (!take(s, '"'))
		return false;
	while (s->at < s->end && *s->at != '"') {
		size_t len = chars_utf8_sequence(s->at, (size_t)(s->end - s->at), &good_bytes);

		if (!len || (unsigned char)*s->at < 0x20)
			return false;
		s->at += len;
		if (s->at[-1] == '\\' && !take_escape(s))
			return false;
	}
	return take(s, '"');
}

static bool take_scalar(struct scan *s)
{
	struct number number;

	if (s->at == s->end)
		return false;
	switch (*s->at) {
	case '"':
		return take_string(s);
	case 't':
		return take_word(s, "true");
	case 'f':
		return take_word(s, "false");
	case 'n':
		return take_word(s, "null");
	default:
		return (*s->at == '-' || (*s->at >= '0' && *s->at <= '9')) &&
		       number_read(&s->at, s->end, &number) == 0;
	}
}

/* The key of a member, up to its value. */
static bool take_key(struct scan *s)
{
	if (!take_string(s))
		return false;
	return take(s, ':');
}

/* Reads a scalar, an empty array or object, or the start of one that has content (*is_open). */
static bool take_opening(struct scan *s, bool *is_open)
{
	bool is_object = *s->at == '{';

	s->at++;
	*is_open = !take(s, is_object ? '}' : ']');
	if (!*is_open)
		return true;
	if (s->depth == SCRIPT_JSON_DEPTH_MAX)
		return false;
	s->is_object[s->depth++] = is_object;
	return !is_object || take_key(s);
}

/* Called after a value: closes the arrays and objects that end here. *is_next: another value
 * follows. */
static bool take_ends(struct scan *s, bool *is_next)
{
	*is_next = false;
	while (s->depth) {
		bool is_object = s->is_object[s->depth - 1];

		if (take(s, ',')) {
			*is_next = true;
			return !is_object || take_key(s);
		}
		if (!take(s, is_object ? '}' : ']'))
			return false;
		s->depth--;
	}
	return true;
}

bool script_json_is_valid(struct span text)
{
	struct scan s = { .at = text.ptr, .end = text.ptr + text.len };
	bool is_next = true;

	while (is_next) {
		if (s.at < s.end && (*s.at == '{' || *s.at == '[')) {
			if (!take_opening(&s, &is_next))
				return false;
			if (is_next)
				continue;
		} else if (!take_scalar(&s)) {
			return false;
		}
		if (!take_ends(&s, &is_next))
			return false;
	}
	return s.at == s.end;
}
