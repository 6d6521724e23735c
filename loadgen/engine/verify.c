/* verify.c - checks replies. */
#include "loadgen/engine/verify.h"

#include <jansson.h>

const char *const verify_names[VERIFY_DEPTHS + 1] = {
	[VERIFY_NONE] = "none",
	[VERIFY_FAST] = "fast",
	[VERIFY_FULL] = "full",
};

void verifier_init(struct verifier *v, enum verify_depth depth)
{
	memset(v, 0, sizeof(*v));
	v->depth = depth;
	/* The very first reply is checked in full. */
	v->until_sample = 1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Skips blanks outside strings. */
static const char *next_solid(const char *s, const char *end, bool in_string)
{
	while (!in_string && s < end && is_blank(*s))
		s++;
	return s;
}

/* Whether text (at a position outside strings, or at a quote) begins with want, ignoring blanks. */
static bool begins_loosely(const char *s, const char *s_end, struct span want)
{
	const char *w = want.ptr;
	const char *w_end = want.ptr + want.len;
	bool in_string = false;

	for (;;) {
		w = next_solid(w, w_end, in_string);
		if (w == w_end)
			return true;
		s = next_solid(s, s_end, in_string);
		if (s == s_end || *s != *w)
			return false;
		if (*w == '\\' && in_string && w + 1 < w_end && s + 1 < s_end) {
			if (s[1] != w[1])
				return false;
			s++;
			w++;
		} else if (*w == '"') {
			in_string = !in_string;
		}
		s++;
		w++;
	}
}

bool verify_contains(struct span text, struct span want, uint32_t *hint)
{
	const char *found;

	if (text.len >= want.len && *hint <= text.len - want.len &&
	    memcmp(text.ptr + *hint, want.ptr, want.len) == 0)
		return true;
	found = text.len ? memmem(text.ptr, text.len, want.ptr, want.len) : NULL;
	for (size_t i = 0; !found && i < text.len; i++)
		if (begins_loosely(text.ptr + i, text.ptr + text.len, want))
			found = text.ptr + i;
	if (found)
		*hint = (uint32_t)(found - text.ptr);
	return found;
}

/* The independent library must read the same from the line as protocol.c did. */
static bool library_agrees(struct span line, const struct reply *reply)
{
	json_t *root = json_loadb(line.ptr, line.len, 0, NULL);
	json_t *id = json_object_get(root, "id");
	json_t *error = json_object_get(root, "error");
	json_t *version = json_object_get(root, "jsonrpc");
	bool agrees = root && json_is_string(version) &&
		      strcmp(json_string_value(version), "2.0") == 0 &&
		      (error != NULL) == reply->is_error &&
		      (json_object_get(root, "result") != NULL) != reply->is_error &&
		      json_is_integer(id) == reply->has_id &&
		      (!reply->has_id || json_integer_value(id) == reply->id) &&
		      (!reply->is_error ||
		       json_integer_value(json_object_get(error, "code")) == reply->error_code);

	json_decref(root);
	return agrees;
}

static bool is_sampled(struct verifier *v)
{
	if (v->depth == VERIFY_FULL)
		return true;
	if (--v->until_sample)
		return false;
	v->until_sample = VERIFY_SAMPLE_EVERY;
	return true;
}

enum verify_verdict verify_reply(struct verifier *v, const struct workload_op *op, size_t op_index,
				 struct span line, const struct reply *reply)
{
	if (v->depth == VERIFY_NONE)
		return VERIFY_OK;
	if (is_sampled(v)) {
		v->full_count++;
		if (!library_agrees(line, reply))
			return VERIFY_UNPARSABLE;
	}
	if (reply->is_error) {
		if (op->expect_error)
			return reply->error_code == op->expect_error ? VERIFY_OK : VERIFY_MISMATCH;
		return op->may_fail ? VERIFY_OK : VERIFY_RPC_ERROR;
	}
	if (op->expect_error)
		return VERIFY_MISMATCH;
	for (size_t i = 0; i < op->expects_count; i++)
		if (!verify_contains(reply->body, op->expects[i], &v->hints[op_index][i]))
			return VERIFY_MISMATCH;
	return VERIFY_OK;
}
