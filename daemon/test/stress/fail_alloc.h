/*
 * fail_alloc.h - what the stress program and the library that makes allocations fail (fail_alloc.c,
 * loaded with LD_PRELOAD) share: one page of a file that both map.
 */
#ifndef DAEMON_TEST_STRESS_FAIL_ALLOC_H
#define DAEMON_TEST_STRESS_FAIL_ALLOC_H

#include <stdatomic.h>
#include <stdint.h>

#define FAIL_ALLOC_ENV "GOXEL_FAIL_ALLOC" /* the file's path */

struct fail_alloc {
	_Atomic uint32_t one_in;      /* 0: none fails. Written by the stress program */
	_Atomic uint64_t seed;        /* which ones fail; the same */
	_Atomic uint64_t calls_count; /* written by the library */
	_Atomic uint64_t failed_count;
};

#endif
