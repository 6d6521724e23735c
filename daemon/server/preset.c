#include "daemon/server/preset.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/server/options.h"
#include "daemon/transport/transport.h"

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

/* The delivery that --zero-copy selects. */
static const char *delivery_of(const struct options *o)
{
	return strcmp(o->zero_copy, "on") == 0 ? "whole" : "copied";
}

/* Refuses combinations that make no sense, each with its message. */
static int refuse_combinations(const struct options *o, const struct axes *a, struct err *err)
{
	if (!(transport_find(a->transport)->caps & TRANSPORT_SOCKETS))
		return err_set(err, -EOPNOTSUPP,
			       "--transport %s serves no sockets: it is for tests and benchmarks",
			       a->transport);
	if (o->priority_queue && strcmp(a->queue, "priority") != 0)
		return err_set(err, -EOPNOTSUPP,
			       "--priority-queue contradicts --queue "
			       "%s: that one keeps the order of arrival",
			       a->queue);
	if (o->zero_copy && strcmp(a->delivery, delivery_of(o)) != 0)
		return err_set(err, -EOPNOTSUPP,
			       "--zero-copy %s contradicts --delivery %s: it is "
			       "the same as --delivery %s",
			       o->zero_copy, a->delivery, delivery_of(o));
	if (a->has_huge_pages && strcmp(a->buffers, "pool") != 0)
		return err_set(err, -EOPNOTSUPP,
			       "--huge-pages try needs --buffers pool: "
			       "malloc's mappings cannot be chosen");
	if (a->is_numa_local && count_numa_nodes() < 2)
		return err_set(
			err, -EOPNOTSUPP,
			"--numa local: this machine has one memory node, so all memory is local");
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

/* Overrides the preset by the options. */
static int take_options(struct axes *a, const struct options *o, struct err *err)
{
	int rc = 0;

	if (o->priority_queue)
		a->queue = "priority";
	if (o->zero_copy)
		a->delivery = delivery_of(o);
	for (int i = 0; rc == 0 && i < ARCH_ROWS; i++)
		if (o->arch[i])
			rc = arch_set(a, &arch_rows[i], o->arch[i], err);
	return rc;
}

int preset_resolve(const struct options *o, struct axes *out, struct err *err)
{
	struct axes a;
	int rc = arch_take_preset(&a, o->preset, err);

	if (rc == 0)
		rc = take_options(&a, o, err);
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
