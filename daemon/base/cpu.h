/* cpu.h - features of the processor, and which processors threads run on. */
#ifndef DAEMON_BASE_CPU_H
#define DAEMON_BASE_CPU_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct err;

/* Instruction sets that code is written for, in ascending order. */
enum cpu_simd { CPU_SCALAR, CPU_SSE42, CPU_AVX2, CPU_AVX512 };

/*
 * The best level of this machine. Each level includes the bit instructions that came with it:
 * SSE4.2 POPCNT, AVX2 BMI1, BMI2 and PCLMUL, AVX-512 all of F, BW, VL, VBMI and VBMI2.
 */
enum cpu_simd cpu_simd_level(void);
const char *cpu_simd_name(enum cpu_simd level);

/* For tests of all levels: limits the level chosen from now on. */
void cpu_simd_set_limit(enum cpu_simd limit);

/* Between two reads of a variable that another processor will change: lets the other hardware
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
 * From now on this thread and threads started by thread_start run on these processors, whichever
 * thread starts them: a thread pinned by cpu_pin does not pass on its pinning. Call it while there
 * is only one thread.
 */
int cpu_confine(const int *cpus, size_t count, struct err *err);

/* Lets a thread with these attributes run on the processors of cpu_confine; no-op when that was not
 * called. */
int cpu_let_run(pthread_attr_t *attr);

/* Pins the calling thread. -EINVAL when the processor is not allowed to us. */
int cpu_pin(int cpu, struct err *err);

#endif
