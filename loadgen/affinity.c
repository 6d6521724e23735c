/* affinity.c - lists of processors. */
#include "loadgen/affinity.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>

#include "daemon/base/cpu.h"
#include "daemon/base/err.h"

enum { CPUS_MAX = 256 };

/* cpus[CPUS_MAX] */
static int parse(const char *list, int *cpus, size_t *count, struct err *err)
{
	const char *s = list;

	for (*count = 0; *count < CPUS_MAX;) {
		char *end;
		long v = strtol(s, &end, 10);

		if (end == s || v < 0 || v >= CPU_SETSIZE || (*end && *end != ','))
			break;
		cpus[(*count)++] = (int)v;
		if (!*end)
			return 0;
		s = end + 1;
	}
	return err_set(err, -EINVAL, "--affinity: '%.40s' is no list of processors like 0,1", list);
}

int affinity_cpu(const char *list, uint32_t index, int *cpu, struct err *err)
{
	int cpus[CPUS_MAX];
	size_t count;
	int rc;

	if (!list) {
		*cpu = -1;
		return 0;
	}
	rc = parse(list, cpus, &count, err);
	if (!rc)
		*cpu = cpus[index % count];
	return rc;
}

int affinity_check(const char *list, struct err *err)
{
	int cpus[CPUS_MAX];
	size_t count;
	cpu_set_t allowed;
	int rc;

	if (!list)
		return 0;
	rc = parse(list, cpus, &count, err);
	if (rc || sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (!CPU_ISSET((size_t)cpus[i], &allowed))
			return err_set(err, -EINVAL,
				       "--affinity: processor %d is not one this process may use",
				       cpus[i]);
	return 0;
}

void affinity_apply(const char *list, uint32_t index)
{
	int cpu;

	if (affinity_cpu(list, index, &cpu, NULL) == 0 && cpu >= 0)
		cpu_pin(cpu, NULL);
}
