/* view.c - reads a run; see view.h. */
#include "reports/read/view.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"
#include "reports/read/folded.h"
#include "reports/read/view_parts.h"

static const double OVERLAP_MIN = 0.8;           /* of the load's rate; below, a warning is given */
static const double PROFILED_REQUESTS_MIN = 100; /* below, figures per request are not computed */

void view_miss(struct view *v, const char *fmt, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, fmt);
	if (v->missing_count < VIEW_MISSING_MAX && vasprintf(&text, fmt, args) >= 0)
		v->missing[v->missing_count++] = text;
	va_end(args);
}

/* Reads one JSON part; what hinders it becomes a sentence. */
static void read_part(struct view *v, enum runfile file, const char *schema, const char *without,
		      json_t **out)
{
	const char *name = runfile_name(file);
	struct err err = ERR_INIT;

	if (!rundir_has(&v->dir, file)) {
		if (without)
			view_miss(v, "%s is missing: %s.", name, without);
		return;
	}
	if (rundir_json(&v->dir, file, schema, 1, out, &err) < 0)
		view_miss(v, "%s was not used: %s.", name, err.msg);
}

static void read_intervals(struct view *v)
{
	const json_t *list = json_object_get(v->load, "intervals");
	size_t count = json_array_size(list);
	struct view_intervals *in = &v->intervals;
	double *all;

	if (count == 0 || count > VIEW_SERIES_MAX) {
		if (v->load)
			view_miss(v,
				  "%s holds no intervals: the spread within the run is not known.",
				  runfile_name(RUNFILE_LOAD_RESULTS));
		return;
	}
	all = malloc(6 * count * sizeof(double));
	if (!all)
		return;
	*in = (struct view_intervals){ 0,
				       all,
				       all + count,
				       all + 2 * count,
				       all + 3 * count,
				       all + 4 * count,
				       all + 5 * count };
	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(list, i);
		size_t at = in->count;

		/* Warm-up and cool-down are only shown in plots. */
		if (json_is_false(json_object_get(one, "recorded")))
			continue;
		in->time_s[at] = view_number(one, "start_s");
		in->elapsed_s[at] = view_number(one, "elapsed_s");
		in->throughput_per_s[at] = view_number(one, "throughput_per_s");
		in->p50_ns[at] = view_number(one, "p50_ns");
		in->p99_ns[at] = view_number(one, "p99_ns");
		in->max_ns[at] = view_number(one, "max_ns");
		in->count++;
	}
}

static void read_folded(struct view *v)
{
	char *path = rundir_path(&v->dir, RUNFILE_CPU_FOLDED);
	const char *name = runfile_name(RUNFILE_CPU_FOLDED);
	struct err err = ERR_INIT;

	if (!path || !rundir_has(&v->dir, RUNFILE_CPU_FOLDED))
		view_miss(v, "%s is missing: no hot functions and no flame graph.", name);
	else if (folded_read(path, &v->folded, &err) < 0)
		view_miss(v, "%s was not used: %s.", name, err.msg);
	free(path);
}

/* The label from run.json, else the last part of the run's path. */
static void find_label(struct view *v)
{
	const char *label = view_text(v->dir.run, "label");
	const char *slash = strrchr(v->dir.path, '/');

	if (!label || !label[0])
		label = slash ? slash + 1 : v->dir.path;
	/* The directory's name starts with the time; users know runs by the rest. */
	if (strspn(label, "0123456789_") == 15 && label[8] == '_' && label[15] == '-' && label[16])
		label += 16;
	snprintf(v->label, sizeof(v->label), "%s", label);
}

/* Gaps with the same reason form one sentence: a machine without counters lacks all of them. */
static void add_gap(struct strbuf *sentences, const json_t *gaps, const json_t *gap, size_t at)
{
	const char *why = view_text(gap, "reason"), *name;
	const json_t *other;
	bool is_first = true;
	size_t i;

	json_array_foreach(gaps, i, other)
	{
		const char *other_why = view_text(other, "reason");

		name = view_text(other, "name");
		if (!name || !other_why || strcmp(other_why, why) != 0)
			continue;
		if (i < at)
			return; /* included with the first of them */
		strbuf_addf(sentences, "%s%s", is_first ? "Not captured: " : ", ", name);
		is_first = false;
	}
	strbuf_addf(sentences, " (%s).", why);
}

/* Why the profiler could not capture something, in its own words. */
static void read_profile_gaps(struct view *v)
{
	const json_t *gaps = json_object_get(v->profile ? v->profile : v->counters, "missing");
	const json_t *gap;
	size_t i;

	json_array_foreach(gaps, i, gap)
	{
		struct strbuf sb = { 0 };

		if (json_is_string(gap))
			view_miss(v, "Not captured: %s.", json_string_value(gap));
		else if (view_text(gap, "reason"))
			add_gap(&sb, gaps, gap, i);
		if (sb.len && !sb.failed)
			view_miss(v, "%s", sb.ptr);
		strbuf_deinit(&sb);
	}
}

/*
 * A profile may start late or end after the load. Its figures per request use the requests during
 * the profile; when these are too few, they are not used.
 */
static void check_overlap(struct view *v)
{
	double seen = view_number(v->counters, "requests_count");
	double seconds = view_number(v->counters, "duration_s");
	double expected = seconds * view_number(v->load, "totals.throughput_per_s");

	if (isnan(seen) || isnan(expected) || seen >= OVERLAP_MIN * expected)
		return;
	view_miss(
		v,
		"The daemon was not under load during the whole profile: %.0f requests in %.1f s, "
		"where the load makes %.0f%s.",
		seen, seconds, expected,
		seen < PROFILED_REQUESTS_MIN ? "; too few to use its counters and allocations"
					     : "; figures per request use these requests");
	if (seen < PROFILED_REQUESTS_MIN) {
		json_decref(v->counters);
		json_decref(v->allocs);
		v->counters = NULL;
		v->allocs = NULL;
	}
}

int view_open(const char *path, struct view *out, struct err *err)
{
	struct view *v = out;
	int rc;

	*v = (struct view){ 0 };
	rc = rundir_open(path, &v->dir, err);
	if (rc < 0)
		return rc;
	find_label(v);
	read_part(v, RUNFILE_LOAD_RESULTS, "goxel-load", "no throughput and no latency", &v->load);
	read_part(v, RUNFILE_COUNTERS, "goxel-counters", "no CPU time and no system calls",
		  &v->counters);
	read_part(v, RUNFILE_ALLOCS, "goxel-allocs", "no allocations", &v->allocs);
	read_part(v, RUNFILE_STARTUP, "goxel-startup", "no start-up phases", &v->startup);
	read_part(v, RUNFILE_STAGES, "goxel-stages", "no stages of the request", &v->stages);
	read_part(v, RUNFILE_PROFILE, "goxel-profile", NULL, &v->profile);
	read_part(v, RUNFILE_BENCH, NULL, NULL, &v->bench);
	view_hlog_read(v);
	read_intervals(v);
	read_profile_gaps(v);
	check_overlap(v);
	view_memory_read(v);
	read_folded(v);
	return 0;
}

void view_close(struct view *v)
{
	json_t *parts[] = { v->load,   v->counters, v->allocs, v->startup,
			    v->stages, v->profile,  v->bench };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		json_decref(parts[i]);
	for (size_t i = 0; i < v->missing_count; i++)
		free(v->missing[i]);
	view_hlog_drop(v);
	free(v->intervals.time_s);
	free(v->memory.time_s);
	folded_free(v->folded);
	rundir_close(&v->dir);
	*v = (struct view){ 0 };
}
