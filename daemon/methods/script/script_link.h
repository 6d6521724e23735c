/*
 * script_link.h - the script's end of the socket to the daemon; also counts its memory.
 *
 * Runs in the script's process. When the daemon is gone, every function ends the process.
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_LINK_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/methods/script/script_wire.h"

/* Caller-allocated. */
struct script_link {
	int fd;
	uint64_t memory_bytes;         /* used by the heap, the edits and the kept blocks */
	uint64_t memory_granted_bytes; /* counted by the daemon */
};

void script_link_init(struct script_link *l, int fd);

/* Receives one message. Returns its length, at most cap. */
size_t script_link_receive(struct script_link *l, void *out, size_t cap);
void script_link_send(struct script_link *l, const void *bytes, size_t len);

/* Sends the question and waits for the reply; returns its length. */
size_t script_link_ask(struct script_link *l, const struct script_ask *ask, void *reply,
		       size_t cap);

/* False: the daemon has no memory left. Memory is not given back, since the process ends soon. */
bool script_link_take_memory(struct script_link *l, size_t bytes);

#endif
