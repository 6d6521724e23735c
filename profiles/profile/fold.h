/* fold.h - folded stacks: "thread;outermost;...;innermost count" a line, sorted, for flame graphs.
 */
#ifndef PROFILES_PROFILE_FOLD_H
#define PROFILES_PROFILE_FOLD_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct stacks;
struct strbuf;
struct symbols;

/*
 * Appends the text for values[value] of each stack, rounded; lines of 0 are omitted. Frames of the
 * kernel end in "_[k]". The stack is cut at the first address that is in no mapping: beyond it,
 * unwinding by frame pointers has failed.
 */
int fold_write(const struct stacks *stacks, struct symbols *symbols, size_t value,
	       struct strbuf *out, struct err *err);

/*
 * Number of valid frames of a stack: up to the first address that is in no mapping, or in the
 * kernel although a frame inside it is user code.
 */
size_t fold_depth(struct symbols *symbols, const uint64_t *addrs, size_t depth);

#endif
