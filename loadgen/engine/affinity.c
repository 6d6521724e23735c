/* affinity.c - lists of processors. */
#include "loadgen/engine/affinity.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>

#include "daemon/base/cpu.h"
#include "daemon/base/err.h"

enum { CPUS_MAX = 256 };

/* Fills cpus[CPUS_MAX]; returns how many there are, at least one. */
static int parse(const char *list, int *cpus, struct err *err)
{
	const char *s = list;
	int count = 0;

	while (count < CPUS_MAX) {
		char *end;
		long v = strtol(s, &end, 10);

		if (end == s || v < 0 || v >= CPU_SETSIZE || (*end && *end != ','))
			break;
		cpus[count++] = (int)v;
		if (!*end)
			return count;
		s = end + 1;
	}
	return err_set(err, -EINVAL, "--affinity: '%.40s' is not a list of processors such as 0,1",
		       list);
}

int affinity_cpu(const char *list, uint32_t index, int *cpu, struct err *err)
{
	int cpus[CPUS_MAX];
	int count;

	if (!list) {
		*cpu = -1;
		return 0;
	}
	count = parse(list, cpus, err);
	if (count <= 0)
		return count;
	*cpu = cpus[index % (uint32_t)count];
	return 0;
}

int affinity_check(const char *list, struct err *err)
{
	int cpus[CPUS_MAX];
	cpu_set_t allowed;
	int count;

	if (!list)
		return 0;
	count = parse(list, cpus, err);
	if (count < 0)
		return count;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return 0;
	for (int i = 0; i < count; i++)
		if (!CPU_ISSET((size_t)cpus[i], &allowed))
			return err_set(err, -EINVAL,
				       "--affinity: processor %d is not one this process may use",
				       cpus[i]);
	return 0;
}

void affinity_apply(const char *list, uint32_t index)
{
	int cpu = -1;

	if (affinity_cpu(list, index, &cpu, NULL) == 0 && cpu >= 0)
		cpu_pin(cpu, NULL);
}
