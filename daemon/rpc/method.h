/*
 * method.h - a method of the table used by every protocol, and one call of it.
 */
#ifndef DAEMON_RPC_METHOD_H
#define DAEMON_RPC_METHOD_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/json/value.h"
#include "daemon/rpc/fault.h"
#include "daemon/rpc/reply.h"

struct call;
struct method_env; /* environment of methods: daemon/methods/env.h */

enum param_type {
	PARAM_INT, /* fractions are floored (documented), range checked */
	PARAM_REAL,
	PARAM_BOOL,
	PARAM_STRING,
	PARAM_ARRAY,
	PARAM_OBJECT,
	PARAM_ANY, /* several shapes are accepted; `doc` says which */
};

struct param {
	const char *name;  /* NULL ends the list; list order = positional order */
	const char *alias; /* second accepted name, or NULL */
	enum param_type type;
	bool required;
	int64_t min, max;   /* PARAM_INT; both 0 = all of int32 */
	bool is_whole;      /* PARAM_INT: fractions are refused */
	const char *preset; /* default as JSON text: documentation, schemas, arg_int_preset; NULL =
			       none */
	const char *doc;    /* a phrase */
};

enum method_flag {
	METHOD_SHORT = 1 << 0, /* a few microseconds at most: may run in the reading thread */
	METHOD_EDITS = 1 << 1, /* changes a project */
};

struct method {
	const char *name;           /* canonical, without "goxel."; both spellings are accepted */
	const char *const *aliases; /* further names, NULL-terminated; NULL = none */
	unsigned flags;
	const struct param *params;
	const char *doc;    /* one sentence */
	const char *result; /* the result, a phrase */
	/* Writes one value to call->reply and returns 0, or returns
	 * fault_set(&call->fault, ...). */
	int (*run)(struct call *call);
};

/* One request in progress. Owned by the worker; valid during run. */
struct call {
	const struct method *method;
	struct method_env *env; /* of the calling worker */
	struct reply *reply;
	struct rpc_fault fault;
	struct value params;               /* as received */
	struct value args[RPC_PARAMS_MAX]; /* params sorted by the method's list; VALUE_NONE where
					      absent */
	/* Of each argument, so that the parser need not be asked again. */
	uint8_t arg_kinds[RPC_PARAMS_MAX];    /* enum value_kind */
	int64_t arg_integers[RPC_PARAMS_MAX]; /* of VALUE_INT and VALUE_BOOL */
	uint64_t client_id;                   /* of the connection */
};

#endif
