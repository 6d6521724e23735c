/*
 * dom.h - the state of the v14 parser, and workarounds for what a cJSON tree cannot represent.
 *
 * The reference walk notes three cases, and only texts with these cases pay for them:
 *  - the text of a request's id: noted by element;
 *  - integers above 2^53: the digits go to the item's valuestring, which cJSON frees and clones;
 *  - NUL in strings, and numbers longer than cJSON's buffer: the tree is made from a copy of the
 * text in which \\u0000 is the overlong form C0 80 (which no valid text contains), and a long
 * number is written as its double with 17 digits.
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

/* Something in the text that cJSON cannot represent. */
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
	struct dom_list decoded;  /* struct dom_text: strings with a NUL, decoded on request */
};

/* Adds an item; NULL when out of memory. */
void *dom_list_add(struct dom_list *list, size_t item_bytes);

/* Empties the list; frees the memory that a very large text needed. */
void dom_list_trim(struct dom_list *list);

/* The callbacks that note into d. */
struct walk_notes dom_notes(struct parser_dom *d);

/* Builds d->root from a text that the walk has accepted. Returns 0 or -ENOMEM. */
int dom_build(struct parser_dom *d, struct span text);

/* The id of an object of d's tree, as it was sent; empty when none was noted. */
struct span dom_noted_id(const struct parser_dom *d, const cJSON *object);

#endif
