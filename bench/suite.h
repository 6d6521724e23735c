/*
 * suite.h - what the files of the suite share: each bench_*.c registers the benchmarks of one
 * subject, for every backend of its axis.
 *
 * Names are family/backend[/variant]. Each checks its subject's results in its setup, before
 * anything is timed; a wrong answer is an error, and no speed is reported for it.
 */
#ifndef BENCH_SUITE_H
#define BENCH_SUITE_H

#include <stddef.h>
#include <stdint.h>

#include "bench/shim.h"

struct suite {
	const char *name;
	const char *summary;
	void (*add)(void); /* registers; ends the program when out of memory */
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

/* Registers under a name made as by printf. context is borrowed for the program's life. */
struct bench *suite_add(bench_body *body, const struct bench_fixture *fixture, const void *context,
			const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Zeroed memory for the program's life, for contexts. */
void *suite_keep(size_t count, size_t bytes);

/*
 * For setups and bodies: the run ends with the error "wrong answer: ...", and the return value is
 * what a setup hands back.
 */
int suite_wrong(struct bench_state *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for anything else that keeps it from running: "cannot run: ...". Returns rc. */
int suite_fail(struct bench_state *s, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
