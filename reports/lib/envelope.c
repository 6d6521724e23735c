/* envelope.c - writes the first keys of every result. */
#include "reports/lib/envelope.h"

#include "daemon/base/clock.h"
#include "daemon/base/version.h"
#include "reports/lib/fingerprint.h"

void envelope_write(struct json_out *j, const struct envelope *e)
{
	uint64_t start_ns = e->start_wall_ns ? e->start_wall_ns : clock_wall_ns();
	struct fingerprint here;
	char text[32];

	clock_format_iso(start_ns, text, sizeof(text));
	json_str(j, "schema", e->schema);
	json_str(j, "tool", e->tool);
	json_str(j, "version", GOXEL_PERF_VERSION);
	json_str(j, "revision", version_revision());
	json_str(j, "compiler", version_compiler());
	json_str(j, "variant", version_variant());
	json_str(j, "flags", version_flags());
	json_str(j, "start_time", text);
	json_u64(j, "start_wall_ns", start_ns);
	if (!e->machine)
		fingerprint_take(&here);
	fingerprint_write(j, "machine", e->machine ? e->machine : &here);
	json_array_open(j, "warnings");
	for (size_t i = 0; i < e->warnings_count; i++)
		json_str(j, NULL, e->warnings[i]);
	json_close(j);
}
