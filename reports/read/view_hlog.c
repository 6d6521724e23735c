/*
 * view_hlog.c - reads latency.hlog of a run: one histogram per operation for response and service
 * time, and for each interval the quantiles of all response times, which show their spread.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "reports/lib/hlog.h"
#include "reports/lib/quantiles.h"
#include "reports/read/view.h"
#include "reports/read/view_parts.h"

#define SERVICE_PREFIX "service."

/* A quantile of an interval is used when at least this many values lie above it. */
enum { TAIL_VALUES_MIN = 20 };

struct reading {
	struct view *v;
	struct hist *interval; /* response times of the lines with the same start */
	double start_s;
};

/* Ends an interval: its quantiles become one row. */
static int end_interval(struct reading *r, struct err *err)
{
	struct view_spread *s = &r->v->spread;
	double *row;

	if (!r->interval || r->interval->total == 0)
		return 0;
	if (s->count == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 64;
		double *more = realloc(s->rows_ns, cap * QUANTILES_COUNT * sizeof(double));

		if (!more)
			return err_set(err, -ENOMEM, "out of memory");
		s->rows_ns = more;
		s->cap = cap;
	}
	row = s->rows_ns + s->count++ * QUANTILES_COUNT;
	for (size_t q = 0; q < QUANTILES_COUNT; q++) {
		double above = (double)r->interval->total * (1 - quantiles[q].q);

		row[q] = above >= TAIL_VALUES_MIN
				 ? (double)hist_quantile_ns(r->interval, quantiles[q].q)
				 : NAN;
	}
	hist_reset(r->interval);
	return 0;
}

static struct view_tag *find_tag(struct view *v, struct span name)
{
	for (size_t i = 0; i < v->tags_count; i++)
		if (span_is(name, v->tags[i].name))
			return &v->tags[i];
	if (v->tags_count == VIEW_TAGS_MAX)
		return NULL;
	snprintf(v->tags[v->tags_count].name, sizeof(v->tags[0].name), "%.*s", SPAN_ARG(name));
	return &v->tags[v->tags_count++];
}

static int add_histogram(struct hist **into, const struct hist *from, struct err *err)
{
	if (!*into)
		*into = hist_new();
	if (!*into)
		return err_set(err, -ENOMEM, "out of memory");
	hist_add(*into, from);
	return 0;
}

static int visit_line(void *arg, const struct hlog_entry *entry, struct err *err)
{
	struct reading *r = arg;
	struct view *v = r->v;
	struct span name = entry->tag;
	bool is_service = span_starts(name, SPAN_LIT(SERVICE_PREFIX));
	struct view_tag *tag;
	int rc = 0;

	if (entry->start_s != r->start_s)
		rc = end_interval(r, err);
	r->start_s = entry->start_s;
	if (is_service) {
		name.ptr += strlen(SERVICE_PREFIX);
		name.len -= strlen(SERVICE_PREFIX);
	}
	tag = find_tag(v, name);
	if (!tag)
		return err_set(err, -EMSGSIZE, "more than %d tags", VIEW_TAGS_MAX);
	if (rc == 0 && !is_service)
		rc = add_histogram(&r->interval, entry->hist, err);
	if (rc == 0)
		rc = add_histogram(is_service ? &tag->service : &tag->response, entry->hist, err);
	if (rc < 0)
		return rc;
	return add_histogram(is_service ? &v->service : &v->response, entry->hist, err);
}

void view_hlog_drop(struct view *v)
{
	for (size_t i = 0; i < v->tags_count; i++) {
		hist_free(v->tags[i].response);
		hist_free(v->tags[i].service);
		v->tags[i] = (struct view_tag){ 0 };
	}
	v->tags_count = 0;
	hist_free(v->response);
	hist_free(v->service);
	v->response = NULL;
	v->service = NULL;
	free(v->spread.rows_ns);
	v->spread = (struct view_spread){ 0 };
}

void view_hlog_read(struct view *v)
{
	char *path = rundir_path(&v->dir, RUNFILE_LATENCY_LOG);
	struct reading r = { .v = v, .start_s = NAN };
	struct err err = ERR_INIT;

	if (!path || !rundir_has(&v->dir, RUNFILE_LATENCY_LOG)) {
		view_miss(v, "%s is missing: quantiles come from %s, if it has them.",
			  runfile_name(RUNFILE_LATENCY_LOG), runfile_name(RUNFILE_LOAD_RESULTS));
	} else if (hlog_read(path, 1, visit_line, &r, NULL, &err) < 0 ||
		   end_interval(&r, &err) < 0) {
		view_hlog_drop(v);
		view_miss(v, "%s was not used: %s.", runfile_name(RUNFILE_LATENCY_LOG), err.msg);
	}
	hist_free(r.interval);
	free(path);
}
