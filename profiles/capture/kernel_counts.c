#include "profiles/capture/kernel_counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "profiles/capture/events.h"
#include "profiles/capture/target.h"

bool kernel_counts_has(const struct event *e)
{
	if (e->missing[0] || e->kind != EVENT_SOFTWARE || e->attr.exclude_user ||
	    e->attr.exclude_kernel)
		return false;
	switch (e->attr.config) {
	case PERF_COUNT_SW_TASK_CLOCK:
	case PERF_COUNT_SW_CPU_CLOCK:
	case PERF_COUNT_SW_CONTEXT_SWITCHES:
	case PERF_COUNT_SW_PAGE_FAULTS:
	case PERF_COUNT_SW_PAGE_FAULTS_MIN:
	case PERF_COUNT_SW_PAGE_FAULTS_MAJ:
		return true;
	case PERF_COUNT_SW_CPU_MIGRATIONS:
		/* Unavailable in kernels without CONFIG_SCHED_DEBUG. */
		return access("/proc/self/sched", R_OK) == 0;
	default:
		return false;
	}
}

double kernel_counts_of(const struct kernel_counts *k, const struct event *e)
{
	switch (e->attr.config) {
	case PERF_COUNT_SW_CONTEXT_SWITCHES:
		return k->switches;
	case PERF_COUNT_SW_PAGE_FAULTS:
		return k->minor_faults + k->major_faults;
	case PERF_COUNT_SW_CPU_MIGRATIONS:
		return k->migrations;
	case PERF_COUNT_SW_PAGE_FAULTS_MIN:
		return k->minor_faults;
	case PERF_COUNT_SW_PAGE_FAULTS_MAJ:
		return k->major_faults;
	default:
		return k->cpu_ns;
	}
}

/* Sums the numbers after ':' in the lines of a thread's file that contain the word. */
static double sum_lines(pid_t pid, pid_t tid, const char *file, const char *word)
{
	char path[64], line[256];
	double sum = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)pid, (int)tid, file);
	in = fopen(path, "re");
	if (!in)
		return 0;
	while (fgets(line, sizeof(line), in)) {
		const char *colon = strchr(line, ':');

		if (colon && strstr(line, word))
			sum += strtod(colon + 1, NULL);
	}
	fclose(in);
	return sum;
}

void kernel_counts_read(pid_t pid, struct kernel_counts *out)
{
	struct kernel_counts k = { 0 };
	struct timespec ts;
	clockid_t clock;
	pid_t *tids = NULL;
	int count = target_threads(pid, &tids);

	if (count > 0 && clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &ts) == 0 &&
	    target_faults(pid, &k.minor_faults, &k.major_faults) == 0) {
		k.cpu_ns = (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
		for (int i = 0; i < count; i++) {
			/* Voluntary and involuntary ones. */
			k.switches += sum_lines(pid, tids[i], "status", "voluntary_ctxt_switches");
			k.migrations += sum_lines(pid, tids[i], "sched", "se.nr_migrations");
		}
		*out = k;
	}
	free(tids);
}
