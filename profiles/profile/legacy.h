/*
 * legacy.h - writes a pprof profile in the formats that the Perl pprof of gperftools (google-pprof)
 * reads: the binary CPU profile, or the heap profile text. That tool takes names from the binary.
 */
#ifndef PROFILES_PROFILE_LEGACY_H
#define PROFILES_PROFILE_LEGACY_H

struct err;
struct pprof_profile;
struct strbuf;

/* Chooses by the sample types: "cpu" makes a CPU profile, "inuse_space" a heap profile. -EINVAL. */
int legacy_write(const struct pprof_profile *p, struct strbuf *out, struct err *err);

#endif
