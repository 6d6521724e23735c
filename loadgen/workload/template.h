/*
 * template.h - a request as it is sent, with holes: rendered by copying and filling in, without
 * building JSON.
 *
 * Compiled once from an operation's method and params. In params, ${name} is replaced by a value of
 * the variable of that name and ${items} by the operation's item text, repeated with commas
 * between. A rendered request is {"jsonrpc":"2.0","method":M,"params":P,"id":N} and a newline; N
 * always has REQUEST_ID_DIGITS digits.
 */
#ifndef LOADGEN_WORKLOAD_TEMPLATE_H
#define LOADGEN_WORKLOAD_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/strbuf.h"
#include "loadgen/workload/variable.h"

struct err;

/* Request ids cycle through these, so that each has eight digits: read and written as one word. */
enum {
	REQUEST_ID_DIGITS = 8,
	REQUEST_ID_FIRST = 10000000,
	REQUEST_ID_END =
		100000000, /* the first value that is no id; REQUEST_ID_FIRST follows instead */
	REQUEST_IDS = REQUEST_ID_END - REQUEST_ID_FIRST,
	REQUEST_BYTES_MAX = 64 << 20,
	TEMPLATE_PARTS_MAX = 256,
	TEMPLATE_ITEMS_MAX = 100000,
};

enum template_kind { TEMPLATE_TEXT, TEMPLATE_VARIABLE, TEMPLATE_ITEMS, TEMPLATE_ID };

struct template_part {
	enum template_kind kind;
	uint32_t offset; /* TEXT: in the literals; VARIABLE: index of the variable */
	uint32_t bytes;  /* TEXT */
};

struct template_seq {
	struct template_part parts[TEMPLATE_PARTS_MAX];
	size_t parts_count;
	size_t bytes_max; /* longest rendering */
};

struct template
{
	struct strbuf literals; /* text of all parts */
	struct template_seq request;
	struct template_seq item;         /* one repetition of ${items} */
	struct range items;               /* number of items */
	const struct variable *variables; /* borrowed */
	size_t bytes_max;                 /* longest rendered request */
	struct strbuf fixed;              /* the whole text when only the id varies */
	size_t fixed_id_at;               /* offset of the id in it; 0 = not fixed */
};

/* What a template is compiled from; all borrowed, the variables as long as the template lives. */
struct template_source {
	const char *method;
	const char *params; /* NULL = no params member */
	const char *item;   /* NULL = ${items} is refused */
	struct range items;
	const struct variable *variables;
	size_t variables_count;
};

/*
 * Errors: -EINVAL with a message for an unknown variable (naming the nearest), a bad ${...}, too
 * many parts, or a rendering that is not JSON; -EMSGSIZE for requests over REQUEST_BYTES_MAX.
 * Owns: out; template_deinit, also after failure.
 */
int template_compile(const struct template_source *src, struct template *out, struct err *err);
void template_deinit(struct template *t);

/*
 * Renders one request to out, which has room for t->bytes_max. id is in REQUEST_ID_FIRST ..
 * REQUEST_ID_END - 1. *items gets the number of items in it (1 without ${items}).
 * Returns the request's bytes.
 */
size_t template_render(const struct template *t, struct draw *d, uint32_t id, char *out,
		       uint32_t *items);

#endif
