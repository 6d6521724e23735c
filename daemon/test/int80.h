/* int80.h - system calls by the numbers of i386 and x32, as code that has escaped from the script
 * engine could make them on x86-64. Empty on other machines. */
#ifndef DAEMON_TEST_INT80_H
#define DAEMON_TEST_INT80_H

#include <stdbool.h>

#if defined(__x86_64__)
#include <unistd.h>

enum { HAS_INT80 = true };

static inline long int80(long number, long a, long b, long c)
{
	long rc;

	__asm__ volatile("int $0x80"
			 : "=a"(rc)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)rc;
}

static inline long x32_call(long number, long a, long b)
{
	return syscall(0x40000000 | number, a, b);
}

#else

enum { HAS_INT80 = false };

static inline long int80(long number, long a, long b, long c)
{
	(void)number;
	(void)a;
	(void)b;
	(void)c;
	return -1;
}

static inline long x32_call(long number, long a, long b)
{
	(void)number;
	(void)a;
	(void)b;
	return -1;
}

#endif
#endif
