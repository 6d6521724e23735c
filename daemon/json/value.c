#include "daemon/json/value.h"

uint32_t value_items_apart(struct value container, uint32_t skip, const struct value_items *out,
			   uint32_t max)
{
	enum value_kind kind = value_kind(container);
	bool is_object = kind == VALUE_OBJECT;
	struct value child;
	uint32_t n = 0;
	bool more;

	if (kind != VALUE_ARRAY && !is_object)
		return 0;
	for (more = value_first(container, &child); more && n < max;
	     more = value_next(child, &child)) {
		if (skip) {
			skip--;
			continue;
		}
		kind = value_kind(child);
		out->values[n] = child;
		out->kinds[n] = (uint8_t)kind;
		if (kind == VALUE_INT || kind == VALUE_BOOL)
			out->integers[n] = value_integer(child);
		if (is_object)
			out->keys[n] = value_key(child);
		n++;
	}
	return n;
}

struct value value_member(struct value object, const char *name)
{
	struct span want = span_str(name);
	struct value found = { 0 };
	struct value child;
	bool more;

	if (value_kind(object) != VALUE_OBJECT)
		return found;
	for (more = value_first(object, &child); more; more = value_next(child, &child)) {
		if (span_eq(value_key(child), want))
			found = child;
	}
	return found;
}

uint32_t value_count(struct value container)
{
	enum value_kind kind = value_kind(container);
	struct value_records records;
	struct value child;
	uint32_t count = 0;
	bool more;

	if (kind != VALUE_ARRAY && kind != VALUE_OBJECT)
		return 0;
	if (kind == VALUE_ARRAY && value_records(container, &records))
		return records.row_count;
	for (more = value_first(container, &child); more; more = value_next(child, &child))
		count++;
	return count;
}
