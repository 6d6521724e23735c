/*
 * target_file.h - a target description: how a server is started and asked (profiles/targets/).
 */
/* clang-format off */
/*
 * key = value lines, # comments. Keys:
 *	name      its name in results
 *	command   words of the command that starts it and stays in the foreground; {bin}, {dir} (a
 *	          folder of its own), {root} are replaced; {args} is where more words go, else the end
 *	unix      its Unix socket; or
 *	tcp       its HOST:PORT
 *	request   sent to check that it is ready; any reply line is accepted
 *	status    request whose reply has its axes, start-up phases and stages; absent: none
 *	version   request whose reply has its version, revision, variant, compiler, flags; absent: none
 *	pid       command (the process started, default) or child (its only child) is the server
 *	workload  default workload of goxel-load; absent: mixed
 *	label     default label of the run directory; absent: the name
 */
/* clang-format on */
#ifndef REPORTS_LIB_TARGET_FILE_H
#define REPORTS_LIB_TARGET_FILE_H

#include <stdbool.h>

#include "daemon/base/sock.h"

struct err;

/* The texts point into text, which is owned; NULL = absent. */
struct target_file {
	char *text;
	const char *name;
	const char *command;
	const char *unix_path; /* one of these two is NULL */
	const char *tcp;
	const char *request;
	const char *status;
	const char *version;
	const char *pid;
	const char *workload;
	const char *label;
	bool is_child;
};

/* What a target's placeholders stand for. */
struct target_places {
	const char *bin;  /* {bin} */
	const char *dir;  /* {dir} */
	const char *root; /* {root} */
	const char *args; /* {args}: words; NULL = none */
};

/* Errors: what file_read_regular returns; -EINVAL with "FILE:LINE: sentence". Owns:
 * target_file_deinit. */
int target_file_read(const char *path, struct target_file *out, struct err *err);
void target_file_deinit(struct target_file *t);

/* A value with its placeholders replaced, except {args}: free it. NULL: out of memory. */
char *target_file_fill(const char *value, const struct target_places *p);

/* The command's words, NULL-terminated: free(*words) and free(*memory). */
int target_file_command(const struct target_file *t, const struct target_places *p, char ***words,
			char **memory, struct err *err);

/* Where the server listens. */
int target_file_addr(const struct target_file *t, const struct target_places *p,
		     struct sock_addr *out, struct err *err);

#endif
