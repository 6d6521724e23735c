/*
 * vec_each.h - includes VEC_TEMPLATE, the path of a template for vec.h, once for each level that
 * this architecture has code for; VEC_TABLE(name) then initialises a table of name at each level,
 * by enum cpu_simd. cpu_simd_level() gives no other levels.
 */
#include "daemon/base/cpu.h"
#include "daemon/json/vec.h"

#ifdef VEC_TEMPLATE
#undef VEC_LEVEL
#define VEC_LEVEL 0
#include VEC_TEMPLATE
#if defined(__x86_64__)
#undef VEC_LEVEL
#define VEC_LEVEL 1
#include VEC_TEMPLATE
#undef VEC_LEVEL
#define VEC_LEVEL 2
#include VEC_TEMPLATE
#undef VEC_LEVEL
#define VEC_LEVEL 3
#include VEC_TEMPLATE
#endif
#undef VEC_TEMPLATE
#endif

#ifndef DAEMON_JSON_VEC_EACH_H
#define DAEMON_JSON_VEC_EACH_H

#if defined(__x86_64__)
#define VEC_TABLE(name)                                                     \
	{                                                                   \
		[CPU_SCALAR] = name##_portable, [CPU_SSE42] = name##_sse42, \
		[CPU_AVX2] = name##_avx2, [CPU_AVX512] = name##_avx512      \
	}
#else
#define VEC_TABLE(name)                        \
	{                                      \
		[CPU_SCALAR] = name##_portable \
	}
#endif

#endif
