/*
 * script_engine.h - runs JavaScript (ES5.1 and parts of later editions, by Duktape) over a
 * project's edits.
 *
 * A script sees `goxel` and `console`, no file, no network, no timer. To be called in a process of
 * its own: nothing in here stops a loop without end.
 */
#ifndef DAEMON_METHODS_SCRIPT_ENGINE_H
#define DAEMON_METHODS_SCRIPT_ENGINE_H

#include "daemon/base/span.h"
#include "daemon/methods/script_edits.h"
#include "daemon/methods/script_heap.h"

struct script_engine {
	struct script_heap heap;
	struct script_edits edits;
};

/* Sets edits.result's state, message, value, output. name is shown in errors. */
void script_engine_run(struct script_engine *e, struct span source, struct span name);

#endif
