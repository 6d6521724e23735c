/*
 * envelope.h - the keys that open every result file of the suite.
 *
 *	struct json_out j = { .sb = &sb, .indent = 2 };
 *	json_object_open(&j, NULL);
 *	envelope_write(&j, &(struct envelope){ .schema = "goxel-load/1", .tool = "goxel-load" });
 *	... the tool's own keys ...
 *	json_close(&j);
 *
 * Keys: schema, tool, version, revision, compiler, variant, flags, start_time, start_wall_ns,
 * machine{...} (fingerprint.h), warnings[].
 */
#ifndef REPORTS_LIB_ENVELOPE_H
#define REPORTS_LIB_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/json_out.h"

struct fingerprint;

struct envelope {
	const char *schema; /* "name/major" */
	const char *tool;
	uint64_t start_wall_ns;            /* when the measuring began; 0 = now */
	const struct fingerprint *machine; /* NULL = taken now */
	const char *const *warnings;       /* warnings[warnings_count], sentences */
	size_t warnings_count;
};

/* Writes the keys into the object that is open in j. */
void envelope_write(struct json_out *j, const struct envelope *e);

#endif
