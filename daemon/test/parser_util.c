#include "daemon/test/parser_util.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/base/cpu.h"
#include "daemon/base/err.h"

static void add_parser(struct parsers *ps, const char *name, const char *label)
{
	struct err err = ERR_INIT;

	assert(ps->count < PARSERS_MAX);
	if (parser_open(name, &ps->list[ps->count], &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		abort();
	}
	snprintf(ps->names[ps->count], sizeof(ps->names[0]), "%s", label);
	ps->count++;
}

void parsers_open(struct parsers *ps)
{
	enum cpu_simd best;

	*ps = (struct parsers){ 0 };
	cpu_simd_set_limit(CPU_AVX512);
	best = cpu_simd_level();
	add_parser(ps, "scalar", "scalar");
	for (size_t i = 0; parser_backends[i]; i++) {
		const char *name = parser_backends[i]->head.name;

		if (strcmp(name, "scalar") != 0 && strcmp(name, "simd") != 0)
			add_parser(ps, name, name);
	}
	for (int level = CPU_SCALAR; level <= (int)best; level++) {
		char label[32];

		cpu_simd_set_limit((enum cpu_simd)level);
		snprintf(label, sizeof(label), "simd/%s", cpu_simd_name((enum cpu_simd)level));
		add_parser(ps, "simd", label);
	}
	cpu_simd_set_limit(CPU_AVX512);
}

void parsers_close(struct parsers *ps)
{
	for (size_t i = 0; i < ps->count; i++)
		parser_close(ps->list[i]);
	ps->count = 0;
}

void guard_open(struct guard *g, size_t bytes_max)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	g->bytes = (bytes_max + PARSER_PADDING_BYTES + page - 1) / page * page;
	g->base = mmap(NULL, g->bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	if (g->base == MAP_FAILED || mprotect(g->base + g->bytes, page, PROT_NONE) < 0)
		abort();
}

void guard_close(struct guard *g)
{
	munmap(g->base, g->bytes + (size_t)sysconf(_SC_PAGESIZE));
	*g = (struct guard){ 0 };
}

struct span guard_put(const struct guard *g, struct span text, size_t padding_bytes, char fill)
{
	char *at = g->base + g->bytes - padding_bytes - text.len;

	assert(text.len + padding_bytes <= g->bytes);
	if (text.len)
		memcpy(at, text.ptr, text.len);
	memset(at + text.len, fill, padding_bytes);
	return span_of(at, text.len);
}

static void add_line(struct outbuf *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add_line(struct outbuf *out, const char *fmt, ...)
{
	char line[160] = { 0 };
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	outbuf_add(out, line, strlen(line));
}

static void add_text(struct outbuf *out, struct span text)
{
	add_line(out, "%zu'", text.len);
	outbuf_add(out, text.ptr, text.len);
	outbuf_add(out, "'", 1);
}

static void check_records(struct value array, const struct value_records *records)
{
	struct value row, cell;
	bool more_rows = value_first(array, &row);

	for (uint32_t i = 0; i < records->row_count; i++) {
		bool more = value_first(row, &cell);

		assert(more_rows);
		assert(value_kind(row) == (records->keys ? VALUE_OBJECT : VALUE_ARRAY));
		for (uint32_t k = 0; k < records->column_count; k++) {
			assert(more && value_kind(cell) == VALUE_INT);
			assert(value_integer(cell) ==
			       records->values[(size_t)i * records->column_count + k]);
			assert(!records->keys || span_eq(value_key(cell), records->keys[k]));
			more = value_next(cell, &cell);
		}
		assert(!more);
		more_rows = value_next(row, &row);
	}
	assert(!more_rows);
}

static void check_item(const struct value_items *items, uint32_t i, struct value child,
		       bool is_object)
{
	enum value_kind kind = value_kind(child);

	assert(items->values[i].doc == child.doc && items->values[i].node == child.node);
	assert(items->kinds[i] == kind);
	if (kind == VALUE_INT || kind == VALUE_BOOL)
		assert(items->integers[i] == value_integer(child));
	assert(!is_object || span_eq(items->keys[i], value_key(child)));
}

/* Checks that value_items, which reads children a few at a time, agrees with the single calls. */
static void check_items(struct value container, bool is_object)
{
	enum { LOOK = 5 };
	struct value values[LOOK];
	uint8_t kinds[LOOK];
	int64_t integers[LOOK];
	struct span keys[LOOK];
	struct value_items items = { values, kinds, integers, keys };
	struct value child;
	bool more = value_first(container, &child);
	uint32_t skip = 0;
	uint32_t n;

	do {
		n = value_items(container, skip, &items, LOOK);
		for (uint32_t i = 0; i < n; i++) {
			assert(more);
			check_item(&items, i, child, is_object);
			more = value_next(child, &child);
		}
		skip += n;
	} while (n == LOOK && skip < 200); /* each look walks what it skips */
	assert(!more || n == LOOK);
}

/* NOLINTNEXTLINE(misc-no-recursion): at most RPC_DEPTH_MAX deep */
static void dump_children(struct outbuf *out, struct value v, bool is_object)
{
	struct value_records records;
	struct value child;
	uint32_t count = 0;
	bool more;

	if (!is_object && value_records(v, &records))
		check_records(v, &records);
	check_items(v, is_object);
	outbuf_add(out, is_object ? "{" : "[", 1);
	for (more = value_first(v, &child); more; more = value_next(child, &child)) {
		if (is_object)
			add_text(out, value_key(child));
		dump_value(out, child);
		count++;
	}
	outbuf_add(out, is_object ? "}" : "]", 1);
	assert(count == value_count(v));
}

/* NOLINTNEXTLINE(misc-no-recursion) */
void dump_value(struct outbuf *out, struct value v)
{
	switch (value_kind(v)) {
	case VALUE_NONE:
		abort();
	case VALUE_NULL:
		add_line(out, "null ");
		break;
	case VALUE_BOOL:
		add_line(out, "bool %lld ", (long long)value_integer(v));
		break;
	case VALUE_INT:
		add_line(out, "int %lld %a ", (long long)value_integer(v), value_real(v));
		break;
	case VALUE_REAL:
		add_line(out, "real %a ", value_real(v));
		break;
	case VALUE_STRING:
		add_text(out, value_string(v));
		break;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		dump_children(out, v, value_kind(v) == VALUE_OBJECT);
		break;
	}
}

/* NOLINTNEXTLINE(misc-no-recursion) */
void write_value(struct reply *r, struct value v)
{
	bool is_object = value_kind(v) == VALUE_OBJECT;
	struct value child;
	bool more;

	switch (value_kind(v)) {
	case VALUE_NONE:
	case VALUE_NULL:
		reply_null(r);
		break;
	case VALUE_BOOL:
		reply_bool(r, value_integer(v));
		break;
	case VALUE_INT:
		reply_integer(r, value_integer(v));
		break;
	case VALUE_REAL:
		reply_real(r, value_real(v));
		break;
	case VALUE_STRING:
		reply_string(r, value_string(v));
		break;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		r->ops->mark(r, is_object ? '{' : '[');
		for (more = value_first(v, &child); more; more = value_next(child, &child)) {
			if (is_object)
				reply_key(r, value_key(child));
			write_value(r, child);
		}
		r->ops->mark(r, is_object ? '}' : ']');
		break;
	}
}

static void dump_envelope(struct outbuf *out, struct parser *p, struct value object)
{
	struct rpc_request request = { 0 };
	int rc = parser_envelope(p, object, &request);

	add_line(out, "\nrequest %d ", rc);
	add_text(out, request.id);
	if (rc < 0)
		return;
	add_line(out, " form %d ", request.form);
	add_text(out, request.method);
	if (value_kind(request.params) != VALUE_NONE)
		dump_value(out, request.params);
}

void dump_parse(struct outbuf *out, struct parser *p, struct span text)
{
	struct parse_fault fault = { 0 };
	struct value root, element;
	bool more;
	int rc = parser_parse(p, text, &root, &fault);

	if (rc < 0) {
		add_line(out, "fault %d: %s at %u", rc, fault.why, fault.byte_index);
		parser_reset(p);
		return;
	}
	dump_value(out, root);
	dump_envelope(out, p, root);
	if (value_kind(root) == VALUE_ARRAY) {
		for (more = value_first(root, &element); more; more = value_next(element, &element))
			dump_envelope(out, p, element);
	}
	parser_reset(p);
}
