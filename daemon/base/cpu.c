#include "daemon/base/cpu.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cpu_private.h"
#include "daemon/base/err.h"

/* The processors of cpu_confine; written while there is only one thread. */
static cpu_set_t confined_to;
static bool is_confined;

static _Atomic int simd_limit = CPU_AVX512;

static const char *const simd_names[] = { "scalar", "sse42", "avx2", "avx512" };

enum cpu_simd cpu_simd_level(void)
{
	enum cpu_simd level = cpu_simd_of_machine();
	enum cpu_simd limit =
		(enum cpu_simd)atomic_load_explicit(&simd_limit, memory_order_relaxed);

	return limit < level ? limit : level;
}

void cpu_simd_set_limit(enum cpu_simd limit)
{
	atomic_store_explicit(&simd_limit, (int)limit, memory_order_relaxed);
}

const char *cpu_simd_name(enum cpu_simd level)
{
	return simd_names[level];
}

int cpu_count(void)
{
	cpu_set_t set;

	if (is_confined)
		return CPU_COUNT(&confined_to);
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return CPU_COUNT(&set);
	/* There are more processors than a cpu_set_t holds: use their number, ignoring the mask. */
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

int cpu_confine(const int *cpus, size_t count, struct err *err)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (size_t i = 0; i < count; i++)
		CPU_SET((size_t)cpus[i], &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return err_set(err, -errno, "processors of this process: %s",
			       strerrordesc_np(errno));
	confined_to = set;
	is_confined = true;
	return 0;
}

int cpu_let_run(pthread_attr_t *attr)
{
	return is_confined ? -pthread_attr_setaffinity_np(attr, sizeof(confined_to), &confined_to)
			   : 0;
}

int cpu_pin(int cpu, struct err *err)
{
	cpu_set_t set;
	int rc;

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return err_set(err, -EINVAL, "processor %d: out of range 0..%d", cpu,
			       CPU_SETSIZE - 1);
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	rc = pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	if (rc)
		return err_set(err, -rc, "processor %d: cannot pin a thread to it: %s", cpu,
			       strerrordesc_np(rc));
	return 0;
}
