/* scope.h - finds the project and layer of a call; messages for errors of the engine. */
#ifndef DAEMON_METHODS_SCOPE_H
#define DAEMON_METHODS_SCOPE_H

#include <stdint.h>

#include "daemon/methods/args.h"
#include "daemon/methods/env.h"
#include "daemon/voxel/project.h"
#include "daemon/voxel/snapshot.h"

enum {
	SCOPE_LAYERS_ALL = -2,        /* layer_id of analyses: every layer */
	SCOPE_LOCKED_BLOCKS_MAX = 64, /* larger volumes are scanned in a snapshot, not under the
					 lock */
};

/* The application error codes of Goxel clients (facts: the -10xx list). */
enum app_code {
	APP_CREATE_PROJECT = -1001,
	APP_LOAD_PROJECT = -1002,
	APP_SAVE_PROJECT = -1003,
	APP_ADD_VOXEL = -1004,
	APP_REMOVE_VOXEL = -1005,
	APP_GET_VOXEL = -1006,
	APP_EXPORT_MODEL = -1007,
	APP_CREATE_LAYER = -1008,
	APP_PAINT_VOXELS = -1009,
	APP_FLOOD_FILL = -1010,
	APP_SHAPE = -1011,
	APP_DELETE_LAYER = -1012,
	APP_MERGE_LAYERS = -1013,
	APP_LAYER_VISIBILITY = -1014,
	APP_RENDER = -1015,
	APP_RENDER_INFO = -1020,
	APP_CLEANUP_RENDER = -1021,
};

/*
 * Locks the project that args[i] names. code is the fault's code when no project is open. Returns
 * 0, -EPROTO with the fault, or -EAGAIN (context_enter: run the call again where waiting is
 * allowed).
 */
int scope_project(struct call *call, int i, int code, struct project **out);
int scope_project_id(struct call *call, int i, int32_t *id); /* 0 = the default */

/* The layer that args[i] names; the active one by default. */
int scope_layer(struct call *call, int i, int code, struct document *d, struct layer **out);
/* Its id, or SCOPE_LAYERS_ALL. */
int scope_layer_or_all(struct call *call, int i, int code, struct document *d, int32_t *id);

/* Both in one call: the start of most editing methods. */
int scope_enter(struct call *call, int project_index, int layer_index, int code, struct project **p,
		struct layer **l);

/* A document for long reads: the project's own, under the lock, when it is small, else a
 * snapshot. */
struct reading {
	struct document *doc;
	struct snapshot *snapshot; /* NULL: doc is the project's */
};
int scope_read(struct call *call, int i, int code, struct reading *r);
void scope_read_end(struct reading *r);

/* Sets "Failed to WHAT: reason of rc" with that code; passes 0, -EAGAIN and -EPROTO through. The
 * only place with messages for the codes of cancel_check. */
int scope_fault(struct call *call, int code, int rc, const char *what);
bool scope_is_stopped(int rc); /* one of those codes */

/* [r,g,b,a] and [x,y,z] as the next value; {"min","max"} members. */
void reply_rgba(struct reply *r, rgba color);
void reply_triple(struct reply *r, const int32_t v[3]);
void reply_box(struct reply *r, const struct box *b);
void reply_hex(struct reply *r, rgba color); /* "#RRGGBBAA" */

#endif
