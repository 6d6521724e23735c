#include "daemon/parser/tape.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/json/text.h"
#include "daemon/rpc/limits.h"

enum {
	/*
	 * How much a store may keep between documents without having used it (the cost of an idle
	 * worker), and how much it may keep at all, so that the largest requests of steady traffic
	 * need no malloc.
	 */
	KEEP_IDLE_BYTES = 256 << 10,
	KEEP_USED_BYTES = 4 << 20,
};

/*
 * Numbers of virtual nodes, in records: bit 63, then the table, the row and the column; column 0 is
 * the row itself, column c the value at index c - 1.
 */
enum { COLUMN_BITS = 4, ROW_BITS = 28, TABLE_SHIFT = COLUMN_BITS + ROW_BITS };

static const uint64_t made_up = (uint64_t)1 << 63;

_Static_assert(sizeof(struct tape_node) == 16, "four nodes per cache line");
_Static_assert(RPC_REQUEST_BYTES_MAX / 4 <= TAPE_ROWS_MAX && TAPE_ROWS_MAX <= 1 << ROW_BITS,
	       "row numbers fit");
_Static_assert(TAPE_COLUMNS_MAX < 1 << COLUMN_BITS, "column numbers fit");
_Static_assert(sizeof(uintptr_t) == 8, "node numbers have 64 bits");

struct place {
	const struct tape_table *table;
	uint32_t row;
	uint32_t column;
};

static inline const struct tape *tape_of(struct value v)
{
	return (const struct tape *)(const void *)v.doc;
}

static inline const struct tape_node *node_of(struct value v)
{
	return &tape_nodes(tape_of(v))[v.node];
}

static struct place place_of(struct value v)
{
	uint64_t number = v.node & ~made_up;
	const struct tape_table *tables = tape_of(v)->tables.ptr;

	return (struct place){
		.table = &tables[number >> TABLE_SHIFT],
		.row = number >> COLUMN_BITS & ((1u << ROW_BITS) - 1),
		.column = number & ((1u << COLUMN_BITS) - 1),
	};
}

static enum value_kind tape_kind(struct value v)
{
	struct place p;

	if (!(v.node & made_up))
		return (enum value_kind)node_of(v)->kind;
	p = place_of(v);
	if (p.column)
		return VALUE_INT;
	return p.table->keys_at == UINT32_MAX ? VALUE_ARRAY : VALUE_OBJECT;
}

static bool tape_first(struct value container, struct value *child)
{
	const struct tape_node *n;

	*child = container;
	if (container.node & made_up) {
		child->node |= 1;
		return place_of(container).column == 0;
	}
	n = node_of(container);
	if (n->kind != VALUE_ARRAY && n->kind != VALUE_OBJECT)
		return false;
	if (n->flags & TAPE_RECORDS) {
		child->node = made_up | (uint64_t)n->u.container.table << TABLE_SHIFT;
		return true;
	}
	child->node++;
	return n[1].kind != TAPE_END;
}

static bool tape_next(struct value child, struct value *sibling)
{
	const struct tape_node *n;
	struct place p;

	*sibling = child;
	if (child.node & made_up) {
		p = place_of(child);
		sibling->node += p.column ? 1 : 1u << COLUMN_BITS;
		return p.column ? p.column < p.table->column_count : p.row + 1 < p.table->row_count;
	}
	n = node_of(child);
	sibling->node = n->kind == VALUE_ARRAY || n->kind == VALUE_OBJECT ? n->u.container.end
									  : child.node + 1;
	return sibling->node < tape_of(child)->nodes.count && node_of(*sibling)->kind != TAPE_END;
}

struct span tape_node_key(const struct tape *t, const struct tape_node *n)
{
	const char *arena = t->arena.ptr;
	struct tape_far_key far;

	if (!(n->flags & TAPE_FAR_KEY))
		return span_of(t->text.ptr + n->key_at, n->key_bytes);
	memcpy(&far, arena + n->key_at, sizeof(far));
	return span_of(arena + n->key_at + sizeof(far), far.bytes);
}

static struct span tape_key(struct value child)
{
	const struct tape *t = tape_of(child);
	struct place p;

	if (child.node & made_up) {
		p = place_of(child);
		if (!p.column || p.table->keys_at == UINT32_MAX)
			return span_of("", 0);
		return ((const struct span *)t->keys.ptr)[p.table->keys_at + p.column - 1];
	}
	return tape_node_key(t, node_of(child));
}

static int64_t tape_integer(struct value v)
{
	struct place p;

	if (!(v.node & made_up))
		return node_of(v)->u.integer;
	p = place_of(v);
	return ((const int32_t *)tape_of(v)
			->values.ptr)[p.table->values_at + (size_t)p.row * p.table->column_count +
				      p.column - 1];
}

static double tape_real(struct value v)
{
	if (v.node & made_up || node_of(v)->kind != VALUE_REAL)
		return (double)tape_integer(v);
	return node_of(v)->u.real;
}

static struct span tape_string(struct value v)
{
	return tape_node_string(tape_of(v), node_of(v));
}

static bool tape_records(struct value array, struct value_records *out)
{
	const struct tape *t = tape_of(array);
	const struct tape_table *table;
	const struct tape_node *n;

	if (array.node & made_up)
		return false;
	n = node_of(array);
	if (!(n->flags & TAPE_RECORDS))
		return false;
	table = &((const struct tape_table *)t->tables.ptr)[n->u.container.table];
	out->keys = table->keys_at == UINT32_MAX
			    ? NULL
			    : (const struct span *)t->keys.ptr + table->keys_at;
	out->values = (const int32_t *)t->values.ptr + table->values_at;
	out->row_count = table->row_count;
	out->column_count = table->column_count;
	return true;
}

/* The node after that of a value. */
static inline const struct tape_node *behind(const struct tape_node *nodes,
					     const struct tape_node *n)
{
	return __builtin_expect(n->kind >= VALUE_ARRAY, 0) ? nodes + n->u.container.end : n + 1;
}

static uint32_t tape_items(struct value container, uint32_t skip, const struct value_items *out,
			   uint32_t max)
{
	const struct tape *t = tape_of(container);
	const struct tape_node *nodes = tape_nodes(t);
	const struct value_items to = *out;
	const struct tape_node *n;
	bool is_object;
	uint32_t count = 0;

	if (container.node & made_up || nodes[container.node].flags & TAPE_RECORDS)
		return value_items_apart(container, skip, out, max);
	n = &nodes[container.node];
	is_object = n->kind == VALUE_OBJECT;
	if (n->kind != VALUE_ARRAY && !is_object)
		return 0;
	for (n++; skip && n->kind != TAPE_END; skip--)
		n = behind(nodes, n);
	for (; n->kind != TAPE_END && count < max; n = behind(nodes, n), count++) {
		if (is_object)
			to.keys[count] = tape_node_key(t, n);
		to.values[count] = (struct value){ &t->doc, (uintptr_t)(n - nodes) };
		to.integers[count] = n->u.integer;
		to.kinds[count] = n->kind;
	}
	return count;
}

static const struct value_ops tape_value_ops = {
	.kind = tape_kind,
	.first = tape_first,
	.next = tape_next,
	.key = tape_key,
	.integer = tape_integer,
	.real = tape_real,
	.string = tape_string,
	.records = tape_records,
	.items = tape_items,
};

void tape_init(struct tape *t)
{
	*t = (struct tape){ .doc = { &tape_value_ops } };
}

static void store_free(struct tape_store *s)
{
	free(s->ptr);
	budget_give(BUDGET_REQUESTS, s->counted_bytes);
	*s = (struct tape_store){ 0 };
}

void tape_deinit(struct tape *t)
{
	store_free(&t->nodes);
	store_free(&t->arena);
	store_free(&t->tables);
	store_free(&t->keys);
	store_free(&t->values);
}

static inline void store_trim(struct tape_store *s, size_t item_bytes)
{
	size_t bytes = s->cap * item_bytes;

	if (__builtin_expect(bytes > KEEP_IDLE_BYTES, 0) &&
	    (bytes > KEEP_USED_BYTES || s->count < s->cap / 8))
		store_free(s);
	s->count = 0;
}

void tape_trim(struct tape *t)
{
	store_trim(&t->nodes, sizeof(struct tape_node));
	store_trim(&t->arena, 1);
	store_trim(&t->tables, sizeof(struct tape_table));
	store_trim(&t->keys, sizeof(struct span));
	store_trim(&t->values, sizeof(int32_t));
}

/* Nodes store offsets in the text; only the keys of tables are pointers. */
void tape_move(struct tape *t, const char *to)
{
	struct span *keys = t->keys.ptr;

	for (size_t i = 0; i < t->keys.count; i++)
		keys[i] = span_moved(keys[i], t->text, to);
	t->text.ptr = to;
}

int tape_store_grow(struct tape_store *s, size_t extra, size_t item_bytes)
{
	size_t cap = s->cap < 64 ? 64 : s->cap + s->cap / 2;
	size_t bytes;
	void *ptr;

	if (cap < s->count + extra)
		cap = s->count + extra;
	if (__builtin_mul_overflow(cap, item_bytes, &bytes))
		return -ENOMEM;
	if (bytes > KEEP_USED_BYTES) {
		if (!budget_take(BUDGET_REQUESTS, bytes - s->counted_bytes))
			return -ENOMEM;
		s->counted_bytes = bytes;
	}
	ptr = realloc(s->ptr, bytes);
	if (!ptr)
		return -ENOMEM; /* memory taken so far is freed with the store */
	s->ptr = ptr;
	s->cap = cap;
	return 0;
}

int tape_unescape(struct tape *t, struct span raw, uint32_t *at, uint32_t *bytes)
{
	if (tape_reserve(&t->arena, raw.len, 1) < 0)
		return -ENOMEM;
	*at = (uint32_t)t->arena.count;
	*bytes = (uint32_t)text_unescape((char *)t->arena.ptr + *at, raw.ptr, raw.len);
	t->arena.count += *bytes;
	return 0;
}

int tape_set_key(struct tape *t, struct tape_node *node, struct span raw, bool is_escaped)
{
	uint32_t text_at = (uint32_t)(raw.ptr - t->text.ptr);
	struct tape_far_key far = { .text_at = text_at };
	uint32_t at;

	if (!is_escaped && raw.len <= TAPE_KEY_BYTES_MAX) {
		node->key_at = text_at;
		node->key_bytes = (uint16_t)raw.len;
		return 0;
	}
	if (tape_reserve(&t->arena, sizeof(far) + raw.len, 1) < 0)
		return -ENOMEM;
	node->flags |= TAPE_FAR_KEY;
	node->key_at = (uint32_t)t->arena.count;
	node->key_bytes = 0;
	t->arena.count += sizeof(far);
	if (is_escaped) {
		if (tape_unescape(t, raw, &at, &far.bytes) < 0)
			return -ENOMEM;
	} else {
		far.bytes = (uint32_t)raw.len;
		memcpy((char *)t->arena.ptr + t->arena.count, raw.ptr, raw.len);
		t->arena.count += raw.len;
	}
	memcpy((char *)t->arena.ptr + node->key_at, &far, sizeof(far));
	return 0;
}

struct value tape_root(const struct tape *t)
{
	return (struct value){ &t->doc, 0 };
}
