/*
 * preset.h - which architecture runs: a preset with what the options name instead (arch.h).
 */
#ifndef DAEMON_SERVER_PRESET_H
#define DAEMON_SERVER_PRESET_H

#include "daemon/server/arch.h"

struct err;
struct options;

/*
 * The preset's row with what the options name instead. -ENOENT: unknown name. -EOPNOTSUPP: a
 * combination that makes no sense or cannot be had here, and why.
 */
int preset_resolve(const struct options *o, struct axes *out, struct err *err);

#endif
