/*
 * section_setup.c - what was run, on what, and what is missing: axes, workload, build, machine,
 * and where the two runs are not alike.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/doc/fmt.h"
#include "reports/section/section.h"

struct fact {
	const char *title;
	const char *path;       /* in run.json */
	const char *other_path; /* path used by older or other writers; NULL = none */
};

/* Facts that must be equal, or the comparison mixes two causes. */
static const struct fact alike[] = {
	{ "CPU", "machine.cpu_model", NULL },
	{ "Microcode", "machine.microcode", NULL },
	{ "Processors", "machine.cores_count", NULL },
	{ "SMT", "machine.smt", NULL },
	{ "Governor", "machine.governor", NULL },
	{ "Turbo", "machine.turbo", NULL },
	{ "Mitigations", "machine.mitigations", NULL },
	{ "Kernel", "machine.kernel", NULL },
	{ "Transparent huge pages", "machine.thp", NULL },
	{ "Address randomization", "machine.aslr", NULL },
	{ "Clock source", "machine.clocksource", NULL },
	{ "Virtualised", "machine.virtualised", NULL },
	{ "CPU limit of the group", "machine.cgroup_cpu_max", NULL },
	{ "Memory limit of the group", "machine.cgroup_memory_max", NULL },
	{ "Memory", "machine.memory_bytes", NULL },
	{ "Compiler", "daemon.compiler", "compiler" },
	{ "Build variant", "daemon.variant", "variant" },
	{ "Build flags", "daemon.flags", "flags" },
	{ "Workload", "workload.name", "workload.workload" },
	{ "Seed", "workload.seed", NULL },
	{ "Connections", "workload.connections_count", NULL },
	{ "Pipeline depth", "workload.depth", NULL },
	{ "Threads of the load", "workload.threads_count", NULL },
	{ "Rate asked, per second", "workload.rate_per_s", NULL },
	{ "Duration, s", "workload.duration_s", NULL },
	{ "Warm-up, s", "workload.warmup_s", NULL },
};

/* Facts that may differ: the subject of the comparison, or background information. */
static const struct fact background[] = {
	{ "Preset", "preset", NULL },
	{ "Target", "target", NULL },
	{ "Revision", "daemon.revision", "revision" },
	{ "Started", "start_time", NULL },
	{ "Load, 1 min", "machine.load_1m", NULL },
	{ "CPU pressure, %", "machine.pressure_cpu_pct", NULL },
	{ "Steal since boot, %", "machine.steal_pct", NULL },
	{ "Steal during the run, %", "machine_after.steal_pct", NULL },
};

/* A JSON value as a short text; empty when absent. */
static void value_text(const json_t *value, char *out, size_t cap)
{
	char *dump;

	out[0] = '\0';
	if (json_is_string(value)) {
		snprintf(out, cap, "%s", json_string_value(value));
	} else if (json_is_integer(value)) {
		snprintf(out, cap, "%lld", (long long)json_integer_value(value));
	} else if (json_is_real(value)) {
		snprintf(out, cap, "%.4g", json_real_value(value));
	} else if (value && !json_is_null(value)) {
		dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
		snprintf(out, cap, "%s", dump ? dump : "");
		free(dump);
	}
}

static void fact_text(const struct view *v, const struct fact *f, char *out, size_t cap)
{
	const json_t *value = view_at(v->dir.run, f->path);

	if (json_is_null(value))
		value = NULL;
	if (!value && f->other_path)
		value = view_at(v->dir.run, f->other_path);
	if (!value && strncmp(f->path, "machine.", 8) == 0)
		value = view_at(v->load, f->path);
	if (!value && strncmp(f->path, "workload.", 9) == 0)
		value = json_object_get(json_object_get(v->load, "load"),
					strcmp(f->path, "workload.name") == 0 ? "workload"
									      : f->path + 9);
	if (json_is_integer(value) && strstr(f->path, "_bytes"))
		snprintf(out, cap, "%s", fmt_bytes((double)json_integer_value(value)).s);
	else
		value_text(value, out, cap);
}

size_t section_differences(struct doc *d, const struct pair *p)
{
	size_t count = 0;

	for (size_t i = 0; p->b && i < sizeof(alike) / sizeof(alike[0]); i++) {
		char a[512], b[512];

		fact_text(p->a, &alike[i], a, sizeof(a));
		fact_text(p->b, &alike[i], b, sizeof(b));
		if (strcmp(a, b) == 0 || !a[0] || !b[0])
			continue;
		if (d && count == 0) {
			doc_note(d, TONE_BAD,
				 "The two runs were not made under the same conditions. The "
				 "following facts differ as well, and may be the cause "
				 "of any change above.");
			doc_table(d, "Condition|Baseline|Optimized");
		}
		if (d) {
			doc_cell(d, TONE_WARN, "%s", alike[i].title);
			doc_cell(d, TONE_NONE, "%s", a);
			doc_cell(d, TONE_NONE, "%s", b);
		}
		count++;
	}
	return count;
}

static void put_fact(struct doc *d, const struct pair *p, const struct fact *f)
{
	char a[1200], b[1200] = "";

	fact_text(p->a, f, a, sizeof(a));
	if (p->b)
		fact_text(p->b, f, b, sizeof(b));
	if (!a[0] && !b[0])
		return;
	doc_cell(d, TONE_NONE, "%s", f->title);
	doc_cell(d, TONE_NONE, "%s", a[0] ? a : "–");
	if (p->b)
		doc_cell(d, TONE_NONE, "%s", b[0] ? b : "–");
}

static void put_axes(struct doc *d, const struct pair *p)
{
	json_t *a = json_object_get(p->a->dir.run, "axes");
	json_t *b = p->b ? json_object_get(p->b->dir.run, "axes") : NULL;
	const char *name;
	json_t *value;

	if (!json_is_object(a) && !json_is_object(b))
		return;
	doc_heading(d, 2, "Effective configuration");
	doc_table(d, p->b ? "Axis|Baseline|Optimized" : "Axis|This run");
	json_object_foreach(json_is_object(a) ? a : b, name, value)
	{
		char text[128];
		bool differs = p->b && !json_equal(value, json_object_get(b, name));

		value_text(value, text, sizeof(text));
		doc_cell(d, TONE_NONE, "%s", name);
		doc_cell(d, TONE_NONE, "%s", text);
		if (!p->b)
			continue;
		value_text(json_object_get(b, name), text, sizeof(text));
		doc_cell(d, differs ? TONE_WARN : TONE_NONE, "%s", text);
	}
}

void section_subtitle(struct doc *d, const struct pair *p)
{
	const json_t *run = p->a->dir.run;
	const char *cpu = view_text(run, "machine.cpu_model"), *when = view_text(run, "start_time");
	const char *workload = view_text(run, "workload.name");
	double connections = view_number(run, "workload.connections_count");
	double depth = view_number(run, "workload.depth");
	double seconds = view_number(run, "workload.duration_s");
	struct strbuf sb = { 0 };

	if (workload)
		strbuf_addf(&sb, "%s", workload);
	if (!isnan(connections))
		strbuf_addf(&sb, " · %.0f connections", connections);
	if (depth > 1)
		strbuf_addf(&sb, " × depth %.0f", depth);
	if (!isnan(seconds))
		strbuf_addf(&sb, " · %.4g s", seconds);
	if (cpu)
		strbuf_addf(&sb, " · %s, %.0f processors", cpu,
			    view_number(run, "machine.cores_count"));
	if (when)
		strbuf_addf(&sb, " · %.10s", when);
	if (sb.len)
		doc_subtitle(d, "%s", strbuf_span(&sb).ptr);
	d->failed |= sb.failed;
	strbuf_deinit(&sb);
}

void section_setup(struct doc *d, const struct pair *p)
{
	doc_heading(d, 1, "Setup");
	if (p->b && section_differences(d, p) == 0)
		doc_note(d, TONE_GOOD,
			 "Machine, build and workload are equal "
			 "in every fact that both runs recorded.");
	put_axes(d, p);
	doc_heading(d, 2, p->b ? "Runs" : "Run");
	doc_table(d, p->b ? "Fact|Baseline|Optimized" : "Fact|This run");
	doc_cell(d, TONE_NONE, "Directory");
	doc_cell(d, TONE_NONE, "%s", p->a->dir.path);
	if (p->b)
		doc_cell(d, TONE_NONE, "%s", p->b->dir.path);
	for (size_t i = 0; i < sizeof(background) / sizeof(background[0]); i++)
		put_fact(d, p, &background[i]);
	for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++)
		put_fact(d, p, &alike[i]);
}

/* The scripts copy warnings of the tools to run.json: show each once. */
static bool is_said(const struct doc *d, const char *warning)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->blocks[i].kind == DOC_ITEM && d->blocks[i].text &&
		    strstr(d->blocks[i].text, warning))
			return true;
	return false;
}

static void put_warnings(struct doc *d, const char *name, const json_t *root, const char *file)
{
	const json_t *list = json_object_get(root, "warnings"), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (json_is_string(one) && !is_said(d, json_string_value(one)))
			doc_item(d, "%s, %s warns: %s", name, file, json_string_value(one));
	}
}

static void put_gaps(struct doc *d, const char *name, const struct view *v)
{
	const json_t *valid = view_at(v->load, "self_check.valid");

	for (size_t i = 0; i < v->missing_count; i++)
		doc_item(d, "%s: %s", name, v->missing[i]);
	if (json_is_false(valid))
		doc_item(d,
			 "%s: the load generator found its own result invalid; the figures of "
			 "the load do not describe the daemon.",
			 name);
	put_warnings(d, name, v->dir.run, runfile_name(RUNFILE_RUN));
	put_warnings(d, name, v->load, runfile_name(RUNFILE_LOAD_RESULTS));
	put_warnings(d, name, v->profile, runfile_name(RUNFILE_PROFILE));
}

void section_missing(struct doc *d, const struct pair *p)
{
	size_t before;

	doc_heading(d, 1, "Missing and warnings");
	before = d->count;
	put_gaps(d, p->name_a, p->a);
	if (p->b)
		put_gaps(d, p->name_b, p->b);
	if (d->count == before)
		doc_para(d, "Nothing is missing and nothing warned.");
}
