#include "profiles/run/record.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/json_out.h"
#include "profiles/run/child.h"
#include "profiles/run/options.h"
#include "reports/lib/envelope.h"

static double seconds(uint64_t ns)
{
	return (double)ns / (double)NSEC_PER_SEC;
}

int record_open(struct record *r, const char *label, struct err *err)
{
	char stamp[32];
	int rc = -EEXIST;

	r->start_wall_ns = clock_wall_ns();
	r->start_ns = clock_ns();
	cpu_ticks_read(&r->ticks);
	fingerprint_take(&r->machine);
	clock_format_stamp(r->start_wall_ns, stamp, sizeof(stamp));
	/* mkdir decides if two runs start in the same second. */
	for (int number = 1; rc == -EEXIST && number < 1000; number++) {
		char *path = NULL;
		int len = number == 1 ? asprintf(&path, "%s/%s-%s", r->options->runs, stamp, label)
				      : asprintf(&path, "%s/%s-%s-%d", r->options->runs, stamp,
						 label, number);

		if (len < 0)
			return err_set(err, -ENOMEM, "out of memory");
		rc = rundir_create(path, &r->dir, err);
		free(path);
	}
	return rc;
}

void record_close(struct record *r)
{
	for (size_t i = 0; i < r->warnings_count; i++)
		free(r->warnings[i]);
	json_decref(r->start);
	json_decref(r->status);
	json_decref(r->about);
	rundir_close(&r->dir);
	*r = (struct record){ 0 };
}

void record_phase(struct record *r, const char *name, uint64_t start_ns)
{
	size_t i = r->phases_count;

	if (i == RECORD_PHASES_MAX)
		return;
	r->phases[i].name = name;
	r->phases[i].start_s = seconds(start_ns - r->start_ns);
	r->phases[i].duration_s = seconds(clock_ns() - start_ns);
	r->phases_count++;
}

void record_warn(struct record *r, const char *text)
{
	char *copy = strdup(text);

	if (copy && r->warnings_count < RECORD_WARNINGS_MAX)
		r->warnings[r->warnings_count++] = copy;
	else
		free(copy);
}

/* ---- the description ------------------------------------------------------------------ */

/* The envelope as an object; a new reference. */
static json_t *envelope_json(const struct record *r, const char *schema)
{
	struct strbuf text = { 0 };
	struct json_out j = { .sb = &text };
	struct envelope e = { .schema = schema,
			      .tool = "goxel-run",
			      .start_wall_ns = r->start_wall_ns,
			      .machine = &r->machine,
			      .warnings = (const char *const *)r->warnings,
			      .warnings_count = r->warnings_count };
	json_t *out = NULL;

	json_object_open(&j, NULL);
	envelope_write(&j, &e);
	json_close(&j);
	if (!text.failed)
		out = json_loads(text.ptr, 0, NULL);
	strbuf_deinit(&text);
	return out;
}

static json_t *real_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* A copy of the member, or null; a new reference. */
static json_t *copy_of(const json_t *from, const char *key)
{
	json_t *value = json_object_get(from, key);

	return value ? json_incref(value) : json_null();
}

static json_t *copy_keys(const json_t *from, const char *const *keys)
{
	json_t *out = json_object();

	for (; out && *keys; keys++)
		json_object_set_new(out, *keys, copy_of(from, *keys));
	return out;
}

static json_t *machine_after(const struct record *r)
{
	struct cpu_ticks now;
	struct fingerprint f;

	cpu_ticks_read(&now);
	fingerprint_take(&f);
	return json_pack("{s:o, s:o, s:o}", "steal_pct",
			 real_or_null(fingerprint_steal_pct(&r->ticks, &now)), "load_1m",
			 real_or_null(f.load_1m), "pressure_cpu_pct",
			 real_or_null(f.pressure_cpu_pct));
}

static json_t *daemon_json(const struct record *r)
{
	static const char *const keys[] = { "version",  "revision", "variant",
					    "compiler", "flags",    NULL };
	json_t *out = copy_keys(r->about, keys), *command = json_array();

	for (size_t i = 0; i < r->command->count; i++)
		json_array_append_new(command, json_string(r->command->list[i]));
	json_object_set_new(out, "command", command);
	return out;
}

static json_t *workload_json(const struct record *r, const json_t *load)
{
	static const char *const keys[] = { "seed",       "connections_count",
					    "depth",      "threads_count",
					    "rate_per_s", "duration_s",
					    "warmup_s",   "mode",
					    NULL };
	const struct run_options *o = r->options;
	json_t *from = json_object_get(load, "load");
	json_t *out = from ? copy_keys(from, keys) : json_object();
	char workers[24];

	snprintf(workers, sizeof(workers), "%lld", (long long)o->workers);
	if (from)
		json_object_set_new(out, "name", copy_of(from, "workload"));
	json_object_set_new(out, "asked",
			    json_pack("{s:s, s:s, s:s, s:s, s:s}", "workload", r->workload,
				      "duration", o->duration, "warmup", o->warmup, "workers",
				      workers, "rate", o->rate ? o->rate : ""));
	return out;
}

static json_t *phases_json(const struct record *r)
{
	json_t *out = json_array();

	for (size_t i = 0; i < r->phases_count; i++)
		json_array_append_new(out, json_pack("{s:s, s:f, s:f}", "name", r->phases[i].name,
						     "start_s", r->phases[i].start_s, "duration_s",
						     r->phases[i].duration_s));
	return out;
}

/* Lists every file in the directory, including the description itself. */
static json_t *files_json(const struct record *r)
{
	const char *own = runfile_name(RUNFILE_RUN);
	struct dirent **list = NULL;
	bool has_own = false;
	json_t *out = json_array();
	int count = scandir(r->dir.partial, &list, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		const char *name = list[i]->d_name;

		/* Hidden files are still being written. */
		if (name[0] != '.')
			json_array_append_new(out, json_string(name));
		has_own |= strcmp(name, own) == 0;
		free(list[i]);
	}
	free(list);
	if (!has_own)
		json_array_append_new(out, json_string(own));
	return out;
}

static bool holds(const json_t *list, const json_t *value)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) if (json_equal(one, value)) return true;
	return false;
}

/* Warnings of the generator are warnings of the run. */
static void add_load_warnings(json_t *root, const json_t *load)
{
	json_t *own = json_object_get(root, "warnings"), *one;
	size_t i;

	json_array_foreach(json_object_get(load, "warnings"), i, one) if (!holds(own, one))
		json_array_append(own, one);
}

static json_t *read_load(const struct record *r)
{
	struct err unused = ERR_INIT;
	json_t *load = NULL;

	rundir_json(&r->dir, RUNFILE_LOAD_RESULTS, "goxel-load", 1, &load, &unused);
	return load;
}

static json_t *describe(const struct record *r, const char *state, const char *reason)
{
	const char *slash = strrchr(r->dir.path, '/');
	json_t *root = envelope_json(r, "goxel-run/1"), *load = read_load(r);
	json_t *axes = json_object_get(r->status, "axes");

	if (root) {
		add_load_warnings(root, load);
		json_object_set_new(root, "machine_after", machine_after(r));
		json_object_set_new(root, "state", json_string(state));
		json_object_set_new(root, "reason", reason ? json_string(reason) : json_null());
		json_object_set_new(root, "label", json_string(slash ? slash + 1 : r->dir.path));
		json_object_set_new(root, "target", json_string(r->target));
		json_object_set_new(root, "preset", copy_of(r->status, "preset"));
		json_object_set_new(root, "daemon", daemon_json(r));
		json_object_set_new(root, "axes", axes ? json_incref(axes) : json_object());
		json_object_set_new(root, "workload", workload_json(r, load));
		json_object_set_new(root, "phases", phases_json(r));
		json_object_set_new(root, "files", files_json(r));
	}
	json_decref(load);
	return root;
}

/* Takes over the reference to root. */
static int write_json(const struct record *r, enum runfile file, json_t *root, struct err *err)
{
	char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
	char *path = rundir_path(&r->dir, file);
	int rc;

	json_decref(root);
	if (!text || !path)
		rc = err_set(err, -ENOMEM, "%s: out of memory", runfile_name(file));
	else
		rc = file_write_atomic(path, span_str(text), err);
	free(text);
	free(path);
	return rc;
}

int record_write_incomplete(const struct record *r, const char *reason, struct err *err)
{
	return write_json(r, RUNFILE_RUN, describe(r, "incomplete", reason), err);
}

int record_write_status(const struct record *r, struct err *err)
{
	static const char *const from_start[] = { "first_connect_ns", "first_reply_ns", "rss_bytes",
						  "pss_bytes", NULL };
	json_t *own = json_object_get(r->status, "startup"),
	       *times = copy_keys(r->start, from_start);
	json_t *startup = own ? json_deep_copy(own) : json_object();
	json_t *stages = json_object_get(r->status, "stages");
	int rc;

	json_object_set_new(startup, "schema", json_string("goxel-startup/1"));
	json_object_set_new(startup, "phases",
			    json_is_array(json_object_get(own, "phases")) ? copy_of(own, "phases")
									  : json_array());
	json_object_set_new(startup, "ready_ns", copy_of(own, "ready_ns"));
	json_object_update(startup, times);
	json_decref(times);
	rc = write_json(r, RUNFILE_STARTUP, startup, err);
	if (rc < 0)
		return rc;
	return write_json(r, RUNFILE_STAGES,
			  json_pack("{s:s, s:o}", "schema", "goxel-stages/1", "stages",
				    stages ? json_incref(stages) : json_object()),
			  err);
}

int record_complete(struct record *r, struct err *err)
{
	int rc = write_json(r, RUNFILE_RUN, describe(r, "complete", NULL), err);

	return rc < 0 ? rc : rundir_complete(&r->dir, err);
}
