/*
 * json_out.h - writes one JSON document into a strbuf, comma and indentation included.
 *
 * For results, status texts and tools; request replies of the daemon go through rpc/reply.h.
 * Names must not collide with jansson's, which result readers link as well.
 * Calls must be balanced (asserted). Numbers: a double is written so that it reads back equal;
 * NaN and infinity become null.
 *
 *	struct json_out j = { .sb = &sb, .indent = 2 };
 *	json_object_open(&j, NULL);
 *	json_i64(&j, "ops_count", 7);
 *	json_array_open(&j, "samples_ns");
 *	json_i64(&j, NULL, 12);
 *	json_close(&j);
 *	json_close(&j);
 */
#ifndef DAEMON_BASE_JSON_OUT_H
#define DAEMON_BASE_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/base/strbuf.h"

enum { JSON_OUT_DEPTH_MAX = 32 };

struct json_out {
	struct strbuf *sb; /* borrowed */
	int indent;        /* spaces a level; 0 = one line */
	int depth;         /* private from here */
	char closer[JSON_OUT_DEPTH_MAX];
	bool has_item[JSON_OUT_DEPTH_MAX];
};

/* key is NULL inside an array and for the document itself. */
void json_object_open(struct json_out *j, const char *key);
void json_array_open(struct json_out *j, const char *key);
void json_close(struct json_out *j); /* the innermost open object or array */

void json_str(struct json_out *j, const char *key, const char *value); /* NULL writes null */
void json_span(struct json_out *j, const char *key, struct span value);
void json_i64(struct json_out *j, const char *key, int64_t value);
void json_u64(struct json_out *j, const char *key, uint64_t value);
void json_f64(struct json_out *j, const char *key, double value);
void json_bool(struct json_out *j, const char *key, bool value);
void json_put_null(struct json_out *j, const char *key);
void json_raw(struct json_out *j, const char *key, struct span text); /* already JSON */

#endif
