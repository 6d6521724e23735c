#include "bench/presets.h"

#include "daemon/base/err.h"
#include "daemon/server/options.h"
#include "daemon/server/preset.h"

static json_t *axes_json(const char *preset)
{
	struct options options = { .preset = preset };
	struct err unused = ERR_INIT;
	json_t *out = json_object();
	struct axes axes;

	/* A preset that cannot run here has no implementations here. */
	if (!out || preset_resolve(&options, &axes, &unused) < 0)
		return out;
	for (size_t i = 0; i < ARCH_ROWS; i++) {
		char key[ARCH_TEXT_BYTES], value[ARCH_TEXT_BYTES];

		if (json_object_set_new(out, arch_key(&arch_rows[i], key),
					json_string(arch_show(&axes, &arch_rows[i], value))) < 0) {
			json_decref(out);
			return NULL;
		}
	}
	return out;
}

json_t *presets_json(void)
{
	json_t *out = json_object();

	for (size_t i = 0; i < ARCH_PRESETS && out; i++)
		if (json_object_set_new(out, preset_names[i], axes_json(preset_names[i])) < 0) {
			json_decref(out);
			return NULL;
		}
	return out;
}
