#include "reports/lib/runfile.h"

const char *runfile_name(enum runfile file)
{
	static const char *const names[RUNFILES_COUNT] = {
#define RUNFILE(name, text) [RUNFILE_##name] = (text),
#include "reports/lib/runfiles.def"
	};

	return names[file];
}
