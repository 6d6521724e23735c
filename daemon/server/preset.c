#include "daemon/server/preset.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/buffers/buffers.h"
#include "daemon/context/context.h"
#include "daemon/dispatch/dispatch.h"
#include "daemon/parser/parser.h"
#include "daemon/queue/queue.h"
#include "daemon/server/options.h"
#include "daemon/transport/transport.h"

static const struct axes rows[] = {
	{
		.preset = "v14",
		.summary = "everything at start, every request copied and handed to a worker",
		.transport = "poll",
		.queue = "mutex",
		.parser = "dom",
		.dispatch = "linear",
		.buffers = "malloc",
		.context = "per-worker",
		.workers_min = 8,
		.workers_max = 8,
		.stack_kib = 8192,
		.has_request_log = true,
		.affinity = "off",
	},
	{
		.preset = "v15",
		.summary = "everything on first use, short requests where they were read",
		.transport = "auto",
		.queue = "ring",
		.parser = "simd",
		.dispatch = "hash",
		.buffers = "pool",
		.context = "shared",
		.workers_min = 2,
		.workers_max = 16,
		.stack_kib = 256,
		.has_fast_path = true,
		.has_zero_copy = true,
		.is_lazy = true,
		.has_render_cache = true,
		.affinity = "off",
	},
};

enum { ROWS_COUNT = sizeof(rows) / sizeof(rows[0]) };

const char *const preset_names[] = { "v14", "v15", NULL };

static const char *on_off(bool is_on)
{
	return is_on ? "on" : "off";
}

void preset_print(FILE *out)
{
	const struct axes *a = &rows[0];
	const struct axes *b = &rows[1];

	fprintf(out, "\nPresets:\n");
	fprintf(out, "  %-12s %-12s %s\n", "", a->preset, b->preset);
	fprintf(out, "  %-12s %-12s %s\n", "transport", a->transport, b->transport);
	fprintf(out, "  %-12s %-12s %s\n", "queue", a->queue, b->queue);
	fprintf(out, "  %-12s %-12s %s\n", "parser", a->parser, b->parser);
	fprintf(out, "  %-12s %-12s %s\n", "dispatch", a->dispatch, b->dispatch);
	fprintf(out, "  %-12s %-12s %s\n", "buffers", a->buffers, b->buffers);
	fprintf(out, "  %-12s %-12s %s\n", "context", a->context, b->context);
	fprintf(out, "  %-12s %u:%-10u %u:%u\n", "workers", a->workers_min, a->workers_max,
		b->workers_min, b->workers_max);
	fprintf(out, "  %-12s %-12u %u\n", "stack-kib", a->stack_kib, b->stack_kib);
	fprintf(out, "  %-12s %-12s %s\n", "fast-path", on_off(a->has_fast_path),
		on_off(b->has_fast_path));
	fprintf(out, "  %-12s %-12s %s\n", "zero-copy", on_off(a->has_zero_copy),
		on_off(b->has_zero_copy));
	fprintf(out, "  %-12s %-12s %s\n", "start", a->is_lazy ? "lazy" : "eager",
		b->is_lazy ? "lazy" : "eager");
	fprintf(out, "  %-12s %-12s %s\n", "request-log", on_off(a->has_request_log),
		on_off(b->has_request_log));
	fprintf(out, "  %-12s %-12s %s\n", "render-cache", on_off(a->has_render_cache),
		on_off(b->has_render_cache));
	for (int i = 0; i < ROWS_COUNT; i++)
		fprintf(out, "  %s: %s\n", rows[i].preset, rows[i].summary);
}

enum { AXIS_NAMES_MAX = 8 };

/* Puts the names of an axis, each of which has a type of its own, and NULL into names from n on. */
#define ADD_NAMES(names, n, backends)                                                \
	do {                                                                         \
		size_t n_ = (n);                                                     \
		for (size_t i_ = 0; (backends)[i_] && n_ + 1 < AXIS_NAMES_MAX; i_++) \
			(names)[n_++] = (backends)[i_]->head.name;                        \
		(names)[n_] = NULL;                                                  \
	} while (0)

static int check_name(const char *axis, const char *wanted, const char *const names[],
		      struct err *err)
{
	char list[ERR_MSG_MAX / 2] = "";
	size_t len = 0;

	for (; *names; names++) {
		if (!strcmp(*names, wanted))
			return 0;
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
						len ? ", " : "", *names);
	}
	return err_set(err, -ENOENT, "--%s: '%s' is not one of %s", axis, wanted, list);
}

static int check_names(const struct axes *a, struct err *err)
{
	const char *transports[AXIS_NAMES_MAX] = { "auto" };
	const char *queues[AXIS_NAMES_MAX], *parsers[AXIS_NAMES_MAX], *dispatches[AXIS_NAMES_MAX];
	const char *buffers[AXIS_NAMES_MAX], *contexts[AXIS_NAMES_MAX];
	const struct {
		const char *axis, *wanted, *const *names;
	} checks[] = {
		{ "transport", a->transport, transports }, { "queue", a->queue, queues },
		{ "parser", a->parser, parsers },          { "dispatch", a->dispatch, dispatches },
		{ "buffers", a->buffers, buffers },        { "context", a->context, contexts },
	};
	int rc = 0;

	ADD_NAMES(transports, 1, transport_backends);
	ADD_NAMES(queues, 0, queue_backends);
	ADD_NAMES(parsers, 0, parser_backends);
	ADD_NAMES(dispatches, 0, dispatch_backends);
	ADD_NAMES(buffers, 0, buffers_backends);
	ADD_NAMES(contexts, 0, context_backends);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && rc == 0; i++)
		rc = check_name(checks[i].axis, checks[i].wanted, checks[i].names, err);
	return rc;
}

static unsigned count_numa_nodes(void)
{
	DIR *dir = opendir("/sys/devices/system/node");
	unsigned count = 0;
	const struct dirent *entry;

	if (!dir)
		return 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of our own */
	while ((entry = readdir(dir)))
		count += !strncmp(entry->d_name, "node", 4) && entry->d_name[4] >= '0' &&
			 entry->d_name[4] <= '9';
	closedir(dir);
	return count;
}

/* Combinations that make no sense, each with its sentence. */
static int refuse_combinations(const struct options *o, const struct axes *a, struct err *err)
{
	if (!(transport_find(a->transport)->caps & TRANSPORT_SOCKETS))
		return err_set(err, -EOPNOTSUPP,
			       "--transport %s serves no sockets: it is for tests and benchmarks",
			       a->transport);
	if (o->priority_queue && strcmp(a->queue, "priority") != 0)
		return err_set(err, -EOPNOTSUPP,
			       "--priority-queue contradicts --queue %s: that one keeps the order "
			       "of arrival",
			       a->queue);
	if (a->has_huge_pages && strcmp(a->buffers, "pool") != 0)
		return err_set(err, -EOPNOTSUPP,
			       "--huge-pages try needs --buffers pool: what malloc maps is not "
			       "ours to choose");
	if (a->is_numa_local && count_numa_nodes() < 2)
		return err_set(
			err, -EOPNOTSUPP,
			"--numa local: this machine has one memory node, all of it is local");
	return 0;
}

static int allow_cpu(struct axes *a, const cpu_set_t *allowed, long cpu, struct err *err)
{
	if (cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET((size_t)cpu, allowed))
		return err_set(err, -EOPNOTSUPP,
			       "--affinity: processor %ld is not one this process may use", cpu);
	if (a->cpus_count == AXES_CPUS_MAX)
		return err_set(err, -EINVAL, "--affinity names more than %d processors",
			       AXES_CPUS_MAX);
	a->cpus[a->cpus_count++] = (int)cpu;
	return 0;
}

/* "off", "auto" (every processor in turn) or "0,2-5". */
static int resolve_affinity(struct axes *a, struct err *err)
{
	const char *at = a->affinity;
	cpu_set_t allowed;
	int rc = 0;

	if (!strcmp(at, "off"))
		return 0;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return err_set(err, -errno, "--affinity: %s", strerrordesc_np(errno));
	if (!strcmp(at, "auto")) {
		for (long cpu = 0; rc == 0 && cpu < CPU_SETSIZE; cpu++)
			if (CPU_ISSET((size_t)cpu, &allowed))
				rc = allow_cpu(a, &allowed, cpu, err);
		return rc;
	}
	while (rc == 0) {
		char *end;
		long first = strtol(at, &end, 10);
		long last = first;

		if (end != at && *end == '-') {
			at = end + 1;
			last = strtol(at, &end, 10);
		}
		if (end == at || (*end && *end != ',') || last < first)
			return err_set(err, -EINVAL,
				       "--affinity '%s' is neither off, auto nor a list like 0,2-5",
				       a->affinity);
		for (long cpu = first; rc == 0 && cpu <= last; cpu++)
			rc = allow_cpu(a, &allowed, cpu, err);
		if (!*end)
			break;
		at = end + 1;
	}
	return rc;
}

static void take_name(const char **field, const char *asked)
{
	if (asked)
		*field = asked;
}

static void take_switch(bool *field, const char *asked, const char *on)
{
	if (asked)
		*field = !strcmp(asked, on);
}

int preset_resolve(const struct options *o, struct axes *out, struct err *err)
{
	struct axes a = { 0 };
	int rc;

	for (int i = 0; i < ROWS_COUNT; i++)
		if (!strcmp(rows[i].preset, o->preset))
			a = rows[i];
	if (!a.preset)
		return err_set(err, -ENOENT, "unknown preset '%s'", o->preset);
	if (o->priority_queue)
		a.queue = "priority";
	take_name(&a.transport, o->transport);
	take_name(&a.queue, o->queue);
	take_name(&a.parser, o->parser);
	take_name(&a.dispatch, o->dispatch);
	take_name(&a.buffers, o->buffers);
	take_name(&a.context, o->context);
	take_name(&a.affinity, o->affinity);
	take_switch(&a.has_fast_path, o->fast_path, "on");
	take_switch(&a.has_zero_copy, o->zero_copy, "on");
	take_switch(&a.has_request_log, o->request_log, "on");
	take_switch(&a.has_render_cache, o->render_cache, "on");
	take_switch(&a.is_lazy, o->start, "lazy");
	take_switch(&a.has_huge_pages, o->huge_pages, "try");
	take_switch(&a.is_numa_local, o->numa, "local");
	if (o->workers.max) {
		a.workers_min = o->workers.min;
		a.workers_max = o->workers.max;
	}
	if (o->stack_kib)
		a.stack_kib = (unsigned)o->stack_kib;
	rc = check_names(&a, err);
	if (rc == 0)
		rc = refuse_combinations(o, &a, err);
	if (rc == 0)
		rc = resolve_affinity(&a, err);
	if (rc < 0)
		return rc;
	a.transport = transport_find(a.transport)->head.name;
	*out = a;
	return 0;
}
