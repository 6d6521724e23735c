/* file_args.h - shared by methods about files: parameters and errors. */
#ifndef DAEMON_METHODS_FILE_FILE_ARGS_H
#define DAEMON_METHODS_FILE_FILE_ARGS_H

#include "daemon/methods/args.h"

struct err;
struct project;

/* The first two parameters of these methods. */
#define PARAM_PATH(what)                                                    \
	{                                                                   \
		.name = "path", .alias = "file_path", .type = PARAM_STRING, \
		.doc = what "; with --root, inside that folder"             \
	}
#define PARAM_FORMAT(what)                                                                         \
	{                                                                                          \
		.name = "format", .type = PARAM_STRING, .doc = "name of the format; absent: " what \
	}

/* The path, args[0]; a fault when it is empty or absent. */
int file_path(struct call *call, struct span *path);

/* "Failed to WHAT 'PATH': why"; the path is named only once. Returns -EPROTO. */
int file_fault(struct call *call, int code, const char *what, struct span path,
	       const struct err *err);

/* Remembers the path for the next save. Without memory for it nothing else fails. */
void file_remember(struct project *p, struct span path);

#endif
