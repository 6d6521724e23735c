#include "daemon/rpc/value.h"

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
