/*
 * presets.h - what each preset of the daemon selects, for results: shows which architecture a
 * benchmark belongs to ("json_parse_1k/simd" is v15's).
 */
#ifndef BENCH_PRESETS_H
#define BENCH_PRESETS_H

#include <jansson.h>

/* A new reference: {"v14": {"parser": "dom", ...}, "v15": {...}}, all values texts. NULL: out of
 * memory. */
json_t *presets_json(void);

#endif
