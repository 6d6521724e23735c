#include "bench/bench_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/options.h"
#include "bench/presets.h"
#include "bench/results.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/strbuf.h"
#include "reports/lib/envelope.h"
#include "reports/lib/rundir.h"

bool bench_file_is_wanted(const struct bench_options *o)
{
	return o->out || o->json_to;
}

int bench_file_check(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char dir[4096];
	struct stat st;
	int n = slash ? snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path) + 1, path)
		      : snprintf(dir, sizeof(dir), ".");

	if (n < 0 || (size_t)n >= sizeof(dir))
		return err_set(err, -ENAMETOOLONG, "write %s: %s", path,
			       strerrordesc_np(ENAMETOOLONG));
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "write %s: it is not a plain file", path);
	/* The file is written under a temporary name there and renamed. */
	if (access(dir, W_OK | X_OK) < 0)
		return err_set(err, -errno, "write %s: %s", path, strerrordesc_np(errno));
	return 0;
}

static int add_envelope(json_t *root, uint64_t start_wall_ns, struct err *err)
{
	struct strbuf text = { 0 };
	struct json_out j = { .sb = &text };
	struct envelope e = { .schema = "goxel-bench/1",
			      .tool = "goxel-bench",
			      .start_wall_ns = start_wall_ns };
	json_t *envelope = NULL;

	json_object_open(&j, NULL);
	envelope_write(&j, &e);
	json_close(&j);
	if (!text.failed)
		envelope = json_loads(text.ptr, 0, NULL);
	strbuf_deinit(&text);
	if (!envelope || json_object_update_missing(root, envelope) < 0 ||
	    json_object_set_new(root, "presets", presets_json()) < 0) {
		json_decref(envelope);
		return err_set(err, -ENOMEM, "results: out of memory");
	}
	json_decref(envelope);
	return 0;
}

int bench_file_write(const struct bench_options *o, json_t *root, uint64_t start_wall_ns,
		     struct err *err)
{
	int rc = add_envelope(root, start_wall_ns, err);
	char *text;

	if (rc < 0)
		return rc;
	text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	if (!text)
		return err_set(err, -ENOMEM, "results: out of memory");
	if (o->out)
		rc = file_write_atomic(o->out, span_str(text), err);
	if (rc == 0 && o->json_to &&
	    (fprintf(o->json_to, "%s\n", text) < 0 || fflush(o->json_to) != 0))
		rc = err_set(err, -errno, "write the results to stdout: %s",
			     strerrordesc_np(errno));
	free(text);
	return rc;
}

/* Adds the reason for a missing key. */
static void add_missing_peak(json_t *one)
{
	const char *why = json_integer_value(json_object_get(one, "threads")) > 1
				  ? "several threads: blocks are tracked only in the untimed "
				    "pass, which has one thread"
				  : "too many blocks alive at once to track";

	if (json_object_get(one, "allocs_per_iter") && !json_object_get(one, "aggregate_name") &&
	    !json_object_get(one, "max_bytes_used"))
		json_object_set_new(one, "max_bytes_used_missing", json_string(why));
}

static void add_result(json_t *one, const struct result *r)
{
	if (!isnan(r->instructions))
		json_object_set_new(one, "instructions", json_real(r->instructions));
	else if (r->why_not)
		json_object_set_new(one, "instructions_missing", json_string(r->why_not));
}

static void add_results(json_t *benchmarks, const struct results *results)
{
	json_t *one;
	size_t i;

	json_array_foreach(benchmarks, i, one)
	{
		const char *name = json_string_value(json_object_get(one, "name"));

		for (size_t k = 0; name && k < results->count; k++)
			if (strcmp(results->list[k].name, name) == 0) {
				add_result(one, &results->list[k]);
				break;
			}
		add_missing_peak(one);
	}
}

int bench_file_finish(const struct bench_options *o, const char *raw, const struct results *results,
		      struct err *err)
{
	json_t *root;
	int rc = result_json_read(raw, NULL, 0, &root, err);

	if (rc < 0)
		return rc;
	add_results(json_object_get(root, "benchmarks"), results);
	rc = bench_file_write(o, root, results->start_wall_ns, err);
	json_decref(root);
	return rc;
}
