/* nearest.h - finds the known word that is nearest to a mistyped one. */
#ifndef LOADGEN_WORKLOAD_NEAREST_H
#define LOADGEN_WORKLOAD_NEAREST_H

#include "daemon/base/span.h"

enum { NEAREST_NAMES_MAX = 64 };

/* The nearest of names (NULL-terminated, at most NEAREST_NAMES_MAX); NULL when none is near. */
const char *nearest_name(const char *const *names, struct span word);

#endif
