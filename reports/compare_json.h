/* compare_json.h - a comparison as data: schema "goxel-compare/1", raw values included. */
#ifndef REPORTS_COMPARE_JSON_H
#define REPORTS_COMPARE_JSON_H

#include "daemon/base/strbuf.h"

struct pair;
struct repeats;
struct targets;

/* repeats: the result of all pairs together; NULL = only one pair. Returns 0 or -ENOMEM. */
int compare_json(const struct pair *p, const struct targets *t, const struct repeats *repeats,
		 struct strbuf *out);

/* The same for one run: schema "goxel-show/1". p->b is NULL. */
int show_json(const struct pair *p, const struct targets *t, struct strbuf *out);

#endif
