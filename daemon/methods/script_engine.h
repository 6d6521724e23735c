/*
 * script_engine.h - runs JavaScript (ES5.1 and parts of later editions, by Duktape) over a
 * project's edits.
 *
 * A script sees `goxel` and `console`, no file, no network, no timer. To be called in a process of
 * its own: nothing in here stops a loop without end.
 */
#ifndef DAEMON_METHODS_SCRIPT_ENGINE_H
#define DAEMON_METHODS_SCRIPT_ENGINE_H

#include <stdbool.h>

#include "daemon/base/rng.h"
#include "daemon/base/span.h"
#include "daemon/methods/script_edits.h"
#include "daemon/methods/script_heap.h"
#include "daemon/methods/script_text.h"

struct duk_hthread;

/* Caller-allocated; the parts that the engine works on are set before it is opened. */
struct script_engine {
	struct script_heap heap;
	struct script_edits edits;
	struct rng random; /* of Math.random */

	struct duk_hthread *ctx;
	/* What the script has left behind, next to its edits. */
	bool is_done;
	char error[SCRIPT_ERROR_BYTES_MAX]; /* NUL-terminated; why it failed */
	struct script_text value;           /* JSON; empty: undefined */
	struct script_text output;          /* of console.log and its like */
};

/* Everything but the script: it can be shared by processes that are forked afterwards. False: no
 * memory. */
bool script_engine_open(struct script_engine *e);

/* Once. name is shown in errors. */
void script_engine_run(struct script_engine *e, struct span source, struct span name);

#endif
