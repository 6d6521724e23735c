/*
 * reply_tree.c - as in v14: builds a cJSON tree, prints it, and copies the print.
 *
 * The text is the same, byte for byte, as that of `text`. cJSON's only numbers are doubles, and its
 * strings cannot contain NUL: reals and large integers are added as raw JSON, NUL as the overlong
 * form C0 80, which no valid text contains and the copy converts to \\u0000.
 */
#include <assert.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/chars.h"
#include "daemon/json/number.h"
#include "daemon/json/text.h"
#include "daemon/parser/reply_builders.h"
#include "daemon/parser/tree_memory.h"
#include "daemon/rpc/limits.h"

enum { LEVELS_MAX = RPC_DEPTH_MAX + 8 }; /* an echoed request and the containers around it */

struct reply_tree {
	struct reply base;
	struct outbuf *out;
	cJSON *root;    /* the reply; the result hangs below it */
	char *key;      /* of the next member, or NULL */
	bool has_nul;   /* C0 80 is used for it */
	bool is_broken; /* out of memory */
	size_t depth;
	cJSON *levels[LEVELS_MAX]; /* open containers; the root is the first */
};

static struct reply_tree *tree_of(struct reply *r)
{
	return (struct reply_tree *)r;
}

static int tree_init(struct reply *r)
{
	(void)r;
	tree_memory_use();
	return 0;
}

static void drop(struct reply_tree *t)
{
	cJSON_Delete(t->root);
	free(t->key);
	t->root = NULL;
	t->key = NULL;
	t->depth = 0;
}

static void tree_deinit(struct reply *r)
{
	drop(tree_of(r));
}

/* A NUL-terminated copy of text in a form for cJSON, or NULL. */
static char *tree_text(struct reply_tree *t, struct span text)
{
	struct outbuf clean = { .grow = outbuf_grow_malloc };
	bool is_clean = !memchr(text.ptr, '\0', text.len) && text_is_utf8(text);

	if (is_clean)
		return strndup(text.ptr, text.len);
	for (size_t i = 0; i < text.len;) {
		size_t good;
		size_t len = chars_utf8_sequence(text.ptr + i, text.len - i, &good);

		if (text.ptr[i] == '\0') {
			t->has_nul = true;
			outbuf_add(&clean, "\xc0\x80", 2);
		} else if (len) {
			outbuf_add(&clean, text.ptr + i, len);
		} else {
			outbuf_add(&clean, "\xef\xbf\xbd", 3);
			len = good ? good : 1;
		}
		i += len;
	}
	outbuf_add(&clean, "", 1);
	if (!clean.failed)
		return clean.ptr;
	free(clean.ptr);
	return NULL;
}

/* Adds the item at the current position. */
static void add(struct reply_tree *t, cJSON *item)
{
	cJSON *parent = t->depth ? t->levels[t->depth - 1] : NULL;
	bool is_added = false;

	/* If there is no memory for its key, a member must not be added without a name. */
	if (item && parent && cJSON_IsArray(parent))
		is_added = cJSON_AddItemToArray(parent, item);
	else if (item && parent && t->key)
		is_added = cJSON_AddItemToObject(parent, t->key, item);
	if (!is_added) {
		cJSON_Delete(item);
		t->is_broken = true;
	}
	free(t->key);
	t->key = NULL;
}

static void tree_begin(struct reply *r, struct outbuf *out)
{
	struct reply_tree *t = tree_of(r);

	drop(t);
	t->out = out;
	t->has_nul = false;
	t->root = cJSON_CreateObject();
	t->levels[0] = t->root;
	t->depth = 1;
	t->is_broken = !t->root || !cJSON_AddStringToObject(t->root, "jsonrpc", "2.0");
	t->key = strdup("result");
}

static void tree_mark(struct reply *r, char bracket)
{
	struct reply_tree *t = tree_of(r);
	cJSON *item;

	if (bracket == '}' || bracket == ']') {
		assert(t->depth > 1);
		t->depth--;
		return;
	}
	assert(t->depth < LEVELS_MAX);
	item = bracket == '{' ? cJSON_CreateObject() : cJSON_CreateArray();
	add(t, item);
	/* Levels are counted even when broken, so that they are also closed. */
	t->levels[t->depth++] = t->is_broken ? NULL : item;
}

static void tree_key(struct reply *r, struct span key)
{
	struct reply_tree *t = tree_of(r);

	free(t->key);
	t->key = tree_text(t, key);
	if (!t->key)
		t->is_broken = true;
}

static void tree_raw(struct reply *r, struct span json)
{
	char *text = strndup(json.ptr, json.len);

	add(tree_of(r), text ? cJSON_CreateRaw(text) : NULL);
	free(text);
}

static void tree_integer(struct reply *r, int64_t value)
{
	char text[NUMBER_INTEGER_BYTES];

	/* Within int cJSON prints %d; beyond it, %g. */
	if (value > INT32_MIN && value < INT32_MAX)
		add(tree_of(r), cJSON_CreateNumber((double)value));
	else
		tree_raw(r, span_of(text, number_put_integer(text, value)));
}

static void tree_real(struct reply *r, double value)
{
	char text[NUMBER_REAL_BYTES];

	tree_raw(r, span_of(text, number_put_real(text, value)));
}

static void tree_string(struct reply *r, struct span text)
{
	struct reply_tree *t = tree_of(r);
	char *copy = tree_text(t, text);

	add(t, copy ? cJSON_CreateString(copy) : NULL);
	free(copy);
}

/* Copies the print with C0 80 as \u0000. */
static void copy_print(struct outbuf *out, const char *print, bool has_nul)
{
	const char *odd = has_nul ? strstr(print, "\xc0\x80") : NULL;

	for (; odd; odd = strstr(print, "\xc0\x80")) {
		outbuf_add(out, print, (size_t)(odd - print));
		outbuf_add(out, "\\u0000", 6);
		print = odd + 2;
	}
	outbuf_add(out, print, strlen(print));
}

static int tree_end(struct reply *r, struct span id)
{
	struct reply_tree *t = tree_of(r);
	char *print = NULL;

	if (!t->is_broken) {
		assert(t->depth == 1);
		free(t->key);
		t->key = strdup("id");
		tree_raw(r, id);
	}
	if (!t->is_broken)
		print = cJSON_PrintUnformatted(t->root);
	if (print)
		copy_print(t->out, print, t->has_nul);
	else
		t->out->failed = true;
	cJSON_free(print);
	drop(t);
	return t->out->failed ? -ENOMEM : 0;
}

const struct reply_ops reply_tree_ops = {
	.name = "tree",
	.size = sizeof(struct reply_tree),
	.init = tree_init,
	.deinit = tree_deinit,
	.begin = tree_begin,
	.mark = tree_mark,
	.key = tree_key,
	.integer = tree_integer,
	.real = tree_real,
	.string = tree_string,
	.raw = tree_raw,
	.form = reply_form_apart,
	.end = tree_end,
};
