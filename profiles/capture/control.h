/*
 * control.h - sends requests to the daemon by JSON-RPC: one connection, one request at a time.
 *
 * A process that does not answer in time or in JSON is not a goxel daemon, or it hangs: the
 * connection is closed and not used again, so that a capture waits at most once.
 */
#ifndef PROFILES_CAPTURE_CONTROL_H
#define PROFILES_CAPTURE_CONTROL_H

#include <stdint.h>

#include <jansson.h>

#include "profiles/capture/target.h"

struct err;

enum { CONTROL_REPLY_BYTES_MAX = 64 << 20, CONTROL_REPLY_MS = 3000 };

struct control {
	int fd; /* -1 = not connected, or not any more */
	int64_t id;
	char where[160]; /* "unix:/path" */
};

/*
 * Connects to "unix:/path", "/path" or "tcp:H:P" and asks for its status. Errors: -EINVAL: the
 * text; -EPROTO: not a goxel daemon; -ETIMEDOUT; those of connecting.
 */
int control_open(const char *text, struct control *out, struct err *err);

/*
 * Connects to the first of the target's listening sockets that answers `status` as a goxel daemon.
 * -ENOENT when none does within CONTROL_REPLY_MS, or when the program's name does not contain
 * "goxel".
 */
int control_find(const struct target *target, struct control *out, struct err *err);
void control_close(struct control *c);

/*
 * Calls a method without parameters. Returns 0 and a new reference to its result. Errors: -ENOSYS:
 * the daemon has no such method; -EREMOTEIO: another error reply. All others close the connection:
 * -EPROTO: not a JSON-RPC reply; -ETIMEDOUT (CONTROL_REPLY_MS); -ENOTCONN: closed before.
 */
int control_call(struct control *c, const char *method, json_t **result, struct err *err);

#endif
