/*
 * script_engine.h - runs JavaScript (ES5.1 and parts of later editions, by Duktape) over a
 * project's edits.
 *
 * A script sees `goxel` and `console`, but no file, network or timer. Call this in a process of its
 * own: nothing here stops an endless loop.
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_ENGINE_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_ENGINE_H

#include <stdbool.h>

#include "daemon/base/rng.h"
#include "daemon/base/span.h"
#include "daemon/methods/script/script_edits.h"
#include "daemon/methods/script/script_heap.h"
#include "daemon/methods/script/script_text.h"

struct duk_hthread;

/* Caller-allocated; set the parts that the engine works on before opening it. */
struct script_engine {
	struct script_heap heap;
	struct script_edits edits;
	struct rng random; /* of Math.random */

	struct duk_hthread *ctx;
	/* The results of the script, besides its edits. */
	bool is_done;
	char error[SCRIPT_ERROR_BYTES_MAX]; /* NUL-terminated; why it failed */
	struct script_text value;           /* JSON; empty: undefined */
	struct script_text output;          /* of console.log and similar functions */
};

/* Prepares everything except the script; processes forked afterwards can share it. False: no
 * memory. */
bool script_engine_open(struct script_engine *e);

/* Call once. Errors show name. */
void script_engine_run(struct script_engine *e, struct span source, struct span name);

#endif
