/*
 * pprof_read.h - reads pprof profiles of any writer, gzipped or not, and checks that every
 * reference in them is valid.
 */
#ifndef PROFILES_PROFILE_PPROF_READ_H
#define PROFILES_PROFILE_PPROF_READ_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "profile.pb-c.h"

struct err;

#define PPROF_BYTES_MAX (512u << 20) /* after decompression */

/* Has indexes instead of ids, so that users need not search. */
struct pprof_profile {
	Pprof__Profile *msg;
	const Pprof__Location **locations; /* [location id]; NULL where there is none */
	size_t locations_max;              /* ids are below it */
	const Pprof__Function **functions;
	size_t functions_max;
};

/* Errors: -EPROTO (damaged, or an invalid reference), -EMSGSIZE, -ENOMEM. */
int pprof_parse(struct span bytes, struct pprof_profile *out, struct err *err);
int pprof_read(const char *path, struct pprof_profile *out, struct err *err);
void pprof_deinit(struct pprof_profile *p);

/* A text of the table; never NULL after parsing. */
const char *pprof_text(const struct pprof_profile *p, int64_t index);

/* The index of a sample type by name; -ENOENT. NULL: the profile's default type. */
int pprof_find_type(const struct pprof_profile *p, const char *name);

#endif
