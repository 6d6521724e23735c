/*
 * preset.h - determines the architecture: a preset overridden by options (arch.h).
 */
#ifndef DAEMON_SERVER_PRESET_H
#define DAEMON_SERVER_PRESET_H

#include "daemon/server/arch.h"

struct err;
struct options;

/*
 * The preset's values, overridden by the options. -ENOENT: unknown name. -EOPNOTSUPP: a combination
 * that makes no sense or is unavailable here, and why.
 */
int preset_resolve(const struct options *o, struct axes *out, struct err *err);

#endif
