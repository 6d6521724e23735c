/*
 * run.h - one run of the main job: starts a target, loads it with goxel-load, profiles it
 * with goxel-profile, and collects the results in a run directory.
 *
 * However a run ends (a fault, Ctrl-C, a full disk), its programs end with it, its temporary folder
 * is removed, and the directory is complete or marked as incomplete. If the run itself is killed,
 * the guard that goxel-start puts beside each program ends the program.
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
	FILE *people;  /* output for people */
	int signal_fd; /* INT, TERM and HUP, which are blocked */
	int watch_fd;  /* inotify of the folder: a new file */
	struct child server, load, profile, tool;
	pid_t profiled_pid;
	int load_out; /* output of the generator; -1: it has ended */
	FILE *load_log;
	char load_last[LAST_LINE_BYTES]; /* its last line */
	size_t load_last_len;
	int load_code; /* its exit code, which a complete run returns */
	int exit_code; /* of an incomplete run */
	char reason[512];
};

/* Blocks the signals that end a run. */
int run_init(struct run *r, const struct run_options *o, const struct target_file *t,
	     struct err *err);
void run_deinit(struct run *r);

/* Runs all steps. Returns an exit code. */
int run_do(struct run *r);

/* Lets the generator check its options. Returns an exit code; errors have been printed. */
int run_check_load(struct run *r);

#endif
