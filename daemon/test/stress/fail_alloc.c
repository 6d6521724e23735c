/*
 * fail_alloc.c - a library for LD_PRELOAD: one allocation in N fails, at random but repeatably for
 * a seed and an order of calls. Which N is read from shared memory at each call, so that a running
 * process can be switched (fail_alloc.h).
 *
 * It works in front of the sanitizers, too (ASAN_OPTIONS=verify_asan_link_order=0): calls that do
 * not fail go to the next malloc in the order of loading. All allocations of the process are meant,
 * those of libc included; free is not touched.
 */
#include "daemon/test/stress/fail_alloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct fail_alloc *shared;

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void *(*next_reallocarray)(void *, size_t, size_t);
static void *(*next_aligned_alloc)(size_t, size_t);
static int (*next_posix_memalign)(void **, size_t, size_t);

/* A function pointer from dlsym: ISO C has no cast for it. */
#define FIND(fn) (*(void **)&next_##fn = dlsym(RTLD_NEXT, #fn))

static void find_all(void)
{
	FIND(calloc);
	FIND(realloc);
	FIND(reallocarray);
	FIND(aligned_alloc);
	FIND(posix_memalign);
	FIND(malloc);
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv(FAIL_ALLOC_ENV);
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (!next_malloc)
		find_all();
	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		shared = map;
}

/* splitmix64's finisher: neighbouring call numbers become unrelated ones. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static int fails(void)
{
	uint32_t one_in;
	uint64_t n;

	if (!next_malloc)
		find_all();
	one_in = shared ? atomic_load_explicit(&shared->one_in, memory_order_relaxed) : 0;
	if (one_in == 0)
		return 0;
	n = atomic_fetch_add_explicit(&shared->calls_count, 1, memory_order_relaxed);
	if (mix(n + atomic_load_explicit(&shared->seed, memory_order_relaxed)) % one_in != 0)
		return 0;
	atomic_fetch_add_explicit(&shared->failed_count, 1, memory_order_relaxed);
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t bytes)
{
	return fails() ? NULL : next_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return fails() ? NULL : next_calloc(count, bytes);
}

void *realloc(void *ptr, size_t bytes)
{
	/* A block given back this way is no allocation. */
	return bytes > 0 && fails() ? NULL : next_realloc(ptr, bytes);
}

void *reallocarray(void *ptr, size_t count, size_t bytes)
{
	return count > 0 && bytes > 0 && fails() ? NULL : next_reallocarray(ptr, count, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
	return fails() ? NULL : next_aligned_alloc(align, bytes);
}

int posix_memalign(void **out, size_t align, size_t bytes)
{
	return fails() ? ENOMEM : next_posix_memalign(out, align, bytes);
}
