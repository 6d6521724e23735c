/* Converts the captured data into the files that other tools read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/json_out.h"
#include "profiles/capture/capture_private.h"
#include "profiles/profile/allocs.h"
#include "profiles/profile/fold.h"
#include "profiles/profile/pprof.h"
#include "profiles/profile/symbols.h"
#include "reports/lib/envelope.h"

enum { SOURCES_MAX = 100, ROUTINES_MAX = 50, SOURCES_SHOWN = 10 };

/* ---- cpu -------------------------------------------------------------------- */

struct thread_name {
	uint32_t tid;
	char name[STACKS_LABEL_MAX];
};

/* The data collected by the visitors of perf.data. */
struct cpu_reading {
	struct capture *capture;
	struct thread_name *names;
	size_t names_count;
	double sample_ns; /* time that one sample represents */
};

static int on_comm(void *arg, uint32_t pid, uint32_t tid, const char *name)
{
	struct cpu_reading *r = arg;
	struct thread_name *more;
	size_t i = 0;

	if (pid != (uint32_t)r->capture->target.pid)
		return 0;
	while (i < r->names_count && r->names[i].tid != tid)
		i++;
	if (i == r->names_count) {
		more = realloc(r->names, (r->names_count + 1) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		r->names = more;
		r->names_count++;
		r->names[i].tid = tid;
	}
	snprintf(r->names[i].name, sizeof(r->names[i].name), "%s", name);
	return 0;
}

static int on_mmap(void *arg, const struct perfdata_mmap *m)
{
	struct cpu_reading *r = arg;

	if (!m->is_executable || m->start >> 63 || m->start == m->limit ||
	    m->pid != (uint32_t)r->capture->target.pid)
		return 0;
	return symbols_map(r->capture->symbols, m->start, m->limit, m->offset, m->path,
			   m->build_id);
}

static int on_sample(void *arg, const struct perfdata_sample *s)
{
	struct cpu_reading *r = arg;
	const char *name = r->capture->target.comm;
	/* The period of a clock is time; that of cycles is not. */
	bool is_clock = r->capture->perf.attr.type == PERF_TYPE_SOFTWARE;
	double values[STACKS_VALUES_MAX] = { 1, is_clock ? (double)s->period : r->sample_ns };

	if (s->pid != (uint32_t)r->capture->target.pid)
		return 0;
	r->capture->own_samples_count++;
	for (size_t i = 0; i < r->names_count; i++) {
		if (r->names[i].tid == s->tid)
			name = r->names[i].name;
	}
	return stacks_add(&r->capture->cpu_stacks, name, s->addrs, s->depth, values);
}

static int write_cpu_files(struct capture *c, struct err *err)
{
	static const struct pprof_type types[] = { { "samples", "count" },
						   { "cpu", "nanoseconds" } };
	char path[4096], comment[128];
	struct strbuf folded = { 0 };
	struct pprof_cfg cfg = {
		.types = types,
		.types_count = 2,
		.period_type = types[1],
		.period = (int64_t)NSEC_PER_SEC / c->cfg.rate_hz,
		.time_wall_ns = c->start_wall_ns,
		.duration_ns = c->end_ns - c->start_ns,
		.comment = comment,
		.default_type = 1,
	};
	int rc = fold_write(&c->cpu_stacks, c->symbols, 0, &folded, err);

	if (rc == 0)
		rc = capture_put(c, RUNFILE_CPU_FOLDED, &folded, err);
	strbuf_deinit(&folded);
	if (rc < 0)
		return rc;
	snprintf(comment, sizeof(comment), "perf event %s at %lld Hz",
		 perfdata_event_name(&c->perf.attr), (long long)c->cfg.rate_hz);
	capture_path(c, RUNFILE_CPU_PPROF, path, sizeof(path));
	rc = pprof_write(&cfg, &c->cpu_stacks, c->symbols, path, err);
	if (rc == 0)
		capture_add_file(c, RUNFILE_CPU_PPROF);
	return rc;
}

static int analyze_cpu(struct capture *c, struct err *err)
{
	static const struct perfdata_visitor visitor = { on_sample, on_mmap, on_comm };
	struct cpu_reading reading = {
		.capture = c,
		.sample_ns = 1e9 / (double)c->cfg.rate_hz,
	};
	struct err why = ERR_INIT;
	char path[4096];
	int rc;

	if (!c->has_samples)
		return 0;
	capture_path(c, RUNFILE_CPU_PERF, path, sizeof(path));
	rc = perfdata_read(path, &visitor, &reading, &c->perf, &why);
	free(reading.names);
	if (rc < 0) {
		c->has_samples = false;
		capture_miss(c, "cpu profile", why.msg);
		return 0;
	}
	capture_add_file(c, RUNFILE_CPU_PERF);
	return write_cpu_files(c, err);
}

/* ---- heap ------------------------------------------------------------------- */

static void put_totals(struct json_out *j, const char *key, const struct heap_profile *p)
{
	json_object_open(j, key);
	json_u64(j, "allocs_count", p->allocs_count);
	json_u64(j, "frees_count", p->frees_count);
	json_u64(j, "allocated_bytes", p->allocated_bytes);
	json_close(j);
}

/* Takes the reference. */
static void put_json(struct json_out *j, const char *key, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_INDENT(1) | JSON_ENCODE_ANY) : NULL;

	if (text)
		json_raw(j, key, span_str(text));
	else
		j->sb->failed = true;
	free(text);
	json_decref(value);
}

/*
 * allocs.json "goxel-allocs/1": the envelope, requests_count, totals (exact) and, estimated from
 * samples, sources, routines and tree of the captured period. since_start has the same totals and
 * sources for the daemon's whole life, which are more useful when little was allocated in the
 * period.
 */
static int write_allocs(struct capture *c, const struct heap_profile *stretch,
			const struct allocs *during, const struct allocs *ever, struct err *err)
{
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb, .indent = 1 };
	const struct envelope envelope = {
		.schema = "goxel-allocs/1",
		.tool = "goxel-profile",
		.start_wall_ns = c->start_wall_ns,
	};
	int rc;

	json_object_open(&j, NULL);
	envelope_write(&j, &envelope);
	if (c->requests[0] >= 0 && c->requests[1] >= c->requests[0])
		json_i64(&j, "requests_count", c->requests[1] - c->requests[0]);
	else
		json_put_null(&j, "requests_count");
	json_u64(&j, "mean_bytes", c->heap_after.mean_bytes);
	json_u64(&j, "samples_count", stretch->samples_count);
	put_totals(&j, "totals", stretch);
	put_json(&j, "sources", allocs_sources(during, SOURCES_MAX));
	put_json(&j, "routines", allocs_routines(during, ROUTINES_MAX));
	put_json(&j, "tree", allocs_tree(during));
	json_object_open(&j, "since_start");
	json_u64(&j, "samples_count", c->heap_after.samples_count);
	put_totals(&j, "totals", &c->heap_after);
	put_json(&j, "sources", allocs_sources(ever, SOURCES_MAX));
	json_close(&j);
	json_close(&j);
	rc = capture_put(c, RUNFILE_ALLOCS, &sb, err);
	strbuf_deinit(&sb);
	return rc;
}

static void summarize_allocs(struct capture *c, const struct heap_profile *stretch,
			     const struct allocs *during)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	fprintf(out, "allocations: %llu, %llu bytes, in %llu samples\n",
		(unsigned long long)stretch->allocs_count,
		(unsigned long long)stretch->allocated_bytes,
		(unsigned long long)stretch->samples_count);
	allocs_print(during, SOURCES_SHOWN, out);
	fclose(out);
	strbuf_add(&c->summary, text, len);
	free(text);
}

static int analyze_stretch(struct capture *c, struct err *err)
{
	struct heap_profile stretch = { 0 };
	struct allocs during = { 0 }, ever = { 0 };
	int rc = heap_between(&c->heap_before, &c->heap_after, &stretch, err);

	if (rc < 0)
		return rc;
	rc = allocs_build(&stretch, c->symbols, &during);
	if (rc == 0)
		rc = allocs_build(&c->heap_after, c->symbols, &ever);
	if (rc < 0) {
		err_set(err, rc, "allocations: out of memory");
	} else {
		summarize_allocs(c, &stretch, &during);
		rc = write_allocs(c, &stretch, &during, &ever, err);
	}
	allocs_deinit(&during);
	allocs_deinit(&ever);
	heap_deinit(&stretch);
	return rc;
}

static int analyze_heap(struct capture *c, struct err *err)
{
	struct heap_profile *profiles[2] = { &c->heap_before, &c->heap_after };
	static const enum runfile files[2] = { RUNFILE_HEAP_BEFORE, RUNFILE_HEAP_AFTER };
	int rc = 0;

	for (int i = 0; i < 2 && rc == 0; i++) {
		char path[4096];

		if (!c->has_heap[i])
			continue;
		heap_trim(profiles[i], c->symbols);
		capture_path(c, files[i], path, sizeof(path));
		rc = heap_write_pprof(profiles[i], c->symbols, path, err);
		if (rc == 0)
			capture_add_file(c, files[i]);
	}
	if (rc == 0 && c->has_heap[0] && c->has_heap[1])
		rc = analyze_stretch(c, err);
	return rc;
}

static int write_memory(struct capture *c, struct err *err)
{
	struct strbuf csv = { 0 };
	int rc;

	if (c->memory.count == 0)
		return 0;
	procstat_write_csv(&c->memory, &csv);
	rc = capture_put(c, RUNFILE_MEMORY, &csv, err);
	strbuf_deinit(&csv);
	return rc;
}

int capture_analyze(struct capture *c, struct err *err)
{
	int rc = write_memory(c, err);

	if (rc == 0 && c->waits.count > 0)
		rc = capture_write_waits(c, err);
	if (rc == 0 && c->counters)
		rc = capture_write_counters(c, err);
	if (rc == 0)
		rc = analyze_cpu(c, err);
	if (rc == 0)
		rc = analyze_heap(c, err);
	return rc;
}
