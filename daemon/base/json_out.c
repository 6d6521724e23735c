#include "daemon/base/json_out.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void new_line(struct json_out *j)
{
	if (!j->indent)
		return;
	strbuf_add_char(j->sb, '\n');
	for (int i = 0; i < j->indent * j->depth; i++)
		strbuf_add_char(j->sb, ' ');
}

/* Writes the comma, the line break and the key that precede a value. */
static void lead(struct json_out *j, const char *key)
{
	if (j->depth > 0) {
		assert((j->closer[j->depth - 1] == '}') == (key != NULL));
		if (j->has_item[j->depth - 1])
			strbuf_add_char(j->sb, ',');
		j->has_item[j->depth - 1] = true;
		new_line(j);
	} else {
		assert(!key);
	}
	if (key) {
		strbuf_add_char(j->sb, '"');
		strbuf_add_json(j->sb, span_str(key));
		strbuf_add_str(j->sb, j->indent ? "\": " : "\":");
	}
}

static void open_level(struct json_out *j, const char *key, char opener, char closer)
{
	lead(j, key);
	assert(j->depth < JSON_OUT_DEPTH_MAX);
	strbuf_add_char(j->sb, opener);
	j->closer[j->depth] = closer;
	j->has_item[j->depth] = false;
	j->depth++;
}

void json_object_open(struct json_out *j, const char *key)
{
	open_level(j, key, '{', '}');
}

void json_array_open(struct json_out *j, const char *key)
{
	open_level(j, key, '[', ']');
}

void json_close(struct json_out *j)
{
	assert(j->depth > 0);
	j->depth--;
	if (j->has_item[j->depth])
		new_line(j);
	strbuf_add_char(j->sb, j->closer[j->depth]);
	if (j->depth == 0 && j->indent)
		strbuf_add_char(j->sb, '\n');
}

void json_str(struct json_out *j, const char *key, const char *value)
{
	if (value)
		json_span(j, key, span_str(value));
	else
		json_put_null(j, key);
}

void json_span(struct json_out *j, const char *key, struct span value)
{
	lead(j, key);
	strbuf_add_char(j->sb, '"');
	strbuf_add_json(j->sb, value);
	strbuf_add_char(j->sb, '"');
}

void json_i64(struct json_out *j, const char *key, int64_t value)
{
	lead(j, key);
	strbuf_add_i64(j->sb, value);
}

void json_u64(struct json_out *j, const char *key, uint64_t value)
{
	lead(j, key);
	strbuf_addf(j->sb, "%" PRIu64, value);
}

void json_f64(struct json_out *j, const char *key, double value)
{
	char text[32];

	if (!isfinite(value)) {
		json_put_null(j, key);
		return;
	}
	/* 17 digits always read back equal; most values do with 15 or 16 digits, which
	 * look better. */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	lead(j, key);
	strbuf_add_str(j->sb, text);
}

void json_bool(struct json_out *j, const char *key, bool value)
{
	lead(j, key);
	strbuf_add_str(j->sb, value ? "true" : "false");
}

void json_put_null(struct json_out *j, const char *key)
{
	lead(j, key);
	strbuf_add_str(j->sb, "null");
}

void json_raw(struct json_out *j, const char *key, struct span text)
{
	lead(j, key);
	strbuf_add(j->sb, text.ptr, text.len);
}
