/*
 * pair_target.h - reads a target file (scripts/common.sh says its keys) and fills its places.
 *
 * The scripts read the same files; here the command is started without a shell.
 */
#ifndef LOADGEN_PAIR_TARGET_H
#define LOADGEN_PAIR_TARGET_H

#include <stdbool.h>

#include "daemon/base/sock.h"
#include "daemon/base/strbuf.h"

struct err;

struct pair_target {
	char *text;       /* owned; all texts point into it */
	const char *name; /* what results call it */
	const char *command;
	const char *unix_path; /* one of these two is NULL */
	const char *tcp;
	const char *request;  /* sent to see that it is ready */
	const char *workload; /* NULL = mixed */
	bool is_child;        /* the command's only child is the server */
};

/* What a target's places stand for. */
struct pair_places {
	const char *bin;  /* {bin} */
	const char *dir;  /* {dir}: the server's own folder */
	const char *root; /* {root} */
	const char *args; /* {args}: words; NULL = none */
};

/* Errors: what file_read returns; -EINVAL with "FILE:LINE: sentence". Owns: pair_target_deinit. */
int pair_target_read(const char *path, struct pair_target *out, struct err *err);
void pair_target_deinit(struct pair_target *t);

/* Appends text with its places filled. */
void pair_target_fill(const char *text, const struct pair_places *p, struct strbuf *out);

/*
 * The command's words, NULL-terminated, in fresh memory: free(*words) and free(*memory). The words
 * of {args} stand where {args} does, or at the end.
 */
int pair_target_command(const struct pair_target *t, const struct pair_places *p, char ***words,
			char **memory, struct err *err);

/* Where the server listens. */
int pair_target_addr(const struct pair_target *t, const struct pair_places *p,
		     struct sock_addr *out, struct err *err);

#endif
