#include "profiles/profile/kallsyms.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/strbuf.h"

struct entry {
	uint64_t addr;
	size_t name; /* offset in names */
};

struct kallsyms {
	struct entry *entries; /* by address */
	size_t count, cap;
	struct strbuf names; /* NUL-terminated, one after the other */
};

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

static bool add(struct kallsyms *k, uint64_t addr, const char *name)
{
	if (k->count == k->cap) {
		size_t cap = k->cap ? 2 * k->cap : 65536;
		struct entry *more = realloc(k->entries, cap * sizeof(*more));

		if (!more)
			return false;
		k->entries = more;
		k->cap = cap;
	}
	k->entries[k->count++] = (struct entry){ addr, k->names.len };
	strbuf_add(&k->names, name, strlen(name) + 1);
	return !k->names.failed;
}

struct kallsyms *kallsyms_open(void)
{
	FILE *in = fopen("/proc/kallsyms", "re");
	struct kallsyms *k;
	char line[512];

	if (!in)
		return NULL;
	k = calloc(1, sizeof(*k));
	while (k && fgets(line, sizeof(line), in)) {
		char *at;
		uint64_t addr = strtoull(line, &at, 16);

		/* "address type name [module]"; functions have these types. */
		if (addr >> 63 == 0 || at[0] != ' ' || !at[1] || !strchr("tTwW", at[1]) ||
		    at[2] != ' ')
			continue;
		at[3 + strcspn(at + 3, " \t\n")] = '\0';
		if (!add(k, addr, at + 3))
			break;
	}
	fclose(in);
	if (k && k->count == 0) {
		kallsyms_close(k);
		return NULL;
	}
	if (k)
		qsort(k->entries, k->count, sizeof(*k->entries), compare);
	return k;
}

void kallsyms_close(struct kallsyms *k)
{
	if (!k)
		return;
	free(k->entries);
	strbuf_deinit(&k->names);
	free(k);
}

const char *kallsyms_find(const struct kallsyms *k, uint64_t addr)
{
	size_t low = 0, high = k->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (k->entries[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? k->names.ptr + k->entries[low - 1].name : NULL;
}
