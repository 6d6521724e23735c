/*
 * folded.h - folded stacks ("outer;inner;leaf count" a line) as a tree with totals.
 *
 * Children are sorted by name, so that the same samples in any order give the same tree. The depth
 * is bounded; deeper frames are added to the deepest one kept.
 */
#ifndef REPORTS_READ_FOLDED_H
#define REPORTS_READ_FOLDED_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"

struct err;

enum { FOLDED_DEPTH_MAX = 512, FOLDED_BYTES_MAX = 256 << 20 };

struct folded_node {
	char *name;                    /* owned by the tree */
	uint64_t self;                 /* samples that end here */
	uint64_t total;                /* samples at or below */
	struct folded_node **children; /* in ascending order of name */
	size_t children_count, children_cap;
};

struct folded {
	struct folded_node root; /* named "all" */
	size_t lines_count;
};

/* The samples of one function in the whole profile. */
struct folded_function {
	const char *name;
	uint64_t self;
	uint64_t total; /* a stack counts once, however often the function is in it */
};

int folded_read(const char *path, struct folded **out, struct err *err);
/* -EPROTO with "NAME:LINE: reason". */
int folded_parse(const char *name, struct span text, struct folded **out, struct err *err);
void folded_free(struct folded *f);

/*
 * Returns a copy without the outermost frames, which name threads, so that two builds with
 * different thread names can be compared. NULL when out of memory.
 */
struct folded *folded_without_threads(const struct folded *f);

/* The child of that name, or NULL. */
const struct folded_node *folded_child(const struct folded_node *node, const char *name);

/* Functions in descending order of self, then by name. Names are borrowed from f. Free *out. */
int folded_functions(const struct folded *f, struct folded_function **out, size_t *count);

#endif
