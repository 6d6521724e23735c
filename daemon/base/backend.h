/*
 * backend.h - common part of the implementations of all axes: name, help line, size.
 *
 * Each axis has a table of functions for each implementation ("ops"); its first member is a struct
 * backend. The common code finds the table by its name and allocates the object; the
 * implementation fills it.
 */
#ifndef DAEMON_BASE_BACKEND_H
#define DAEMON_BASE_BACKEND_H

#include <stddef.h>
#include <stdio.h>

struct err;

struct backend {
	const char *name;    /* the value of the axis's option */
	const char *summary; /* one line for --help */
	size_t size;         /* bytes of the whole object */
};

struct backend_axis {
	const char *name;                          /* the option: "queue" */
	const struct backend *(*at)(size_t index); /* in the order of --help; NULL after the last */
	const char *also; /* an additional name for one of them, such as "auto"; NULL: none */
};

/* NULL: there is no backend of that name. */
const struct backend *backend_find(const struct backend_axis *axis, const char *name);

/*
 * Allocates the zeroed object of the backend with that name, aligned to 64 bytes; free it. *which
 * is the backend, the first member of its ops. -ENOENT lists the valid names; -ENOMEM.
 */
int backend_new(const struct backend_axis *axis, const char *name, const struct backend **which,
		void **object, struct err *err);

/* "--AXIS: 'NAME' is not one of A, B". Returns -ENOENT. */
int backend_unknown(const struct backend_axis *axis, const char *name, struct err *err);

/* Prints a line for each backend, for --help. */
void backend_print(const struct backend_axis *axis, FILE *out);

#endif
