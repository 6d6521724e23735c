/* cpu.h - what this processor can do, and where a thread runs. */
#ifndef DAEMON_BASE_CPU_H
#define DAEMON_BASE_CPU_H

#include <stdbool.h>

struct err;

/* Vector widths that code is written for, best last. */
enum cpu_simd { CPU_SCALAR, CPU_SSE42, CPU_AVX2, CPU_AVX512 };

/*
 * The best level of this machine. Each means the bit instructions that came with it, too: SSE4.2
 * POPCNT, AVX2 BMI1, BMI2 and PCLMUL, AVX-512 all of F, BW, VL, VBMI and VBMI2.
 * GOXEL_CPU_MAX=scalar|sse42|avx2 lowers it, so that tests can walk the levels; an unknown word
 * there aborts.
 */
enum cpu_simd cpu_simd_level(void);
const char *cpu_simd_name(enum cpu_simd level);

int cpu_count(void); /* processors this process may use */

/* Pins the calling thread. -EINVAL when the processor is not allowed to us. */
int cpu_pin(int cpu, struct err *err);

#endif
