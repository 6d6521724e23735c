/*
 * alloc_count.c - malloc and its family as the linker's --wrap redirects them here: counted per
 * thread, sampled by bytes, then passed on to the real ones.
 *
 * The hot path uses thread-local memory only. A thread joins the registry with its first call and
 * leaves it when it ends, adding its counts to those of the ended threads.
 */
#include "daemon/base/alloc.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* How often a thread checks for a new sampler; alloc_set_hook promises this bound. */
	IDLE_BYTES = 64 * 1024,
	/* Bits of the filter: 4 KiB, so that checking it on each free stays in the L1 cache. */
	FILTER_BITS = 32768,
};

enum thread_state { THREAD_NEW, THREAD_COUNTED, THREAD_ENDING };

/*
 * One per thread. The counters are written by their thread alone and read by any, hence atomic;
 * the rest is private to the thread or, the links, to the holder of registry_lock.
 */
struct alloc_thread {
	_Atomic uint64_t allocs_count;
	_Atomic uint64_t frees_count;
	_Atomic uint64_t allocated_bytes;
	int64_t bytes_until_sample;
	const struct alloc_hook *drawn_by; /* the hook that set bytes_until_sample */
	enum thread_state state;
	bool in_hook;
	struct alloc_thread *next;
	struct alloc_thread **link; /* the pointer to this one */
};

/* The linker prescribes these names. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *ptr, size_t bytes);
void *__real_reallocarray(void *ptr, size_t count, size_t bytes);
void *__real_aligned_alloc(size_t align, size_t bytes);
int __real_posix_memalign(void **out, size_t align, size_t bytes);
void __real_free(void *ptr);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *ptr, size_t bytes);
void *__wrap_reallocarray(void *ptr, size_t count, size_t bytes);
void *__wrap_aligned_alloc(size_t align, size_t bytes);
int __wrap_posix_memalign(void **out, size_t align, size_t bytes);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
void __wrap_free(void *ptr);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

static _Thread_local struct alloc_thread self;

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct alloc_thread *registry;
static struct alloc_counts ended; /* of ended threads; under registry_lock */
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static const struct alloc_hook *_Atomic active_hook;

/*
 * Which pointers may be sampled: a bit per hash, and the number of samples for each bit. Every free
 * reads the bits; the counts change under filter_lock, and only for samples.
 */
static _Atomic uint64_t filter[FILTER_BITS / 64];
static uint16_t filter_counts[FILTER_BITS];
static pthread_mutex_t filter_lock = PTHREAD_MUTEX_INITIALIZER;

/* Only the owner writes, so a plain load and store suffice, without a locked instruction. */
static void bump(_Atomic uint64_t *counter, uint64_t by)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by,
			      memory_order_relaxed);
}

static void add_counts(struct alloc_counts *into, const struct alloc_thread *t)
{
	into->allocs_count += atomic_load_explicit(&t->allocs_count, memory_order_relaxed);
	into->frees_count += atomic_load_explicit(&t->frees_count, memory_order_relaxed);
	into->allocated_bytes += atomic_load_explicit(&t->allocated_bytes, memory_order_relaxed);
}

static void reset_counts(struct alloc_thread *t)
{
	atomic_store_explicit(&t->allocs_count, 0, memory_order_relaxed);
	atomic_store_explicit(&t->frees_count, 0, memory_order_relaxed);
	atomic_store_explicit(&t->allocated_bytes, 0, memory_order_relaxed);
}

/* Adds the counts of a thread outside the registry to those of ended threads. */
static void fold_self(void)
{
	pthread_mutex_lock(&registry_lock);
	add_counts(&ended, &self);
	pthread_mutex_unlock(&registry_lock);
	reset_counts(&self);
}

static void leave(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&registry_lock);
	*self.link = self.next;
	if (self.next)
		self.next->link = self.link;
	add_counts(&ended, &self);
	pthread_mutex_unlock(&registry_lock);
	reset_counts(&self);
	/* Destructors of other keys may still free memory: those calls are added one by one. */
	self.state = THREAD_ENDING;
}

static void make_key(void)
{
	/* Without a key, threads could not leave the registry: abort instead of reading freed
	 * memory later. */
	if (pthread_key_create(&key, leave))
		abort();
}

static int64_t draw(void)
{
	int64_t bytes = IDLE_BYTES;

	self.drawn_by = atomic_load_explicit(&active_hook, memory_order_acquire);
	if (self.drawn_by) {
		self.in_hook = true;
		bytes = self.drawn_by->draw_bytes();
		self.in_hook = false;
	}
	return bytes;
}

static void join(void)
{
	self.state = THREAD_COUNTED;
	pthread_once(&key_once, make_key);
	pthread_mutex_lock(&registry_lock);
	self.next = registry;
	self.link = &registry;
	if (registry)
		registry->link = &self.next;
	registry = &self;
	pthread_mutex_unlock(&registry_lock);
	/* The destructor runs only when the value is not NULL. */
	pthread_setspecific(key, &self);
	self.bytes_until_sample = draw();
}

/* Handles the first call of a thread and those at its end; the state is COUNTED in all others. */
static void change_state(void)
{
	if (self.state == THREAD_NEW)
		join();
	else
		fold_self();
}

static uint32_t filter_slot(const void *ptr)
{
	/* Fibonacci hashing (Knuth 6.4): blocks are 16-aligned, the top bits of the product mix. */
	return (uint32_t)(((uintptr_t)ptr >> 4) * 0x9e3779b97f4a7c15u >> (64 - 15));
}

static void filter_add(const void *ptr)
{
	uint32_t slot = filter_slot(ptr);

	pthread_mutex_lock(&filter_lock);
	/* A count at its maximum stays there: the bit then stays set, which is safe. */
	if (filter_counts[slot] < UINT16_MAX)
		filter_counts[slot]++;
	atomic_fetch_or_explicit(&filter[slot / 64], 1ull << slot % 64, memory_order_relaxed);
	pthread_mutex_unlock(&filter_lock);
}

static void filter_remove(const void *ptr)
{
	uint32_t slot = filter_slot(ptr);

	pthread_mutex_lock(&filter_lock);
	if (filter_counts[slot] > 0 && filter_counts[slot] < UINT16_MAX &&
	    --filter_counts[slot] == 0)
		atomic_fetch_and_explicit(&filter[slot / 64], ~(1ull << slot % 64),
					  memory_order_relaxed);
	pthread_mutex_unlock(&filter_lock);
}

/*
 * Relaxed suffices: the freeing thread got the pointer from the allocating thread by some
 * synchronization, and the bit was set before the pointer was returned.
 */
static bool filter_has(const void *ptr)
{
	uint32_t slot = filter_slot(ptr);

	return atomic_load_explicit(&filter[slot / 64], memory_order_relaxed) >> slot % 64 & 1;
}

static void report_sample(const struct alloc_hook *hook, void *ptr, size_t bytes)
{
	filter_add(ptr);
	self.in_hook = true;
	hook->on_alloc(ptr, bytes);
	self.in_hook = false;
}

/* Called when the countdown is below zero. */
static __attribute__((noinline)) void sample(void *ptr, size_t bytes)
{
	const struct alloc_hook *hook = atomic_load_explicit(&active_hook, memory_order_acquire);

	/* Inside a hook the countdown continues, and the first allocation outside is sampled. */
	if (self.in_hook)
		return;
	/* A countdown set for another hook (or none) is not valid; draw a new one. */
	if (hook && self.drawn_by == hook)
		report_sample(hook, ptr, bytes);
	self.bytes_until_sample = draw();
}

/* Tells the hook that ptr is freed. Returns whether it was sampled. */
static __attribute__((noinline)) bool release_sample(void *ptr)
{
	const struct alloc_hook *hook = atomic_load_explicit(&active_hook, memory_order_acquire);
	bool was_sampled;

	/* Allocations of a hook itself are never sampled. */
	if (!hook || self.in_hook)
		return false;
	self.in_hook = true;
	was_sampled = hook->on_free(ptr);
	self.in_hook = false;
	if (was_sampled)
		filter_remove(ptr);
	return was_sampled;
}

static void count_alloc(void *ptr, size_t bytes)
{
	if (!ptr)
		return;
	bump(&self.allocs_count, 1);
	bump(&self.allocated_bytes, bytes);
	if (__builtin_expect(self.state != THREAD_COUNTED, 0))
		change_state();
	/* No overflow: malloc refuses more than PTRDIFF_MAX, and the countdown starts above 0. */
	self.bytes_until_sample -= (int64_t)bytes;
	if (__builtin_expect(self.bytes_until_sample < 0, 0))
		sample(ptr, bytes);
}

static void count_free(void)
{
	bump(&self.frees_count, 1);
	if (__builtin_expect(self.state != THREAD_COUNTED, 0))
		change_state();
}

/* A sampled block that realloc left in place is still allocated. */
static void sample_again(void *ptr, size_t bytes)
{
	const struct alloc_hook *hook = atomic_load_explicit(&active_hook, memory_order_acquire);

	if (hook)
		report_sample(hook, ptr, bytes);
}

static void count_in_place(void *ptr, size_t old_bytes, size_t bytes, bool was_sampled)
{
	if (was_sampled)
		sample_again(ptr, bytes);
	if (bytes <= old_bytes)
		return;
	count_free();
	if (was_sampled) {
		bump(&self.allocs_count, 1);
		bump(&self.allocated_bytes, bytes - old_bytes);
	} else {
		count_alloc(ptr, bytes - old_bytes);
	}
}

void alloc_note(void *ptr, size_t bytes)
{
	count_alloc(ptr, bytes);
}

void alloc_note_free(void *ptr)
{
	count_free();
	if (__builtin_expect(filter_has(ptr), 0))
		release_sample(ptr);
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
void *__wrap_malloc(size_t bytes)
{
	void *ptr = __real_malloc(bytes);

	count_alloc(ptr, bytes);
	return ptr;
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	void *ptr = __real_calloc(count, bytes);

	count_alloc(ptr, count * bytes); /* on overflow ptr is NULL */
	return ptr;
}

void *__wrap_aligned_alloc(size_t align, size_t bytes)
{
	void *ptr = __real_aligned_alloc(align, bytes);

	count_alloc(ptr, bytes);
	return ptr;
}

int __wrap_posix_memalign(void **out, size_t align, size_t bytes)
{
	int rc = __real_posix_memalign(out, align, bytes);

	if (rc == 0)
		count_alloc(*out, bytes);
	return rc;
}

void __wrap_free(void *ptr)
{
	if (!ptr)
		return;
	count_free();
	if (__builtin_expect(filter_has(ptr), 0))
		release_sample(ptr);
	__real_free(ptr);
}

void *__wrap_realloc(void *ptr, size_t bytes)
{
	uintptr_t old = (uintptr_t)ptr;
	size_t old_bytes;
	bool was_sampled;
	void *grown;

	if (!ptr)
		return __wrap_malloc(bytes);
	old_bytes = malloc_usable_size(ptr);
	was_sampled = filter_has(ptr) && release_sample(ptr);
	grown = __real_realloc(ptr, bytes);
	if (!grown && bytes == 0) { /* glibc has freed it */
		count_free();
	} else if (!grown) {
		if (was_sampled)
			sample_again((void *)old, old_bytes);
	} else if ((uintptr_t)grown != old) {
		count_free();
		count_alloc(grown, bytes);
	} else {
		count_in_place(grown, old_bytes, bytes, was_sampled);
	}
	return grown;
}

void *__wrap_reallocarray(void *ptr, size_t count, size_t bytes)
{
	size_t total;

	if (__builtin_mul_overflow(count, bytes, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return __wrap_realloc(ptr, total);
}

char *__wrap_strndup(const char *text, size_t len)
{
	size_t used = strnlen(text, len);
	char *copy = __wrap_malloc(used + 1);

	if (copy) {
		memcpy(copy, text, used);
		copy[used] = '\0';
	}
	return copy;
}

char *__wrap_strdup(const char *text)
{
	return __wrap_strndup(text, strlen(text));
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

bool alloc_is_counted(void)
{
	return true;
}

void alloc_read(struct alloc_counts *out)
{
	pthread_mutex_lock(&registry_lock);
	*out = ended;
	for (const struct alloc_thread *t = registry; t; t = t->next)
		add_counts(out, t);
	pthread_mutex_unlock(&registry_lock);
}

void alloc_read_thread(struct alloc_counts *out)
{
	*out = (struct alloc_counts){ 0 };
	add_counts(out, &self);
}

int alloc_set_hook(const struct alloc_hook *hook)
{
	atomic_store_explicit(&active_hook, hook, memory_order_release);
	/* The calling thread can sample at once; it need not wait for the idle interval. */
	self.bytes_until_sample = draw();
	return 0;
}
