#include "bench/instructions.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/child.h"
#include "bench/results.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "reports/lib/rundir.h"

enum { TIMEOUT_S = 300, PARTS_MAX = 64 };

/* The totals of callgrind's dumps, over all parts of a name. */
struct dumps {
	double base; /* of the code around the iterations, and one iteration */
	double run;
};

/* Enough iterations that one-time costs vanish, few enough that a factor of 50 in time is
 * acceptable. */
static unsigned iterations_for(double ns)
{
	if (ns < 10e3)
		return 1000;
	if (ns < 1e6)
		return 100;
	return ns < 100e6 ? 10 : 1;
}

static const char *cannot(const char *name)
{
	if (strstr(name, "/threads:"))
		return "several threads: the count would depend on the scheduler";
	if (strstr(name, "/manual_time"))
		return "it times other processes";
	return NULL;
}

/* The text after head, or NULL when the line does not start with it. */
static const char *behind(const char *line, const char *head)
{
	size_t len = strlen(head);

	return strncmp(line, head, len) == 0 ? line + len : NULL;
}

/* One dump: its trigger and its total. */
static void read_part(const char *path, struct dumps *into)
{
	char line[512];
	bool is_base = false, is_run = false;
	double total = NAN;
	FILE *in = fopen(path, "re");
	const char *text;

	if (!in)
		return;
	while (fgets(line, sizeof(line), in)) {
		if ((text = behind(line, "desc: Trigger: Client Request: "))) {
			is_base = behind(text, "base") != NULL;
			is_run = behind(text, "run") != NULL;
		} else if ((text = behind(line, "totals: "))) {
			total = strtod(text, NULL);
		}
	}
	fclose(in);
	if (isnan(total))
		return;
	if (is_base)
		into->base = total; /* the last one, since the first ran with cold caches */
	if (is_run)
		into->run += total;
}

static void read_dumps(const char *dir, struct dumps *out)
{
	char path[CHILD_PATH_MAX + 32];

	*out = (struct dumps){ 0 };
	for (int i = 1; i <= PARTS_MAX; i++) {
		snprintf(path, sizeof(path), "%s/callgrind.%d", dir, i);
		read_part(path, out);
	}
}

static double counter_of(const json_t *root, const char *key)
{
	const json_t *first = json_array_get(json_object_get(root, "benchmarks"), 0);
	const json_t *value = json_object_get(first, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

static int run_callgrind(const char *dir, const char *name, double ns, struct err *err)
{
	char self[CHILD_PATH_MAX], plan[64], filter[512];
	char file[CHILD_PATH_MAX + 64], out[CHILD_PATH_MAX + 64];
	struct command c = { .is_bare = true };
	int rc = child_beside(NULL, self, err);
	pid_t pid;

	if (rc < 0)
		return rc;
	snprintf(plan, sizeof(plan), "%u:%u", 3u, iterations_for(ns));
	snprintf(file, sizeof(file), "--callgrind-out-file=%s/callgrind", dir);
	snprintf(out, sizeof(out), "--benchmark_out=%s/result.json", dir);
	child_filter(name, filter, sizeof(filter));
	command_add(&c, "valgrind");
	command_add(&c, "--tool=callgrind");
	command_add(&c, "--instr-atstart=no");
	command_add(&c, "--collect-atstart=no");
	command_add(&c, file);
	command_add(&c, self);
	command_add(&c, "--exact");
	command_add(&c, plan);
	command_add(&c, "--min-time=1ns");
	command_add(&c, "--counters=");
	command_add(&c, out);
	command_add(&c, "--");
	command_add(&c, filter);
	pid = child_start(&c, err);
	return pid < 0 ? pid : child_wait(pid, "valgrind", TIMEOUT_S * NSEC_PER_SEC, err);
}

static int count_in(const char *dir, const char *name, double ns, double *out, struct err *err)
{
	char path[CHILD_PATH_MAX + 32];
	double iterations;
	struct dumps dumps;
	json_t *root;
	int rc = run_callgrind(dir, name, ns, err);

	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "%s/result.json", dir);
	rc = result_json_read(path, NULL, 0, &root, err);
	if (rc < 0)
		return rc;
	iterations = counter_of(root, "exact_iterations");
	json_decref(root);
	read_dumps(dir, &dumps);
	if (!(iterations > 0) || dumps.run <= 0)
		return err_set(err, -EPROTO, "callgrind has counted nothing");
	*out = (dumps.run - dumps.base) / iterations;
	return 0;
}

/* Counts one benchmark; *why is new memory when it cannot be counted. */
static int count_one(struct result *r, struct err *err)
{
	const char *no = cannot(r->name);
	char dir[CHILD_PATH_MAX];
	int rc;

	if (no) {
		r->why_not = strdup(no);
		return 0;
	}
	rc = child_temp_dir(dir, err);
	if (rc < 0)
		return rc;
	rc = count_in(dir, r->name, r->ns, &r->instructions, err);
	child_remove_dir(dir);
	if (rc < 0 && rc != -ENOENT) {
		r->why_not = strdup(err->msg);
		*err = ERR_INIT;
		rc = 0;
	}
	return rc;
}

static void copy_to_repetitions(struct results *results, size_t first)
{
	const struct result *from = &results->list[first];

	for (size_t i = first + 1; i < results->count; i++)
		if (strcmp(results->list[i].name, from->name) == 0)
			results->list[i].instructions = from->instructions;
}

int instructions_count(struct results *results, struct err *err)
{
	for (size_t i = 0; i < results->count; i++) {
		struct result *r = &results->list[i];
		int rc;

		if (isnan(r->ns) || !results_is_first(results, i))
			continue;
		rc = count_one(r, err);
		if (rc < 0)
			return rc;
		if (r->why_not)
			fprintf(stderr, "%-60s instructions: %s\n", r->name, r->why_not);
		else
			fprintf(stderr, "%-60s %14.1f instructions\n", r->name, r->instructions);
		copy_to_repetitions(results, i);
	}
	return 0;
}
