/*
 * workload.h - what to send: a weighted mix of operations, the setup requests, the phases.
 *
 * A workload comes from a built-in name or a file in the language of sections.h:
 *
 *	[workload]       description
 *	[var NAME]       one of: random = MIN..MAX | sequence = MIN..MAX (step) | choice = A | B |
 *	                 payload = BYTES or MIN..MAX
 *	[setup NAME]     method, params, item, items, expect, expect_error, may_fail: sent once, in
 *	                 file order, before the load
 *	[op NAME]        the same keys, and kind = read | write, weight, think = TIME or MIN..MAX
 *	[phase NAME]     duration, record = yes | no, rate
 *
 * goxel-load --help shows the keys from the same tables that the parser uses.
 */
#ifndef LOADGEN_WORKLOAD_WORKLOAD_H
#define LOADGEN_WORKLOAD_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "loadgen/workload/template.h"
#include "loadgen/workload/variable.h"

struct err;

enum {
	WORKLOAD_OPS_MAX = 32,
	WORKLOAD_SETUP_MAX = 32,
	WORKLOAD_PHASES_MAX = 16,
	WORKLOAD_EXPECTS_MAX = 4,
	WORKLOAD_FILE_BYTES_MAX = 1 << 20,
};

struct workload_op {
	const char *name;
	bool is_write;
	int64_t weight; /* share of the mix: weight / sum of weights */
	const char *method;
	const char *params; /* NULL = none */
	const char *item;   /* NULL = no ${items} */
	struct range items;
	struct range think_ns; /* closed loop: pause before the next request in its place */
	struct span expects[WORKLOAD_EXPECTS_MAX]; /* each must occur in the result */
	size_t expects_count;
	int64_t expect_error; /* the reply must be this error; 0 = must be no error */
	bool may_fail;        /* an error reply counts as success too */
	struct template request;
};

struct workload_phase {
	const char *name;
	uint64_t duration_ns;
	bool is_recorded;
	double rate_per_s; /* open loop; 0 = the command line's */
};

struct workload {
	const char *name;        /* as given */
	const char *description; /* NULL = none */
	char *text;              /* owned; all texts point into it */
	struct variable variables[VARIABLES_MAX];
	size_t variables_count;
	struct workload_op setup[WORKLOAD_SETUP_MAX];
	size_t setup_count;
	struct workload_op ops[WORKLOAD_OPS_MAX];
	size_t ops_count; /* >= 1 */
	struct workload_phase phases[WORKLOAD_PHASES_MAX];
	size_t phases_count; /* 0 = the command line's warm-up and duration */
	size_t bytes_max;    /* longest request */
};

/*
 * Opens a built-in workload, or the file of that name when it holds a '/' or a '.'.
 * Errors: -ENOENT no such built-in (naming the nearest) or file; -EPROTO, -EINVAL, -ENOENT with
 * "FILE:LINE: sentence"; -ENOMEM. Owns: *out; workload_close.
 */
int workload_open(const char *name, struct workload **out, struct err *err);

/* The same for a text in memory. */
int workload_parse(const char *name, struct span text, struct workload **out, struct err *err);
void workload_close(struct workload *w);

/* Prints the names and descriptions of the built-in workloads, one a line. */
void workload_list(FILE *out);

/* Prints the keys of every kind of section. */
void workload_keys(FILE *out);

#endif
