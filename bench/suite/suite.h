/*
 * suite.h - shared by the files of the suite: each bench_*.c registers the benchmarks of one
 * subject, for every backend of its axis.
 *
 * Names are family/backend[/variant]. Each benchmark checks its subject's results in its setup,
 * before anything is timed; a wrong answer is an error, and no speed is reported for it.
 */
#ifndef BENCH_SUITE_SUITE_H
#define BENCH_SUITE_SUITE_H

#include <stddef.h>
#include <stdint.h>

#include "bench/shim.h"

struct suite {
	const char *name;
	const char *summary;
	void (*add)(void); /* registers its benchmarks; ends the program when out of memory */
};

extern const struct suite suite_floor;
extern const struct suite suite_protocol;
extern const struct suite suite_queue;
extern const struct suite suite_buffers;
extern const struct suite suite_dispatch;
extern const struct suite suite_json;
extern const struct suite suite_reply;
extern const struct suite suite_hist;
extern const struct suite suite_voxel;
extern const struct suite suite_shape;
extern const struct suite suite_context;
extern const struct suite suite_render;
extern const struct suite suite_formats;
extern const struct suite suite_request;
extern const struct suite suite_served;
extern const struct suite suite_start;

/* All of them, NULL-terminated, in the order they run. */
extern const struct suite *const suites[];

/* Registers under a name given by a printf format. context is borrowed for the life of the
 * program. */
struct bench *suite_add(bench_body *body, const struct bench_fixture *fixture, const void *context,
			const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Zeroed memory for contexts, for the life of the program. */
void *suite_keep(size_t count, size_t bytes);

/*
 * For setups and bodies: ends the run with the error "wrong answer: ...". A setup returns the
 * return value.
 */
int suite_wrong(struct bench_state *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for anything else that prevents running: "cannot run: ...". Returns rc. */
int suite_fail(struct bench_state *s, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
