#include "profiles/profile/allocs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profiles/profile/fold.h"
#include "profiles/profile/heap.h"
#include "profiles/profile/stacks.h"
#include "profiles/profile/symbols.h"

enum { FRAMES_MAX = 1024 };

/* A stack with its inlined calls, innermost first, without the allocator's own frames. */
struct frames {
	const struct symbols_frame *items[FRAMES_MAX];
	size_t count;
};

static void expand(const struct stack *s, struct symbols *symbols, struct frames *out)
{
	size_t depth = fold_depth(symbols, s->addrs, s->depth);

	out->count = 0;
	for (size_t i = 0; i < depth; i++) {
		const struct symbols_place *place = symbols_find(symbols, s->addrs[i]);

		for (size_t k = 0; place && k < place->count && out->count < FRAMES_MAX; k++) {
			const struct symbols_frame *f = &place->frames[k];

			if (out->count == 0 && heap_is_own_frame(f->function, f->file))
				continue;
			out->items[out->count++] = f;
		}
	}
}

static struct allocs_line *line_of(struct allocs *a, const struct symbols_frame *f)
{
	const char *file = f->file ? f->file : "";
	char key[1024];
	int len = snprintf(key, sizeof(key), "%s%c%s%c%d", f->function, 0, file, 0, f->line);
	size_t known = a->line_keys.count;
	int64_t number;

	if (len < 0 || (size_t)len >= sizeof(key))
		len = (int)sizeof(key) - 1;
	number = intern_add(&a->line_keys, key, (size_t)len);
	if (number < 0)
		return NULL;
	if ((size_t)number < known)
		return &a->lines[number];
	if (a->lines_count == a->lines_cap) {
		size_t cap = a->lines_cap ? 2 * a->lines_cap : 128;
		struct allocs_line *more = realloc(a->lines, cap * sizeof(*more));

		if (!more)
			return NULL;
		a->lines = more;
		a->lines_cap = cap;
	}
	a->lines[number] = (struct allocs_line){ f->function, file, .line = f->line };
	a->lines_count++;
	return &a->lines[number];
}

/* A line that appears twice in a stack (recursion) counts its bytes once. */
static bool is_repeat(const struct frames *frames, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (frames->items[i]->line == frames->items[at]->line &&
		    strcmp(frames->items[i]->function, frames->items[at]->function) == 0)
			return true;
	}
	return false;
}

static int add_lines(struct allocs *a, const struct frames *frames, const double *values)
{
	for (size_t i = 0; i < frames->count; i++) {
		struct allocs_line *line = line_of(a, frames->items[i]);

		if (!line)
			return -ENOMEM;
		if (i == 0) {
			line->allocs_count += values[HEAP_ALLOC_OBJECTS];
			line->allocated_bytes += values[HEAP_ALLOC_SPACE];
			line->inuse_bytes += values[HEAP_INUSE_SPACE];
		}
		if (!is_repeat(frames, i))
			line->cumulative_bytes += values[HEAP_ALLOC_SPACE];
	}
	return 0;
}

/* The child of parent with this name, created if missing. 0 = out of memory. */
static size_t child_of(struct allocs *a, size_t parent, const char *function)
{
	size_t at = a->nodes[parent].first_child;

	for (; at; at = a->nodes[at].next_sibling) {
		if (strcmp(a->nodes[at].function, function) == 0)
			return at;
	}
	if (a->nodes_count == a->nodes_cap) {
		size_t cap = 2 * a->nodes_cap;
		struct allocs_node *more = realloc(a->nodes, cap * sizeof(*more));

		if (!more)
			return 0;
		a->nodes = more;
		a->nodes_cap = cap;
	}
	at = a->nodes_count++;
	a->nodes[at] = (struct allocs_node){ .function = function,
					     .next_sibling = a->nodes[parent].first_child };
	a->nodes[parent].first_child = at;
	return at;
}

static void add_to_node(struct allocs_node *node, const double *values)
{
	node->allocs_count += values[HEAP_ALLOC_OBJECTS];
	node->allocated_bytes += values[HEAP_ALLOC_SPACE];
}

static int add_path(struct allocs *a, const struct frames *frames, const double *values)
{
	size_t at = 0;

	add_to_node(&a->nodes[0], values);
	for (size_t i = frames->count; i-- > 0;) {
		at = child_of(a, at, frames->items[i]->function);
		if (!at)
			return -ENOMEM;
		add_to_node(&a->nodes[at], values);
	}
	return 0;
}

static int compare_lines(const void *a, const void *b)
{
	const struct allocs_line *x = a, *y = b;
	int order = (x->allocated_bytes < y->allocated_bytes) -
		    (x->allocated_bytes > y->allocated_bytes);

	if (!order)
		order = strcmp(x->function, y->function);
	return order ? order : x->line - y->line;
}

int allocs_build(const struct heap_profile *p, struct symbols *symbols, struct allocs *out)
{
	struct frames *frames = malloc(sizeof(*frames));
	struct allocs a = { .nodes_count = 1, .nodes_cap = 256 };
	int rc;

	a.nodes = calloc(a.nodes_cap, sizeof(*a.nodes));
	rc = frames && a.nodes ? 0 : -ENOMEM;
	if (rc == 0)
		a.nodes[0].function = "";
	for (size_t i = 0; rc == 0 && i < p->stacks.count; i++) {
		const struct stack *s = &p->stacks.items[i];

		/* Values that did not change between two profiles leave rounding errors
		 * around 0. */
		if (s->values[HEAP_ALLOC_SPACE] < 0.5 && s->values[HEAP_INUSE_SPACE] < 0.5)
			continue;
		expand(s, symbols, frames);
		a.sampled_count += s->values[HEAP_ALLOC_OBJECTS];
		a.sampled_bytes += s->values[HEAP_ALLOC_SPACE];
		rc = add_lines(&a, frames, s->values);
		if (rc == 0)
			rc = add_path(&a, frames, s->values);
	}
	free(frames);
	if (rc < 0) {
		allocs_deinit(&a);
		return rc;
	}
	/* From here on, indexes of keys are not valid any more. */
	if (a.lines_count)
		qsort(a.lines, a.lines_count, sizeof(*a.lines), compare_lines);
	*out = a;
	return 0;
}

void allocs_deinit(struct allocs *a)
{
	free(a->lines);
	free(a->nodes);
	intern_deinit(&a->line_keys);
	memset(a, 0, sizeof(*a));
}
