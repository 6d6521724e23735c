#include "daemon/base/cpu.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/err.h"

static const char *const simd_names[] = { "scalar", "sse42", "avx2", "avx512" };

static enum cpu_simd level_of_machine(void)
{
	bool has_bits;

	__builtin_cpu_init();
	has_bits = __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
		   __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("pclmul");
	if (has_bits && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
	    __builtin_cpu_supports("avx512vbmi2"))
		return CPU_AVX512;
	if (has_bits && __builtin_cpu_supports("avx2"))
		return CPU_AVX2;
	if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"))
		return CPU_SSE42;
	return CPU_SCALAR;
}

static enum cpu_simd level_allowed(const char *word)
{
	for (int i = CPU_SCALAR; i <= CPU_AVX512; i++) {
		if (strcmp(word, simd_names[i]) == 0)
			return (enum cpu_simd)i;
	}
	/* A misspelt level would silently test the wrong code. */
	fprintf(stderr, "GOXEL_CPU_MAX=%s: known are scalar, sse42, avx2, avx512\n", word);
	abort();
}

enum cpu_simd cpu_simd_level(void)
{
	const char *word = getenv("GOXEL_CPU_MAX"); /* NOLINT(concurrency-mt-unsafe) */
	enum cpu_simd level = level_of_machine();
	enum cpu_simd allowed;

	if (!word || !*word)
		return level;
	allowed = level_allowed(word);
	return allowed < level ? allowed : level;
}

const char *cpu_simd_name(enum cpu_simd level)
{
	return simd_names[level];
}

int cpu_count(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return CPU_COUNT(&set);
	/* More processors than a cpu_set_t holds: then the exact mask hardly matters. */
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
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
