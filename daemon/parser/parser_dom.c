/*
 * parser_dom.c - the v14 way: a cJSON tree of the whole text, and a clone of params per request.
 *
 * cJSON is lenient (control characters, numbers, UTF-8), so the reference walk judges the text
 * first; that costs a few percent of what the tree costs. It also notes the three things a cJSON
 * tree cannot hold, and only texts that have them pay for it:
 *  - the text of a request's id: noted by element;
 *  - integers above 2^53: the digits go to the item's valuestring, which cJSON frees and clones;
 *  - NUL in strings, and numbers longer than cJSON's buffer: the tree is made from a copy of the
 *    text in which \u0000 is the overlong form C0 80 (no valid text has it) and a long number is
 *    its double in 17 digits.
 */
#include <assert.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/parser/envelope.h"
#include "daemon/parser/parser.h"
#include "daemon/parser/reply_builders.h"
#include "daemon/parser/walk.h"
#include "daemon/rpc/number.h"

enum {
	NUL_ESCAPE_BYTES = 6, /* \u0000 */
	REAL_TEXT_BYTES = 32,
	KEEP_ITEMS = 1024, /* of a list, between texts */
};

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

static void *list_add(struct dom_list *list, size_t item_bytes)
{
	if (list->count == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 16;
		void *ptr = realloc(list->ptr, cap * item_bytes);

		if (!ptr)
			return NULL;
		list->ptr = ptr;
		list->cap = cap;
	}
	return (char *)list->ptr + list->count++ * item_bytes;
}

static void list_trim(struct dom_list *list)
{
	list->count = 0;
	if (list->cap <= KEEP_ITEMS)
		return;
	free(list->ptr);
	*list = (struct dom_list){ 0 };
}

/* ---- notes of the walk ---- */

static int note_id(void *ctx, uint32_t element_index, struct span raw)
{
	struct dom_id *id = list_add(&((struct parser_dom *)ctx)->ids, sizeof(*id));

	if (!id)
		return -ENOMEM;
	*id = (struct dom_id){ element_index, raw };
	return 0;
}

static int note_oddity(struct parser_dom *d, struct dom_oddity oddity)
{
	struct dom_oddity *slot = list_add(&d->oddities, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = oddity;
	return 0;
}

static int note_number(void *ctx, uint32_t number_index, struct span raw, bool is_plain)
{
	struct dom_oddity oddity = { raw, number_index, ODD_INTEGER };
	struct parser_dom *d = ctx;

	/* A plain integer of more than 19 digits fits no int64_t: its double is all there is. */
	if (is_plain && raw.len <= NUMBER_INTEGER_BYTES)
		return note_oddity(d, oddity);
	if (raw.len < WALK_NUMBER_LONG_BYTES)
		return 0;
	oddity.what = ODD_LONG;
	return note_oddity(d, oddity);
}

static int note_nul(void *ctx, const char *at)
{
	struct parser_dom *d = ctx;

	d->has_nul = true;
	return note_oddity(d, (struct dom_oddity){ span_of(at, NUL_ESCAPE_BYTES), 0, ODD_NUL });
}

/* ---- the three repairs ---- */

/* A copy of the text that cJSON can hold, or NULL. */
static char *rewrite(const struct parser_dom *d, struct span text, size_t *len)
{
	const struct dom_oddity *odd = d->oddities.ptr;
	const char *from = text.ptr;
	char *copy = malloc(text.len + 1);
	char *to = copy;

	if (!copy)
		return NULL;
	for (size_t i = 0; i < d->oddities.count; i++) {
		size_t plain = (size_t)(odd[i].raw.ptr - from);
		struct number n;

		if (odd[i].what == ODD_INTEGER)
			continue;
		memcpy(to, from, plain);
		to += plain;
		from = odd[i].raw.ptr;
		if (odd[i].what == ODD_NUL) {
			memcpy(to, "\xc0\x80", 2);
			to += 2;
		} else {
			/* Shorter than what it replaces, which has WALK_NUMBER_LONG_BYTES or more.
			 */
			number_read(&from, text.ptr + text.len, &n);
			to += snprintf(to, REAL_TEXT_BYTES, "%.17g", n.real);
		}
		from = odd[i].raw.ptr + odd[i].raw.len;
	}
	memcpy(to, from, (size_t)(text.ptr + text.len - from));
	*len = (size_t)(to - copy) + (size_t)(text.ptr + text.len - from);
	return copy;
}

/* The next item in the order of the text; levels[] are the containers above it. */
static cJSON *successor(cJSON *item, cJSON **levels, size_t *depth)
{
	if (item->child) {
		levels[(*depth)++] = item;
		return item->child;
	}
	while (!item->next && *depth)
		item = levels[--*depth];
	return *depth ? item->next : NULL;
}

/* Gives the large integers their digits. */
static int keep_digits(struct parser_dom *d)
{
	const struct dom_oddity *odd = d->oddities.ptr;
	cJSON *levels[RPC_DEPTH_MAX];
	uint32_t index = 0;
	size_t depth = 0;
	size_t i = 0;

	for (cJSON *item = d->root; item; item = successor(item, levels, &depth)) {
		while (i < d->oddities.count && odd[i].what != ODD_INTEGER)
			i++;
		if (i == d->oddities.count)
			break;
		if (!cJSON_IsNumber(item) || index++ != odd[i].number_index)
			continue;
		item->valuestring = strndup(odd[i].raw.ptr, odd[i].raw.len);
		if (!item->valuestring)
			return -ENOMEM;
		i++;
	}
	return 0;
}

/* Elements of a batch learn their numbers, by which their ids are noted; 0 is no element. */
static void number_elements(struct parser_dom *d)
{
	int index = 1;

	if (cJSON_IsObject(d->root))
		d->root->valueint = index;
	if (!cJSON_IsArray(d->root))
		return;
	for (cJSON *item = d->root->child; item; item = item->next, index++) {
		if (cJSON_IsObject(item))
			item->valueint = index;
	}
}

/* ---- values ---- */

static inline cJSON *item_of(struct value v)
{
	return (cJSON *)v.node;
}

static inline struct parser_dom *parser_of(struct value v)
{
	return (struct parser_dom *)((char *)(uintptr_t)v.doc - offsetof(struct parser_dom, doc));
}

static struct number number_of(const cJSON *item)
{
	static const double two_to_63 = 9223372036854775808.0; /* exact */
	struct number n = { .real = item->valuedouble };
	const char *p = item->valuestring;

	if (p) {
		number_read(&p, p + strlen(p), &n);
	} else if (n.real >= -two_to_63 && n.real < two_to_63 &&
		   (double)(int64_t)n.real == n.real) {
		n.is_integer = true;
		n.integer = (int64_t)n.real;
		n.real = (double)n.integer; /* no -0 */
	}
	return n;
}

static enum value_kind dom_kind(struct value v)
{
	switch (item_of(v)->type & 0xff) {
	case cJSON_False:
	case cJSON_True:
		return VALUE_BOOL;
	case cJSON_NULL:
		return VALUE_NULL;
	case cJSON_Number:
		return number_of(item_of(v)).is_integer ? VALUE_INT : VALUE_REAL;
	case cJSON_String:
		return VALUE_STRING;
	case cJSON_Array:
		return VALUE_ARRAY;
	default:
		return VALUE_OBJECT;
	}
}

static bool dom_first(struct value container, struct value *child)
{
	*child = (struct value){ container.doc, (uintptr_t)item_of(container)->child };
	return child->node != 0;
}

static bool dom_next(struct value child, struct value *sibling)
{
	*sibling = (struct value){ child.doc, (uintptr_t)item_of(child)->next };
	return sibling->node != 0;
}

/* A string of the tree; C0 80 becomes NUL again. */
static struct span text_of(struct parser_dom *d, const char *text)
{
	const char *odd = d->has_nul ? strstr(text, "\xc0\x80") : NULL;
	size_t len = strlen(text);
	struct dom_text *slot;
	char *to;

	if (!odd)
		return span_of(text, len);
	slot = list_add(&d->decoded, sizeof(*slot));
	if (!slot)
		return span_of("", 0);
	slot->ptr = to = malloc(len);
	if (!to)
		return span_of("", 0);
	for (; odd; odd = strstr(text, "\xc0\x80")) {
		memcpy(to, text, (size_t)(odd - text));
		to += odd - text;
		*to++ = '\0';
		text = odd + 2;
	}
	len = strlen(text);
	memcpy(to, text, len);
	return span_of(slot->ptr, (size_t)(to - slot->ptr) + len);
}

static struct span dom_key(struct value child)
{
	const char *key = item_of(child)->string;

	return key ? text_of(parser_of(child), key) : span_of("", 0);
}

static int64_t dom_integer(struct value v)
{
	if (dom_kind(v) == VALUE_BOOL)
		return cJSON_IsTrue(item_of(v));
	return number_of(item_of(v)).integer;
}

static double dom_real(struct value v)
{
	return number_of(item_of(v)).real;
}

static struct span dom_string(struct value v)
{
	return text_of(parser_of(v), item_of(v)->valuestring);
}

static bool dom_records(struct value array, struct value_records *out)
{
	(void)array;
	(void)out;
	return false;
}

static const struct value_ops dom_value_ops = {
	.kind = dom_kind,
	.first = dom_first,
	.next = dom_next,
	.key = dom_key,
	.integer = dom_integer,
	.real = dom_real,
	.string = dom_string,
	.records = dom_records,
};

/* ---- the parser ---- */

static int dom_init(struct parser *p, struct err *err)
{
	(void)err;
	((struct parser_dom *)p)->doc.ops = &dom_value_ops;
	return 0;
}

static void dom_reset(struct parser *p)
{
	struct parser_dom *d = (struct parser_dom *)p;

	for (size_t i = 0; i < d->clones.count; i++)
		cJSON_Delete(((struct dom_clone *)d->clones.ptr)[i].item);
	for (size_t i = 0; i < d->decoded.count; i++)
		free(((struct dom_text *)d->decoded.ptr)[i].ptr);
	cJSON_Delete(d->root);
	free(d->copy);
	d->root = NULL;
	d->copy = NULL;
	d->has_nul = false;
	list_trim(&d->ids);
	list_trim(&d->oddities);
	list_trim(&d->clones);
	list_trim(&d->decoded);
}

static void dom_deinit(struct parser *p)
{
	struct parser_dom *d = (struct parser_dom *)p;

	dom_reset(p);
	free(d->ids.ptr);
	free(d->oddities.ptr);
	free(d->clones.ptr);
	free(d->decoded.ptr);
}

static int build_tree(struct parser_dom *d, struct span text)
{
	bool is_rewritten = false;
	size_t len = text.len;

	for (size_t i = 0; i < d->oddities.count; i++)
		is_rewritten |= ((struct dom_oddity *)d->oddities.ptr)[i].what != ODD_INTEGER;
	if (is_rewritten) {
		d->copy = rewrite(d, text, &len);
		if (!d->copy)
			return -ENOMEM;
	}
	/* The text is valid: what fails now is malloc. */
	d->root = cJSON_ParseWithLength(is_rewritten ? d->copy : text.ptr, len);
	if (!d->root)
		return -ENOMEM;
	number_elements(d);
	return d->oddities.count ? keep_digits(d) : 0;
}

static int dom_parse(struct parser *p, struct span text, struct value *root,
		     struct parse_fault *fault)
{
	struct parser_dom *d = (struct parser_dom *)p;
	const struct walk_notes notes = { d, note_id, note_number, note_nul };
	int rc;

	dom_reset(p);
	rc = walk_check(text, &notes, fault);
	if (rc == 0)
		rc = build_tree(d, text);
	if (rc < 0) {
		dom_reset(p);
		return rc;
	}
	*root = (struct value){ &d->doc, (uintptr_t)d->root };
	return 0;
}

/* The last id of that element, as it was sent. */
static struct span noted_id(const struct parser_dom *d, int number)
{
	const struct dom_id *ids = d->ids.ptr;
	size_t low = 0, high = d->ids.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((int64_t)ids[middle].element_index < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && (int64_t)ids[low - 1].element_index + 1 == number ? ids[low - 1].raw
									    : span_of("", 0);
}

/* Puts a member of the request where it belongs. */
static void sort_member(struct envelope *e, struct value member)
{
	enum envelope_slot slot = envelope_slot(dom_key(member));
	enum value_kind kind = dom_kind(member);
	struct span text = kind == VALUE_STRING ? dom_string(member) : span_of("", 0);

	if (slot == ENVELOPE_SLOTS)
		return;
	e->kinds[slot] = (uint8_t)kind;
	switch (slot) {
	case ENVELOPE_VERSION:
		e->version = text;
		break;
	case ENVELOPE_METHOD:
		e->method = text;
		break;
	case ENVELOPE_TOOL:
		e->tool = text;
		break;
	case ENVELOPE_PARAMS:
		e->params = member;
		break;
	case ENVELOPE_ARGUMENTS:
		e->arguments = member;
		break;
	default:
		break;
	}
}

static int dom_envelope(struct parser *p, struct value object, struct rpc_request *request)
{
	struct parser_dom *d = (struct parser_dom *)p;
	struct envelope e = { 0 };
	struct value member;
	struct dom_clone *slot;
	bool more;
	int rc;

	if (dom_kind(object) == VALUE_OBJECT) {
		for (more = dom_first(object, &member); more; more = dom_next(member, &member))
			sort_member(&e, member);
	}
	rc = envelope_judge(&e, request);
	request->id =
		envelope_id_is_valid(&e) ? noted_id(d, item_of(object)->valueint) : span_of("", 0);
	if (rc < 0 || !request->params.doc)
		return rc;
	slot = list_add(&d->clones, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	slot->item = cJSON_Duplicate(item_of(request->params), true);
	if (!slot->item) {
		d->clones.count--;
		return -ENOMEM;
	}
	request->params.node = (uintptr_t)slot->item;
	return 0;
}

const struct parser_ops parser_dom_ops = {
	.name = "dom",
	.summary = "cJSON tree of the text, params cloned (v14)",
	.size = sizeof(struct parser_dom),
	.reply = &reply_tree_ops,
	.init = dom_init,
	.deinit = dom_deinit,
	.parse = dom_parse,
	.envelope = dom_envelope,
	.reset = dom_reset,
};
