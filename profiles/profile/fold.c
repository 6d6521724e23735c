#include "profiles/profile/fold.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"
#include "profiles/profile/stacks.h"
#include "profiles/profile/symbols.h"

struct line {
	char *text; /* owned */
	double value;
};

size_t fold_depth(struct symbols *symbols, const uint64_t *addrs, size_t depth)
{
	bool was_user = false;

	for (size_t i = 0; i < depth; i++) {
		const struct symbols_place *place = symbols_find(symbols, addrs[i]);

		/* The first address is kept anyway, since time was spent there. */
		if (place && (!place->is_known || (place->is_kernel && was_user)))
			return i > 0 ? i : 1;
		was_user |= place && !place->is_kernel;
	}
	return depth;
}

/* ';' and line ends would break the format; ' ' is fine, since readers look for the last one. */
static void add_name(struct strbuf *sb, const char *name, const char *suffix)
{
	if (sb->len)
		strbuf_add_char(sb, ';');
	for (; *name; name++) {
		bool tears = *name == ';' || *name == '\n';

		strbuf_add(sb, tears ? ":" : name, 1);
	}
	strbuf_add_str(sb, suffix);
}

static int fold_stack(const struct stack *stack, struct symbols *symbols, struct line *line)
{
	size_t depth = fold_depth(symbols, stack->addrs, stack->depth);
	struct strbuf sb = { 0 };

	if (stack->label[0])
		add_name(&sb, stack->label, "");
	for (size_t i = depth; i-- > 0;) {
		const struct symbols_place *place = symbols_find(symbols, stack->addrs[i]);

		for (size_t k = place ? place->count : 0; k-- > 0;)
			add_name(&sb, place->frames[k].function, place->is_kernel ? "_[k]" : "");
	}
	line->text = strbuf_take(&sb);
	return line->text ? 0 : -ENOMEM;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->text, ((const struct line *)b)->text);
}

int fold_write(const struct stacks *stacks, struct symbols *symbols, size_t value,
	       struct strbuf *out, struct err *err)
{
	struct line *lines = calloc(stacks->count + 1, sizeof(*lines));
	size_t count = 0;
	int rc = lines ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < stacks->count; i++) {
		if (stacks->items[i].depth == 0)
			continue;
		lines[count].value = stacks->items[i].values[value];
		rc = fold_stack(&stacks->items[i], symbols, &lines[count]);
		count += rc == 0;
	}
	if (rc == 0) {
		double sum = 0;

		qsort(lines, count, sizeof(*lines), compare_lines);
		/* Different addresses in the same functions give the same line. */
		for (size_t i = 0; i < count; i++) {
			sum += lines[i].value;
			if (i + 1 < count && strcmp(lines[i].text, lines[i + 1].text) == 0)
				continue;
			if (llround(sum) > 0)
				strbuf_addf(out, "%s %lld\n", lines[i].text, llround(sum));
			sum = 0;
		}
		rc = out->failed ? -ENOMEM : 0;
	}
	for (size_t i = 0; i < count; i++)
		free(lines[i].text);
	free(lines);
	return rc < 0 ? err_set(err, rc, "folded stacks: out of memory") : 0;
}
