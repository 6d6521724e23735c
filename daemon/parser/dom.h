/*
 * dom.h - the v14 parser's state, and the repairs of what a cJSON tree cannot hold.
 *
 * The reference walk notes three things, and only texts that have them pay for it:
 *  - the text of a request's id: noted by element;
 *  - integers above 2^53: the digits go to the item's valuestring, which cJSON frees and clones;
 *  - NUL in strings, and numbers longer than cJSON's buffer: the tree is made from a copy of the
 *    text in which \u0000 is the overlong form C0 80 (no valid text has it) and a long number is
 *    its double in 17 digits.
 */
#ifndef DAEMON_PARSER_DOM_H
#define DAEMON_PARSER_DOM_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/parser/parser.h"
#include "daemon/parser/walk.h"

/* The raw text of the id of element element_index. */
struct dom_id {
	uint32_t element_index;
	struct span raw;
};

/* Something in the text that cJSON cannot hold. */
struct dom_oddity {
	struct span raw;
	uint32_t number_index;
	enum { ODD_NUL, ODD_INTEGER, ODD_LONG } what;
};

struct dom_clone {
	cJSON *item;
};

struct dom_text {
	char *ptr;
};

struct dom_list {
	void *ptr;
	size_t count, cap;
};

struct parser_dom {
	struct parser base;
	struct value_doc doc;
	cJSON *root;
	char *copy;               /* the rewritten text */
	bool has_nul;             /* strings may hold C0 80 for a NUL */
	struct dom_list ids;      /* struct dom_id, in the order of the text */
	struct dom_list oddities; /* struct dom_oddity, in the order of the text */
	struct dom_list clones;   /* struct dom_clone: params of the requests */
	struct dom_list decoded;  /* struct dom_text: strings with a NUL, decoded when asked for */
};

/* One more item, or NULL. */
void *dom_list_add(struct dom_list *list, size_t item_bytes);

/* Empties it; gives back what a giant text made of it. */
void dom_list_trim(struct dom_list *list);

/* What the walk is to note into d. */
struct walk_notes dom_notes(struct parser_dom *d);

/* Makes d->root of a text that the walk has accepted. Returns 0 or -ENOMEM. */
int dom_build(struct parser_dom *d, struct span text);

/* The id of an object of d's tree, as it was sent; empty where none was noted. */
struct span dom_noted_id(const struct parser_dom *d, const cJSON *object);

#endif
