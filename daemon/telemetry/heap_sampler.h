/*
 * heap_sampler.h - samples allocations: a Poisson sampler of bytes, by the hook of base/alloc.h.
 *
 * Each allocated byte is picked with the same small probability 1/mean; an allocation of s bytes
 * with a picked byte is a sample of weight 1 / (1 - exp(-s / mean)). So the sums of weights are
 * unbiased estimates of all allocations (cumulative) and, since sampled blocks are followed until
 * their free, of the live ones. The stack is walked by frame pointers, up to the top of the
 * thread's stack. Tables are mapped at the start and bounded; samples that do not fit are counted.
 * Never calls malloc itself. Calls from inside shared libraries (libc's own strdup) do not pass the
 * hook and are not seen. Source: the sampling of tcmalloc, jemalloc and Go's runtime; weights as in
 * Go's runtime/pprof.
 */
#ifndef DAEMON_TELEMETRY_HEAP_SAMPLER_H
#define DAEMON_TELEMETRY_HEAP_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct strbuf;

enum {
	HEAP_SAMPLER_DEPTH_MAX = 48,    /* frames of a stack; the innermost are kept */
	HEAP_SAMPLER_STACKS_MAX = 4096, /* different stacks */
	HEAP_SAMPLER_LIVE_MAX = 65536,  /* sampled blocks alive at once */
};

/*
 * Starts sampling, from the main thread, once; mean_bytes >= 1.
 * Errors: -ENOMEM; -EOPNOTSUPP when this program was linked without the counting malloc; -EALREADY.
 */
int heap_sampler_start(uint64_t mean_bytes, struct err *err);

/* Changes the mean of a running sampler; what was gathered with the old one keeps its weight. */
void heap_sampler_set_mean(uint64_t mean_bytes);
bool heap_sampler_is_on(void);

/* clang-format off */
/*
 * Appends the profile as a JSON object, the result of goxel.heap_profile:
 *
 * {
 *   "schema": "goxel-heap/1", "pid", "time_ns", "mean_bytes",
 *   "samples_count", "lost_stacks_count", "lost_live_count",
 *   "allocs_count", "frees_count", "allocated_bytes",      exact, by base/alloc.h
 *   "samples": [{
 *     "stack": ["0x55..", ...],                            return addresses, innermost first
 *     "alloc_objects", "alloc_bytes", "inuse_objects", "inuse_bytes"
 *   }, ...],
 *   "mappings": [{
 *     "start", "limit", "offset",                          hexadecimal texts
 *     "path", "build_id"
 *   }, ...]
 * }
 *
 * Errors: -EOPNOTSUPP when not started, -ENOMEM, errors of reading /proc/self/maps.
 * Threads: any; sampling threads wait at most for the copy of one stack.
 */
/* clang-format on */
int heap_sampler_write(struct strbuf *out, struct err *err);

#endif
