/* cpu.h - what this processor can do, and where a thread runs. */
#ifndef DAEMON_BASE_CPU_H
#define DAEMON_BASE_CPU_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct err;

/* Vector widths that code is written for, best last. */
enum cpu_simd { CPU_SCALAR, CPU_SSE42, CPU_AVX2, CPU_AVX512 };

/*
 * The best level of this machine. Each means the bit instructions that came with it, too: SSE4.2
 * POPCNT, AVX2 BMI1, BMI2 and PCLMUL, AVX-512 all of F, BW, VL, VBMI and VBMI2.
 */
enum cpu_simd cpu_simd_level(void);
const char *cpu_simd_name(enum cpu_simd level);

/* For tests, which walk the levels: what is chosen from now on is at most this. */
void cpu_simd_set_limit(enum cpu_simd limit);

/* Between two looks at a variable that another processor will change: lets the other hardware
 * thread of this core work, and saves power. */
#if defined(__x86_64__)
static inline void cpu_relax(void)
{
	__builtin_ia32_pause();
}
#elif defined(__aarch64__)
/* YIELD does nothing on most cores; ISB waits for some ten cycles (as Rust's spin_loop does). */
static inline void cpu_relax(void)
{
	__asm__ volatile("isb" ::: "memory");
}
#else
static inline void cpu_relax(void)
{
	__asm__ volatile("" ::: "memory");
}
#endif

int cpu_count(void); /* processors this process may use */

/*
 * From now on this thread and those that thread_start starts run on these processors, whichever
 * thread starts them: a thread that cpu_pin has tied to one does not hand that on. Call it while
 * there is one thread.
 */
int cpu_confine(const int *cpus, size_t count, struct err *err);

/* Lets a thread with these attributes run where cpu_confine said; nothing where it was not called.
 */
int cpu_let_run(pthread_attr_t *attr);

/* Pins the calling thread. -EINVAL when the processor is not allowed to us. */
int cpu_pin(int cpu, struct err *err);

#endif
