/*
 * child.h - programs that a run starts. Each is started through goxel-start's guard, so that it
 * ends when the run ends, however that happens, and in its own process group: Ctrl-C reaches the
 * run alone, which then ends the others.
 */
#ifndef PROFILES_RUN_CHILD_H
#define PROFILES_RUN_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

enum { WORDS_MAX = 128 };

/* A command line; the words are owned. */
struct words {
	char *list[WORDS_MAX + 1]; /* NULL-terminated */
	size_t count;
	bool failed; /* out of memory, or too many: starting it says so */
};

void words_add(struct words *w, const char *word);
void words_addf(struct words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void words_add_all(struct words *w, const struct words *more);
void words_deinit(struct words *w);

struct child {
	pid_t pid; /* 0: none */
	int pidfd;
	bool has_ended;
	int status; /* of wait(2), once it has ended */
};

/* Starts it with stdin from /dev/null, standard output to out_fd, standard error to err_fd. */
int child_start(struct child *c, const struct words *w, int out_fd, int err_fd, struct err *err);

/* True while it runs or if it was not started; false once it has ended and status is set. */
bool child_lives(struct child *c);

/* Waits until it has ended, up to timeout_ns. */
bool child_wait(struct child *c, uint64_t timeout_ns);

/* Asks it to end; kills it after timeout_ns. */
void child_stop(struct child *c, uint64_t timeout_ns);

/* Releases a child that has ended. */
void child_close(struct child *c);

/* "exit 3", "killed by SIGSEGV" */
void child_how_ended(const struct child *c, char *out, size_t cap);

/* Its exit code; 128 + the signal's number when it was killed. */
int child_exit_code(const struct child *c);

#endif
