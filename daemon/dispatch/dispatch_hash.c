/*
 * dispatch_hash.c - a perfect hash over the names, made by gperf at build time: the v15 way.
 *
 * The hash knows words, not methods: each word has a slot, and init puts the method of that name
 * into it. A table with a name that the hash lacks, or the reverse, is refused, so a build from an
 * old list cannot answer "unknown method" for one that it has.
 */
#include <errno.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/dispatch/dispatch.h"
#include "daemon/dispatch/names.h"
#include "daemon/rpc/method.h"

struct method_word {
	const char *name;
	int slot; /* 0..METHOD_WORDS_COUNT-1 */
};

/* gperf's code narrows lengths and lacks prototypes; it is theirs, not ours to mend. */
static const struct method_word *method_word_find(const char *str, size_t len);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "method_words.h" /* METHOD_WORDS_COUNT, method_words_all, method_word_find */
#pragma GCC diagnostic pop

struct dispatch_hash {
	struct dispatch base;
	const struct method *slots[METHOD_WORDS_COUNT]; /* borrowed */
};

static int enter(struct dispatch_hash *h, const struct method *m, const char *name, struct err *err)
{
	const struct method_word *w = method_word_find(name, strlen(name));

	if (!w)
		return err_set(err, -EINVAL, "method '%s' is not in the hash: rebuild it", name);
	if (h->slots[w->slot])
		return err_set(err, -EEXIST, "method name '%s' stands twice", name);
	h->slots[w->slot] = m;
	return 0;
}

static int hash_init(struct dispatch *d, const struct method *const *methods, size_t count,
		     struct err *err)
{
	struct dispatch_hash *h = (struct dispatch_hash *)d;
	int rc = 0;

	for (size_t i = 0; i < count && !rc; i++) {
		rc = enter(h, methods[i], methods[i]->name, err);
		for (const char *const *a = methods[i]->aliases; a && *a && !rc; a++)
			rc = enter(h, methods[i], *a, err);
	}
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < METHOD_WORDS_COUNT; i++)
		if (!h->slots[i])
			return err_set(err, -EINVAL,
				       "the hash knows '%s' and the method table does not",
				       method_words_all[i]);
	return 0;
}

static void hash_deinit(struct dispatch *d)
{
	(void)d; /* owns nothing */
}

static const struct method *hash_find(const struct dispatch *d, struct span name)
{
	const struct method_word *w;

	name = names_strip(name);
	w = method_word_find(name.ptr, name.len);
	return w ? ((const struct dispatch_hash *)d)->slots[w->slot] : NULL;
}

const struct dispatch_ops dispatch_hash_ops = {
	.head = { .name = "hash",
		  .summary = "perfect hash made at build time (v15)",
		  .size = sizeof(struct dispatch_hash) },
	.init = hash_init,
	.deinit = hash_deinit,
	.find = hash_find,
};
