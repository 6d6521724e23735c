/*
 * alloc_none.c - the functions of alloc.h for a program that does not count its allocations.
 *
 * Weak, so that any program may call them: in one that opted in, the wrapped malloc pulls
 * alloc_count.o out of its library, and its definitions replace these.
 */
#include "daemon/base/alloc.h"

#include <errno.h>

__attribute__((weak)) bool alloc_is_counted(void)
{
	return false;
}

__attribute__((weak)) void alloc_read(struct alloc_counts *out)
{
	*out = (struct alloc_counts){ 0 };
}

__attribute__((weak)) void alloc_read_thread(struct alloc_counts *out)
{
	*out = (struct alloc_counts){ 0 };
}

__attribute__((weak)) void alloc_note(void *ptr, size_t bytes)
{
	(void)ptr;
	(void)bytes;
}

__attribute__((weak)) void alloc_note_free(void *ptr)
{
	(void)ptr;
}

__attribute__((weak)) int alloc_set_hook(const struct alloc_hook *hook)
{
	(void)hook;
	return -EOPNOTSUPP;
}
