#include "reports/read/folded.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"

/* The index of the child with that name, or where it would be inserted. */
static size_t lower_bound(const struct folded_node *node, struct span name, bool *is_there)
{
	size_t low = 0, high = node->children_count;

	*is_there = false;
	while (low < high) {
		size_t mid = (low + high) / 2;
		const char *have = node->children[mid]->name;
		size_t have_len = strlen(have);
		int order = memcmp(have, name.ptr, have_len < name.len ? have_len : name.len);

		if (order == 0 && have_len == name.len) {
			*is_there = true;
			return mid;
		}
		if (order < 0 || (order == 0 && have_len < name.len))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct folded_node *new_node(struct span name)
{
	struct folded_node *node = calloc(1, sizeof(*node));

	if (node)
		node->name = strndup(name.ptr, name.len);
	if (node && !node->name) {
		free(node);
		return NULL;
	}
	return node;
}

/* The child with that name, created if missing; NULL when out of memory. */
static struct folded_node *get_child(struct folded_node *node, struct span name)
{
	bool is_there;
	size_t at = lower_bound(node, name, &is_there);
	struct folded_node *child;

	if (is_there && node->children)
		return node->children[at];
	if (node->children_count == node->children_cap) {
		size_t cap = node->children_cap ? 2 * node->children_cap : 4;
		struct folded_node **more =
			realloc(node->children, cap * sizeof(struct folded_node *));

		if (!more)
			return NULL;
		node->children = more;
		node->children_cap = cap;
	}
	child = new_node(name);
	if (!child || !node->children)
		return NULL;
	memmove(node->children + at + 1, node->children + at,
		(node->children_count - at) * sizeof(struct folded_node *));
	node->children[at] = child;
	node->children_count++;
	return child;
}

/* Splits "stack count" at its last space. */
static bool split_line(struct span line, struct span *stack, uint64_t *count)
{
	size_t at = line.len;
	uint64_t n = 0;

	while (at > 0 && isdigit((unsigned char)line.ptr[at - 1]))
		at--;
	if (at == line.len || line.len - at > 18 || at < 2 || line.ptr[at - 1] != ' ')
		return false;
	for (size_t i = at; i < line.len; i++)
		n = n * 10 + (uint64_t)(line.ptr[i] - '0');
	*stack = span_of(line.ptr, at - 1);
	*count = n;
	return true;
}

static int add_stack(struct folded *f, struct span stack, uint64_t count)
{
	struct folded_node *node = &f->root;

	node->total += count;
	for (int depth = 0; stack.len && depth < FOLDED_DEPTH_MAX; depth++) {
		const char *end = memchr(stack.ptr, ';', stack.len);
		struct span name = { stack.ptr, end ? (size_t)(end - stack.ptr) : stack.len };
		size_t used = name.len + (end != NULL);

		stack.ptr += used;
		stack.len -= used;
		if (name.len == 0)
			name = SPAN_LIT("[no name]");
		node = get_child(node, name);
		if (!node)
			return -ENOMEM;
		node->total += count;
	}
	node->self += count;
	return 0;
}

int folded_parse(const char *name, struct span text, struct folded **out, struct err *err)
{
	struct folded *f = calloc(1, sizeof(*f));
	size_t number = 0;
	int rc = 0;

	if (!f)
		return err_set(err, -ENOMEM, "read %s: out of memory", name);
	f->root.name = strdup("all");
	while (text.len && rc == 0) {
		const char *nl = memchr(text.ptr, '\n', text.len);
		struct span line = { text.ptr, nl ? (size_t)(nl - text.ptr) : text.len };
		struct span stack;
		uint64_t count;

		number++;
		text.ptr += line.len + (nl != NULL);
		text.len -= line.len + (nl != NULL);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (!split_line(line, &stack, &count))
			rc = err_set(err, -EPROTO, "%s:%zu: not 'frame;frame;frame count'", name,
				     number);
		else if (add_stack(f, stack, count) < 0)
			rc = err_set(err, -ENOMEM, "read %s: out of memory", name);
		f->lines_count++;
	}
	if (rc == 0 && f->root.total == 0)
		rc = err_set(err, -EPROTO, "%s has no samples", name);
	if (rc < 0)
		folded_free(f);
	else
		*out = f;
	return rc;
}

int folded_read(const char *path, struct folded **out, struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	int rc = file_read(path, FOLDED_BYTES_MAX, &text, &len, err);

	if (rc < 0)
		return rc;
	rc = folded_parse(path, span_of(text, len), out, err);
	free(text);
	return rc;
}

/* Depth is at most FOLDED_DEPTH_MAX. */
/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static void free_below(struct folded_node *node)
{
	for (size_t i = 0; i < node->children_count; i++) {
		free_below(node->children[i]);
		free(node->children[i]);
	}
	free(node->children);
	free(node->name);
}

void folded_free(struct folded *f)
{
	if (!f)
		return;
	free_below(&f->root);
	free(f);
}

const struct folded_node *folded_child(const struct folded_node *node, const char *name)
{
	bool is_there;
	size_t at = lower_bound(node, span_str(name), &is_there);

	return is_there ? node->children[at] : NULL;
}

/* Adds a subtree to one with the same name. */
/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static int add_tree(struct folded_node *into, const struct folded_node *from)
{
	int rc = 0;

	into->self += from->self;
	into->total += from->total;
	for (size_t i = 0; i < from->children_count && rc == 0; i++) {
		struct folded_node *child = get_child(into, span_str(from->children[i]->name));

		rc = child ? add_tree(child, from->children[i]) : -ENOMEM;
	}
	return rc;
}

struct folded *folded_without_threads(const struct folded *f)
{
	struct folded *out = calloc(1, sizeof(*out));
	int rc = 0;

	if (!out)
		return NULL;
	out->root.name = strdup(f->root.name);
	out->root.self = f->root.self;
	out->root.total = f->root.self;
	for (size_t i = 0; i < f->root.children_count && rc == 0; i++)
		rc = add_tree(&out->root, f->root.children[i]);
	if (rc == 0 && out->root.name)
		return out;
	folded_free(out);
	return NULL;
}

/* ---- functions ---- */

struct gather {
	struct folded_function *rows;
	size_t count, cap;
	const char *path[FOLDED_DEPTH_MAX + 2];
	bool failed;
};

static void gather_row(struct gather *g, const char *name, uint64_t self, uint64_t total)
{
	if (g->count == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 256;
		struct folded_function *more = realloc(g->rows, cap * sizeof(*more));

		if (!more) {
			g->failed = true;
			return;
		}
		g->rows = more;
		g->cap = cap;
	}
	g->rows[g->count++] = (struct folded_function){ name, self, total };
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static void gather_below(struct gather *g, const struct folded_node *node, size_t depth)
{
	for (size_t i = 0; i < node->children_count; i++) {
		const struct folded_node *child = node->children[i];
		bool is_recursive = false;

		for (size_t k = 0; k < depth && !is_recursive; k++)
			is_recursive = strcmp(g->path[k], child->name) == 0;
		gather_row(g, child->name, child->self, is_recursive ? 0 : child->total);
		g->path[depth] = child->name;
		gather_below(g, child, depth + 1);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct folded_function *)a)->name,
		      ((const struct folded_function *)b)->name);
}

static int by_self(const void *a, const void *b)
{
	const struct folded_function *x = a, *y = b;

	if (x->self != y->self)
		return x->self < y->self ? 1 : -1;
	return strcmp(x->name, y->name);
}

int folded_functions(const struct folded *f, struct folded_function **out, size_t *count)
{
	struct gather g = { 0 };
	size_t kept = 0;

	gather_below(&g, &f->root, 0);
	if (g.failed) {
		free(g.rows);
		return -ENOMEM;
	}
	if (g.count)
		qsort(g.rows, g.count, sizeof(*g.rows), by_name);
	for (size_t i = 0; i < g.count; i++) {
		if (kept && strcmp(g.rows[kept - 1].name, g.rows[i].name) == 0) {
			g.rows[kept - 1].self += g.rows[i].self;
			g.rows[kept - 1].total += g.rows[i].total;
		} else {
			g.rows[kept++] = g.rows[i];
		}
	}
	if (kept)
		qsort(g.rows, kept, sizeof(*g.rows), by_self);
	*out = g.rows;
	*count = kept;
	return 0;
}
