/*
 * token.h - the secret that TCP clients must show, and a bound on how often one may guess.
 *
 * TOKEN_WRONG_MAX wrong tokens within a second are looked at, from all clients together: addresses
 * tell nothing on loopback. Until that second is over no further one is, not even the right one, or
 * the answer would tell which it was.
 *
 * Threads: any.
 */
#ifndef DAEMON_SERVER_TOKEN_H
#define DAEMON_SERVER_TOKEN_H

#include <stdatomic.h>
#include <stdint.h>

#include "daemon/base/span.h"

enum { TOKEN_WRONG_MAX = 10 };

enum token_answer { TOKEN_RIGHT, TOKEN_WRONG, TOKEN_TOO_MANY };

struct token {
	const char *text;        /* NULL: none is needed; borrowed */
	_Atomic uint64_t second; /* of CLOCK_MONOTONIC, to which the count belongs */
	_Atomic unsigned wrong_count;
};

enum token_answer token_check(struct token *t, struct span given);

#endif
