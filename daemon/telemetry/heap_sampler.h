/*
 * heap_sampler.h - who allocates: a Poisson sampler of bytes over the hook of base/alloc.h.
 *
 * Each allocated byte has the same small chance 1/mean of being picked; an allocation of s bytes
 * with a picked byte is a sample with weight 1 / (1 - exp(-s / mean)), so the sums of weights are
 * unbiased estimates of all allocations (cumulative) and, as sampled blocks are followed until
 * their free, of the live ones. The stack is walked by frame pointers between the frame and the top
 * of the thread's stack. Tables are mapped at the start and bounded; what does not fit is counted.
 * Never calls malloc itself. Calls from inside shared libraries (libc's own strdup) do not pass
 * the hook and are not seen.
 * Source: the sampling of tcmalloc, jemalloc and Go's runtime; weights as in Go's runtime/pprof.
 */
#ifndef DAEMON_TELEMETRY_HEAP_SAMPLER_H
#define DAEMON_TELEMETRY_HEAP_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct strbuf;

#define HEAP_SAMPLER_MEAN_BYTES_DEFAULT (512ull * 1024)
enum {
	HEAP_SAMPLER_DEPTH_MAX = 48,    /* frames of a stack, innermost kept */
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

/*
 * Appends the profile as a JSON object, the result of goxel.heap_profile:
 *
 *	{"schema":"goxel-heap/1", "pid", "time_ns", "mean_bytes", "samples_count",
 *"lost_stacks_count", "lost_live_count", "allocs_count", "frees_count", "allocated_bytes", (exact,
 *base/alloc.h) "samples":[{"stack":["0x55..", ...] innermost first, return addresses,
 *	             "alloc_objects","alloc_bytes","inuse_objects","inuse_bytes"}, ...],
 *	 "mappings":[{"start","limit","offset" (hexadecimal texts),"path","build_id"}, ...]}
 *
 * Errors: -EOPNOTSUPP when not started, -ENOMEM, those of reading /proc/self/maps.
 * Threads: any; sampling threads wait for the copy of one stack at most.
 */
int heap_sampler_write(struct strbuf *out, struct err *err);

#endif
