/* intern.h - maps byte strings to dense numbers 0, 1, 2, ... in order of first appearance. */
#ifndef PROFILES_PROFILE_INTERN_H
#define PROFILES_PROFILE_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern_key {
	uint64_t hash;
	char *bytes; /* len bytes and a NUL */
	size_t len;
};

/* A zeroed struct intern is empty and valid. */
struct intern {
	struct intern_key *keys; /* [count]: the number is the index */
	size_t count, cap;
	uint32_t *heads; /* open addressing, index + 1 */
	size_t heads_cap;
};

void intern_deinit(struct intern *t);

/* The number of the key, which is copied if new; -ENOMEM. */
int64_t intern_add(struct intern *t, const void *bytes, size_t len);
int64_t intern_text(struct intern *t, const char *text); /* NULL counts as "" */

#endif
