/*
 * script_process.h - the process of one script: what it prepares before it knows the script, and
 * how it runs it.
 *
 * The script server prepares everything once; each process is a fork of it and inherits that. It
 * runs one script and ends.
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_PROCESS_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_PROCESS_H

#include "daemon/methods/script/script_engine.h"
#include "daemon/methods/script/script_link.h"
#include "daemon/methods/script/script_sandbox.h"
#include "daemon/methods/script/script_view.h"

enum {
	SCRIPT_FD = 3, /* the one descriptor of the server, and of each process */
	SCRIPT_HEAP_BYTES = 64 << 20,
	SCRIPT_STACK_BYTES = 16 << 20,
};

/* Caller-allocated, static: the process has one. */
struct script_process {
	struct script_link link;
	struct script_view view;
	struct script_engine engine;
	struct script_sandbox sandbox;
	char *source; /* [SCRIPT_SOURCE_BYTES_MAX] */
};

/* 0, or -ENOMEM. */
int script_process_open(struct script_process *p);

/* Enters the sandbox, receives the script from SCRIPT_FD, runs it and sends its results. */
_Noreturn void script_process_run(struct script_process *p);

#endif
