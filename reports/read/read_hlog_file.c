/*
 * read_hlog_file.c - an interval log as one run: the intervals of each tag added up, and of the sum
 * the quantiles that enough values lie beyond. Values are taken as nanoseconds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "reports/lib/hlog.h"
#include "reports/lib/quantiles.h"
#include "reports/lib/stats_hist.h"
#include "reports/read/others.h"

enum { TAGS_MAX = 64 };

struct tags {
	char names[TAGS_MAX][HLOG_TAG_BYTES_MAX + 1];
	struct hist *hists[TAGS_MAX];
	size_t count;
};

static int add_entry(void *arg, const struct hlog_entry *entry, struct err *err)
{
	struct tags *tags = arg;
	char tag[HLOG_TAG_BYTES_MAX + 1];
	size_t i = 0;

	snprintf(tag, sizeof(tag), "%.*s", (int)entry->tag.len,
		 entry->tag.ptr ? entry->tag.ptr : "");
	while (i < tags->count && strcmp(tags->names[i], tag) != 0)
		i++;
	if (i == TAGS_MAX)
		return err_set(err, -EMSGSIZE, "more than %d tags", TAGS_MAX);
	if (i == tags->count) {
		tags->hists[i] = hist_new();
		if (!tags->hists[i])
			return err_set(err, -ENOMEM, "out of memory");
		memcpy(tags->names[i], tag, sizeof(tag));
		tags->count++;
	}
	hist_add(tags->hists[i], entry->hist);
	return 0;
}

static int add_quantiles(struct others *out, const char *tag, const struct hist *h)
{
	int rc = 0;

	for (size_t i = 0; i < QUANTILES_COUNT && rc == 0; i++) {
		char name[OTHERS_NAME_BYTES];
		struct others_metric *metric;

		if (!stats_quantile_is_supported(h->total, quantiles[i].q))
			continue;
		snprintf(name, sizeof(name), "%s%s%s", tag, tag[0] ? " " : "", quantiles[i].name);
		rc = others_add(out, name, "ns", false, &metric);
		if (rc == 0)
			rc = others_add_value(metric, stats_hist_quantile_ns(h, quantiles[i].q));
	}
	return rc;
}

int read_hlog_file(const char *path, struct others *out, struct err *err)
{
	struct tags *tags = calloc(1, sizeof(*tags));
	int rc;

	if (!tags)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	rc = hlog_read(path, 1, add_entry, tags, NULL, err);
	for (size_t i = 0; i < tags->count && rc == 0; i++) {
		rc = add_quantiles(out, tags->names[i], tags->hists[i]);
		if (rc < 0)
			err_set(err, rc, "%s: out of memory", path);
	}
	if (rc == 0 && out->count == 0)
		rc = err_set(err, -EPROTO, "%s: too few values for any quantile", path);
	for (size_t i = 0; i < tags->count; i++)
		hist_free(tags->hists[i]);
	free(tags);
	return rc;
}
