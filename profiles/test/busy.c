/*
 * busy - something to profile: two threads that burn CPU in functions of known names, half of them
 * inlined, make system calls, and end by themselves after the given number of seconds.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local volatile unsigned long sink;

__attribute__((noinline)) static void burn_hot(void)
{
	for (unsigned i = 0; i < 200000; i++)
		sink += (unsigned long)i * i;
}

static inline __attribute__((always_inline)) void burn_inlined(void)
{
	for (unsigned i = 0; i < 100000; i++)
		sink ^= i;
}

__attribute__((noinline)) static void burn_outer(void)
{
	burn_hot();
	burn_inlined();
	syscall(SYS_getppid);
}

static void *work(void *arg)
{
	for (;;)
		burn_outer();
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	alarm(argc > 1 ? (unsigned)atoi(argv[1]) : 30);
	if (pthread_create(&thread, NULL, work, NULL) != 0)
		return 1;
	work(NULL);
	return 0;
}
