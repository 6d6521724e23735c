/* workload_keys.h - the keys of each kind of section: one table for parser and help. */
#ifndef LOADGEN_WORKLOAD_WORKLOAD_KEYS_H
#define LOADGEN_WORKLOAD_WORKLOAD_KEYS_H

#include "daemon/base/cli/cli.h"

extern const struct cli_prog workload_keys_workload; /* fills a struct workload */
extern const struct cli_prog workload_keys_var;      /* fills a struct variable */
extern const struct cli_prog workload_keys_setup;    /* fills a struct workload_op */
extern const struct cli_prog workload_keys_op;       /* fills a struct workload_op */
extern const struct cli_prog workload_keys_phase;    /* fills a struct workload_phase */

#endif
