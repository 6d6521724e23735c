/*
 * child.h - runs other processes: one benchmark of a goxel-bench, valgrind, goxel-profile.
 *
 * Everything is bounded in time; a child that takes longer is killed.
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

struct err;

enum { CHILD_ARGS_MAX = 32, CHILD_PATH_MAX = 4096 };

/* Arguments of a command; texts are borrowed. */
struct command {
	const char *argv[CHILD_ARGS_MAX + 1]; /* NULL-terminated */
	int count;
	const char *stdout_path; /* NULL = /dev/null, where stderr goes as well */
	bool is_bare; /* hardly any environment, no address randomization: for exact counts */
};

void command_add(struct command *c, const char *arg); /* asserts that there is room */

/* Returns the pid or -errno. */
pid_t child_start(const struct command *c, struct err *err);

/* Waits; kills after timeout_ns. 0; -ECHILD with the exit status or signal in err; -ETIMEDOUT. */
int child_wait(pid_t pid, const char *what, uint64_t timeout_ns, struct err *err);

/* Creates a directory under TMPDIR; child_temp_remove deletes it with the plain files in it. */
int child_temp_dir(char out[CHILD_PATH_MAX], struct err *err);
void child_remove_dir(const char *dir);

/* Path of this program (name NULL) or of one in the same folder. -ENOENT when that does
 * not exist. */
int child_beside(const char *name, char out[CHILD_PATH_MAX], struct err *err);

/* "^name$" with special characters of a regular expression quoted. */
void child_filter(const char *name, char *out, size_t cap);

/* The names that a filter selects in a goxel-bench: a new array of strings. -ENOENT: none. */
int child_names(const char *program, const char *filter, json_t **out, struct err *err);

/*
 * Runs one benchmark in a fresh process: returns a new reference to its result ("benchmarks"[0]);
 * *context, if not NULL, gets the context. -EBADMSG: it failed its check.
 */
int child_run(const char *program, const char *name, uint64_t min_time_ns, json_t **out,
	      json_t **context, struct err *err);

/* Time per iteration in ns, wall or CPU time (results_is_real); NaN when it has none. */
double child_ns(const json_t *result);

#endif
