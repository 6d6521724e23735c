/*
 * control.h - asks the daemon questions by JSON-RPC: one connection, one request at a time.
 *
 * A process that does not answer in time or in JSON is simply no daemon of ours; the caller goes on
 * without what it would have said.
 */
#ifndef PROFILES_CONTROL_H
#define PROFILES_CONTROL_H

#include <stdint.h>

#include <jansson.h>

#include "profiles/target.h"

struct err;
struct sock_addr;

enum { CONTROL_REPLY_BYTES_MAX = 64 << 20 };

struct control {
	int fd; /* -1 = not connected */
	int64_t id;
	char where[160]; /* "unix:/path" */
};

/* "unix:/path", "/path" or "tcp:H:P". */
int control_parse(const char *text, struct sock_addr *out, struct err *err);

int control_open(const struct sock_addr *addr, struct control *out, struct err *err);

/*
 * Connects to the first of the target's listening sockets that answers `status` as a goxel daemon.
 * -ENOENT when none does, or when the program's name does not say that it is one.
 */
int control_find(const struct target *target, struct control *out, struct err *err);
void control_close(struct control *c);

/*
 * Calls a method without parameters. Returns 0 and a new reference to its result.
 * Errors: -ENOSYS the daemon knows no such method; -EPROTO no JSON-RPC reply; -ETIMEDOUT (10 s).
 */
int control_call(struct control *c, const char *method, json_t **result, struct err *err);

#endif
