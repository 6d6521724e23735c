/* script_goxel.h - the functions that scripts see: `goxel`, `console`, `print` and Math.random. */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_GOXEL_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_GOXEL_H

struct duk_hthread;

/* Defines them as globals; may throw (a duk_safe_call_function). The engine's udata is its
 * script_engine. */
int script_goxel_put(struct duk_hthread *ctx, void *udata);

#endif
