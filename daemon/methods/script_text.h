/* script_text.h - text of a script as UTF-8: the engine's strings are CESU-8, where characters
 * beyond 16 bits are two surrogates of three bytes each. */
#ifndef DAEMON_METHODS_SCRIPT_TEXT_H
#define DAEMON_METHODS_SCRIPT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/methods/script_wire.h"

/* Caller-allocated; zeroed it is empty. */
struct script_text {
	uint32_t bytes;
	bool is_cut; /* there was more */
	char text[SCRIPT_TEXT_BYTES_MAX];
};

/* Appends at out + *used what fits into cap, whole characters only; a lone surrogate becomes
 * U+FFFD. False: not all of it. */
bool script_utf8(char *out, size_t cap, size_t *used, const char *cesu, size_t len);
void script_text_add(struct script_text *t, const char *cesu, size_t len);

#endif
