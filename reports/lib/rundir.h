/*
 * rundir.h - a run directory: made under a temporary name, complete by rename, opened for reading
 * with a sentence when it is not one (DESIGN.md, section 5).
 *
 * While a run goes on the directory is called "<path>.partial"; what still has that name was
 * interrupted. run.json inside has "state": "complete" or "incomplete" as well, for those who
 * rename by hand.
 *
 * run.json, schema "goxel-run/1": the envelope (envelope.h), and
 *	state      "complete" | "incomplete"
 *	label      the last part of the directory's name
 *	target     name of the target description; preset: "v14" | "v15" | null
 *	daemon     {version, revision, variant, compiler, flags, command[]}
 *	axes       {transport, queue, parser, dispatch, buffers, context, workers, ...}
 *	workload   {name, seed, connections_count, depth, threads_count, rate_per_s, duration_s,
 *	            warmup_s}
 *	phases     [{name, start_s, duration_s}]   of the run itself
 *	machine_after {steal_pct, load_1m, pressure_cpu_pct, ...} when known
 *	files      [names]
 * startup.json "goxel-startup/1": phases[{name,start_ns,duration_ns}], ready_ns,
 *	first_reply_ns (exec to first reply), rss_bytes (just after the start)
 * stages.json "goxel-stages/1": stages{NAME:{count,p50_ns,p99_ns,max_ns,mean_ns}}
 * counters.json "goxel-counters/1": duration_s, requests_count (answered meanwhile; null unknown),
 *	events[{name, kind "hardware"|"software"|"tracepoint", value (scaled), running_ratio}],
 *	missing[{name, reason}], intervals[{start_s, elapsed_s, values{NAME:number}}],
 *	cpu{user_s, system_s}, syscalls{total_count, by_name{NAME:count}} or null
 * allocs.json "goxel-allocs/1": requests_count, totals{allocs_count, frees_count, allocated_bytes}
 *	of the profiled stretch, sources[{function, file, line, allocs_count, allocated_bytes}] by
 *	falling bytes, routines[{function, file, allocated_bytes, lines[{line, allocs_count,
 *	allocated_bytes}]}], tree[{function, allocated_bytes, children[...]}]
 * memory.csv: header line, then time_s,rss_bytes,pss_bytes,... (columns are found by name)
 * cpu.folded: "frame;frame;frame count" a line, outermost first
 */
#ifndef REPORTS_LIB_RUNDIR_H
#define REPORTS_LIB_RUNDIR_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "daemon/base/span.h"
#include "reports/lib/runfile.h"

struct err;

#define RUNDIR_JSON_BYTES_MAX (256u << 20)

struct rundir {
	char *path;    /* final name, owned */
	char *partial; /* "<path>.partial" while being made, else NULL; owned */
	json_t *run;   /* run.json when opened for reading, else NULL; owned */
};

/* Makes "<path>.partial". -EEXIST when path or the partial one is there already. */
int rundir_create(const char *path, struct rundir *out, struct err *err);

/* Renames the partial directory to its final name. */
int rundir_complete(struct rundir *dir, struct err *err);

/*
 * Opens a complete run. -ENOENT: no such directory; -ENOTDIR: not a run directory; -EPROTO:
 * damaged; -EAGAIN: interrupted before it was complete; -EOPNOTSUPP: schema of an unknown major
 * version.
 */
int rundir_open(const char *path, struct rundir *out, struct err *err);
void rundir_close(struct rundir *dir);

/*
 * The newest complete run of that preset below runs (names begin with the time): a path to free.
 * -ENOENT: there is none.
 */
int rundir_newest(const char *runs, const char *preset, char **out, struct err *err);

/* Path of a file in the directory (whichever name it has now): free it. NULL when out of memory. */
char *rundir_path(const struct rundir *dir, enum runfile file);
bool rundir_has(const struct rundir *dir, enum runfile file);
/* The same for a name that a file of the run lists. */
bool rundir_has_name(const struct rundir *dir, const char *name);

/*
 * Reads one JSON file of the directory and checks that its schema is "<schema>/<major>" (schema
 * NULL: unchecked). Returns 0 and a new reference; -ENOENT when the file is not there;
 * -EPROTO; -EOPNOTSUPP.
 */
int rundir_json(const struct rundir *dir, enum runfile file, const char *schema, int major,
		json_t **out, struct err *err);

/* The same for a file anywhere. */
int result_json_read(const char *path, const char *schema, int major, json_t **out,
		     struct err *err);

/* The same for a text in memory; name is for messages. */
int result_json_parse(const char *name, struct span text, const char *schema, int major,
		      json_t **out, struct err *err);

#endif
