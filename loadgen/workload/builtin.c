/* builtin.c - the table of built-in workloads; loadgen/module.mk generates their texts at build
 * time. */
#include "loadgen/workload/builtin.h"

#include <assert.h>
#include <stddef.h>

const struct builtin_workload builtin_workloads[] = {
#include "workloads_builtin.h"
	{ NULL, NULL },
};

static_assert(sizeof(builtin_workloads) / sizeof(builtin_workloads[0]) <= BUILTIN_MAX + 1,
	      "raise BUILTIN_MAX");
