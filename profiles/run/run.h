/*
 * run.h - one run of the main job: a target is started, driven by goxel-load, profiled by
 * goxel-profile, and what they leave becomes a run directory.
 *
 * Whatever ends a run (a fault, Ctrl-C, a full disk), its programs end with it, its temporary
 * folder goes, and the directory is complete or marked as incomplete. What a kill leaves running
 * ends by the guard that goxel-start puts beside each program.
 */
#ifndef PROFILES_RUN_RUN_H
#define PROFILES_RUN_RUN_H

#include <stdbool.h>
#include <stdio.h>

#include "daemon/base/strbuf.h"
#include "profiles/run/child.h"
#include "profiles/run/folder.h"
#include "profiles/run/record.h"

struct err;
struct run_options;
struct target_file;

enum { LAST_LINE_BYTES = 512 };

struct run {
	const struct run_options *options; /* borrowed, as is target */
	const struct target_file *target;
	const char *workload;
	struct words endpoint; /* --unix PATH or --tcp HOST:PORT */
	struct words command;  /* of the target */
	struct folder folder;
	struct record record;
	bool has_record;
	FILE *people;  /* what people read */
	int signal_fd; /* INT, TERM and HUP, which are blocked */
	int watch_fd;  /* inotify of the folder: a file has come */
	struct child server, load, profile, tool;
	pid_t profiled_pid;
	int load_out; /* what the generator says; -1: nothing any more */
	FILE *load_log;
	char load_last[LAST_LINE_BYTES]; /* its last line */
	size_t load_last_len;
	int load_code; /* its exit code: that of a run which is complete */
	int exit_code; /* of a run that is not */
	char reason[512];
};

/* Blocks the signals that end a run. */
int run_init(struct run *r, const struct run_options *o, const struct target_file *t,
	     struct err *err);
void run_deinit(struct run *r);

/* Does it all. An exit code. */
int run_do(struct run *r);

/* Checks what the generator is asked for. An exit code; what is wrong was said. */
int run_check_load(struct run *r);

#endif
