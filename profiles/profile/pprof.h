/*
 * pprof.h - writes stacks as a gzipped pprof profile, with functions, files, lines and build ids.
 *
 * The same stacks, symbols and times give the same bytes.
 */
#ifndef PROFILES_PROFILE_PPROF_H
#define PROFILES_PROFILE_PPROF_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct stacks;
struct symbols;

struct pprof_type {
	const char *type; /* "cpu" */
	const char *unit; /* "nanoseconds" */
};

struct pprof_cfg {
	const struct pprof_type *types; /* types of values[0..types_count-1] of each stack */
	size_t types_count;
	struct pprof_type period_type;
	int64_t period;
	uint64_t time_wall_ns; /* when it was taken */
	uint64_t duration_ns;  /* 0 = a snapshot */
	const char *comment;   /* NULL = none */
	size_t default_type;   /* index of the type shown by default */
};

/* Stacks whose values all round to 0 are omitted. Writes path atomically. */
int pprof_write(const struct pprof_cfg *cfg, const struct stacks *stacks, struct symbols *symbols,
		const char *path, struct err *err);

#endif
