/*
 * fail_alloc.c - a library for LD_PRELOAD: one allocation in N fails, at random but repeatably for
 * a seed and an order of calls. Which N is read from shared memory at each call, so that a running
 * process can be switched (fail_alloc.h).
 *
 * It works in front of the sanitizers, too (ASAN_OPTIONS=verify_asan_link_order=0): calls that do
 * not fail go to the next malloc in the order of loading. free is not touched. All allocations of
 * the process are meant, those of libc included; but a sanitizer's runtime calls libc and dies when
 * that has no memory, so next to one libc's allocations do not fail.
 */
#include "daemon/test/stress/fail_alloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct fail_alloc *shared;

/* Code whose calls do not fail. Written by the constructor, before threads exist. */
static struct {
	uintptr_t from, to;
} spared[8];
static size_t spared_count;
static bool has_sanitizer;

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

static int see_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
	bool is_sanitizer = strstr(info->dlpi_name, "san.so") != NULL;
	bool is_libc = strstr(info->dlpi_name, "/libc.so") || strstr(info->dlpi_name, "/ld-linux");

	(void)size;
	(void)ctx;
	has_sanitizer |= is_sanitizer;
	for (int i = 0; (is_sanitizer || is_libc) && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type != PT_LOAD || !(ph->p_flags & PF_X) ||
		    spared_count == sizeof(spared) / sizeof(spared[0]))
			continue;
		spared[spared_count].from = info->dlpi_addr + ph->p_vaddr;
		spared[spared_count++].to = info->dlpi_addr + ph->p_vaddr + ph->p_memsz;
	}
	return 0;
}

static bool is_spared(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;

	for (size_t i = 0; has_sanitizer && i < spared_count; i++)
		if (at >= spared[i].from && at < spared[i].to)
			return true;
	return false;
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
	dl_iterate_phdr(see_object, NULL);
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

static bool fails(const void *caller)
{
	uint32_t one_in;
	uint64_t n;

	if (!next_malloc)
		find_all();
	one_in = shared ? atomic_load_explicit(&shared->one_in, memory_order_relaxed) : 0;
	if (one_in == 0 || is_spared(caller))
		return false;
	n = atomic_fetch_add_explicit(&shared->calls_count, 1, memory_order_relaxed);
	if (mix(n + atomic_load_explicit(&shared->seed, memory_order_relaxed)) % one_in != 0)
		return false;
	atomic_fetch_add_explicit(&shared->failed_count, 1, memory_order_relaxed);
	errno = ENOMEM;
	return true;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t bytes)
{
	return fails(CALLER) ? NULL : next_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return fails(CALLER) ? NULL : next_calloc(count, bytes);
}

void *realloc(void *ptr, size_t bytes)
{
	/* A block given back this way is no allocation. */
	return bytes > 0 && fails(CALLER) ? NULL : next_realloc(ptr, bytes);
}

void *reallocarray(void *ptr, size_t count, size_t bytes)
{
	return count > 0 && bytes > 0 && fails(CALLER) ? NULL
						       : next_reallocarray(ptr, count, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
	return fails(CALLER) ? NULL : next_aligned_alloc(align, bytes);
}

int posix_memalign(void **out, size_t align, size_t bytes)
{
	return fails(CALLER) ? ENOMEM : next_posix_memalign(out, align, bytes);
}
