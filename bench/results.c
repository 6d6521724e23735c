#include "bench/results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/child.h"
#include "bench/progress.h"
#include "bench/shim.h"
#include "daemon/base/err.h"

static double to_ns(enum bench_unit unit)
{
	static const double factors[] = { 1, 1e3, 1e6, 1e9 };

	return factors[unit];
}

/* The library does not report how many benchmarks it will run. Counting them late keeps short runs
 * cheap. */
static void find_total(struct results *all)
{
	char self[CHILD_PATH_MAX];
	struct err unused = ERR_INIT;
	json_t *names = NULL;

	if (child_beside(NULL, self, &unused) == 0 &&
	    child_names(self, all->filter, &names, &unused) == 0)
		all->progress->total = json_array_size(names);
	json_decref(names);
}

static void tell_progress(struct results *all, const struct bench_result *r)
{
	if (!all->progress || r->repetition_index != 0)
		return;
	if (progress_is_due(all->progress) && !all->progress->total)
		find_total(all);
	progress_step(all->progress, r->error != NULL);
}

static void add(void *ctx, const struct bench_result *r)
{
	struct results *all = ctx;
	struct result *list, *one;
	double time = results_is_real(r->name) ? r->real_time : r->cpu_time;

	if (r->aggregate)
		return;
	tell_progress(all, r);
	list = realloc(all->list, (all->count + 1) * sizeof(*list));
	if (!list) {
		all->out_of_memory = true;
		return;
	}
	all->list = list;
	one = &list[all->count++];
	*one = (struct result){
		.name = strdup(r->name),
		.ns = r->error || r->skipped ? NAN : time * to_ns(r->unit),
		.is_failed = r->error != NULL,
		.is_skipped = r->skipped != NULL,
		.instructions = NAN,
	};
	if (!one->name) {
		all->count--;
		all->out_of_memory = true;
	}
}

void results_collect(struct results *results)
{
	static struct bench_reporter reporter = { .result = add };

	reporter.ctx = results;
	bench_reporter_set(&reporter);
}

void results_deinit(struct results *results)
{
	for (size_t i = 0; i < results->count; i++) {
		free(results->list[i].name);
		free(results->list[i].why_not);
	}
	free(results->list);
	*results = (struct results){ 0 };
}

bool results_is_real(const char *name)
{
	return strstr(name, "/real_time") || strstr(name, "/manual_time");
}

bool results_is_first(const struct results *results, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(results->list[i].name, results->list[index].name) == 0)
			return false;
	return true;
}
