/* run_private.h - what the run_*.c files share. Steps return 0, or -ECANCELED once the run has
 * failed: exit_code and reason are set then, and the message has been printed. */
#ifndef PROFILES_RUN_RUN_PRIVATE_H
#define PROFILES_RUN_RUN_PRIVATE_H

#include <stdint.h>

#include "profiles/run/run.h"

/* ---- run_say.c: messages ---- */

void run_say(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void run_warn(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints it and adds it to the run's description. */
void run_note(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Ends the run: -ECANCELED. Prints the last lines of the target's log too, if there is one. */
int run_fail(struct run *r, int exit_code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The last line of a file, without its end; empty when there is none. */
void last_line_of(const char *path, char *out, size_t cap);

/* ---- run_wait.c: programs and events ---- */

/* Starts a program of the suite under a guard that ends it together with the run. */
int run_start(struct run *r, struct child *c, const struct words *own, const struct words *guard,
	      int out_fd, int err_fd);
/* The first words of such a command line: goxel-start and its guard. */
void words_add_program(const struct run *r, struct words *w, const char *program);
/* -ECANCELED if the run has been interrupted. */
int run_check_interrupt(struct run *r);
/* Waits for an event until deadline_ns: -ECANCELED if the run was interrupted. */
int run_wait(struct run *r, uint64_t deadline_ns);
/* Runs a program to its end, with its output in a file of the folder. Returns its exit code, or
 * -ECANCELED. */
int run_tool(struct run *r, const struct words *w, const char *out_name, const char *err_name);
/* Opens a new file in the folder or the run directory: a descriptor, or -ECANCELED. */
int open_output(struct run *r, const char *path);
/* A path in the temporary folder, written to the caller's out. */
const char *folder_path(const struct run *r, const char *name, char *out, size_t cap);

/* ---- run_server.c: the target ---- */

int server_start(struct run *r);
/* Fails if the target has ended; when: e.g. "before it answered". */
int server_must_live(struct run *r, const char *when);
/* Asks for its version and its status, and ends it. */
int server_stop(struct run *r);
/* Ends it, with processes that a wrapper around it may have left. */
void server_end(struct run *r, uint64_t timeout_ns);

/* ---- run_load.c: the generator and the capture ---- */

int load_and_profile(struct run *r);
/* Reads what the generator has printed meanwhile. */
void load_forward(struct run *r);

#endif
