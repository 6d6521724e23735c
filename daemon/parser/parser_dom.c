/*
 * parser_dom.c - as in v14: a cJSON tree of the whole text, and a clone of params per request.
 *
 * cJSON is lenient (control characters, numbers, UTF-8), so the reference walk checks the text
 * first; that costs a few percent of building the tree. dom.h has what a tree cannot represent.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/json/number.h"
#include "daemon/parser/dom.h"
#include "daemon/parser/envelope.h"
#include "daemon/parser/reply_builders.h"
#include "daemon/parser/tree_memory.h"

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
	slot = dom_list_add(&d->decoded, sizeof(*slot));
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
	.items = value_items_apart,
};

static int dom_init(struct parser *p, struct err *err)
{
	(void)err;
	tree_memory_use();
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
	dom_list_trim(&d->ids);
	dom_list_trim(&d->oddities);
	dom_list_trim(&d->clones);
	dom_list_trim(&d->decoded);
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

static int dom_parse(struct parser *p, struct span text, struct value *root,
		     struct parse_fault *fault)
{
	struct parser_dom *d = (struct parser_dom *)p;
	struct walk_notes notes = dom_notes(d);
	int rc;

	dom_reset(p);
	rc = walk_check(text, &notes, fault);
	if (rc == 0)
		rc = dom_build(d, text);
	if (rc < 0) {
		dom_reset(p);
		return rc;
	}
	*root = (struct value){ &d->doc, (uintptr_t)d->root };
	return 0;
}

/* Passes a member of the request to the envelope. */
static void sort_member(struct envelope *e, struct value member)
{
	enum envelope_slot slot = envelope_slot(dom_key(member));
	enum value_kind kind = dom_kind(member);
	struct span text = kind == VALUE_STRING ? dom_string(member) : span_of("", 0);

	if (slot != ENVELOPE_SLOTS)
		envelope_put(e, slot, kind, text, member);
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
	request->id = envelope_id_is_valid(&e) ? dom_noted_id(d, item_of(object)) : span_of("", 0);
	if (rc < 0 || !request->params.doc)
		return rc;
	slot = dom_list_add(&d->clones, sizeof(*slot));
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

/* The tree is a copy; only ids point into the text. */
static void dom_move(struct parser *p, struct span text, const char *to)
{
	struct parser_dom *d = (struct parser_dom *)p;
	struct dom_id *ids = d->ids.ptr;

	for (size_t i = 0; i < d->ids.count; i++)
		ids[i].raw = span_moved(ids[i].raw, text, to);
}

const struct parser_ops parser_dom_ops = {
	.head = { .name = "dom",
		  .summary = "cJSON tree of the text, params cloned (v14)",
		  .size = sizeof(struct parser_dom) },
	.reply = &reply_tree_ops,
	.init = dom_init,
	.deinit = dom_deinit,
	.parse = dom_parse,
	.envelope = dom_envelope,
	.move = dom_move,
	.reset = dom_reset,
};
