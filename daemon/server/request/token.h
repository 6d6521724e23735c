/*
 * token.h - the secret that TCP clients must send, and a limit for guessing.
 *
 * At most TOKEN_WRONG_MAX wrong tokens per second are checked, for all clients together: addresses
 * are no help on loopback. Until that second is over no further token is checked, not even the
 * right one, since the answer would reveal which one is right.
 *
 * Threads: any.
 */
#ifndef DAEMON_SERVER_REQUEST_TOKEN_H
#define DAEMON_SERVER_REQUEST_TOKEN_H

#include <stdatomic.h>
#include <stdint.h>

#include "daemon/base/span.h"

enum { TOKEN_WRONG_MAX = 10 };

enum token_answer { TOKEN_RIGHT, TOKEN_WRONG, TOKEN_TOO_MANY };

struct token {
	const char *text;        /* NULL: none is required; borrowed */
	_Atomic uint64_t second; /* of CLOCK_MONOTONIC, to which the count belongs */
	_Atomic unsigned wrong_count;
};

enum token_answer token_check(struct token *t, struct span given);

#endif
