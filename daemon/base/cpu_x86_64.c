/* cpu_x86_64.c - the vector levels of x86-64, asked from the processor. */
#include "daemon/base/cpu_private.h"

enum cpu_simd cpu_simd_of_machine(void)
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
