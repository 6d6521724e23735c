#include "daemon/parser/dom.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/json/number.h"
#include "daemon/rpc/limits.h"

enum {
	NUL_ESCAPE_BYTES = 6, /* \u0000 */
	REAL_TEXT_BYTES = 32,
	KEEP_ITEMS = 1024, /* kept in a list between texts */
};

void *dom_list_add(struct dom_list *list, size_t item_bytes)
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

void dom_list_trim(struct dom_list *list)
{
	list->count = 0;
	if (list->cap <= KEEP_ITEMS)
		return;
	free(list->ptr);
	*list = (struct dom_list){ 0 };
}

static int note_id(void *ctx, uint32_t element_index, struct span raw)
{
	struct dom_id *id = dom_list_add(&((struct parser_dom *)ctx)->ids, sizeof(*id));

	if (!id)
		return -ENOMEM;
	*id = (struct dom_id){ element_index, raw };
	return 0;
}

static int note_oddity(struct parser_dom *d, struct dom_oddity oddity)
{
	struct dom_oddity *slot = dom_list_add(&d->oddities, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = oddity;
	return 0;
}

static int note_number(void *ctx, uint32_t number_index, struct span raw, bool is_plain)
{
	struct dom_oddity oddity = { raw, number_index, ODD_INTEGER };
	struct parser_dom *d = ctx;

	/* A plain integer of more than 19 digits does not fit int64_t, so only its double
	 * is used. */
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

struct walk_notes dom_notes(struct parser_dom *d)
{
	return (struct walk_notes){ d, note_id, note_number, note_nul };
}

/* A copy of the text that cJSON can represent, or NULL. */
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
			/* Shorter than the replaced number, which has WALK_NUMBER_LONG_BYTES or
			 * more. */
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

/* Attaches the digits of large integers to their items. */
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

/* Stores in each element of a batch its number, by which its id is found; 0 means no element. */
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

int dom_build(struct parser_dom *d, struct span text)
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
	/* The text is valid, so only malloc can fail now. */
	d->root = cJSON_ParseWithLength(is_rewritten ? d->copy : text.ptr, len);
	if (!d->root)
		return -ENOMEM;
	number_elements(d);
	return d->oddities.count ? keep_digits(d) : 0;
}

struct span dom_noted_id(const struct parser_dom *d, const cJSON *object)
{
	const struct dom_id *ids = d->ids.ptr;
	int number = object->valueint; /* of the element; the last of its ids counts */
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
