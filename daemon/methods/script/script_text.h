/* script_text.h - converts a script's text to UTF-8. The engine's strings are CESU-8, in which
 * characters beyond 16 bits are two surrogates of three bytes each. */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_TEXT_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/methods/script/script_wire.h"

/* Caller-allocated; empty when zeroed. */
struct script_text {
	uint32_t bytes;
	bool is_cut; /* text was dropped */
	char text[SCRIPT_TEXT_BYTES_MAX];
};

/* Appends at out + *used as many whole characters as fit into cap; a lone surrogate becomes U+FFFD.
 * False: not everything fit. */
bool script_utf8(char *out, size_t cap, size_t *used, const char *cesu, size_t len);
void script_text_add(struct script_text *t, const char *cesu, size_t len);

#endif
