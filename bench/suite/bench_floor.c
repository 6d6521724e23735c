/* bench_floor.c - the cost of measuring itself, which is part of every other result. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/suite/oracle_loop.h"
#include "bench/suite/suite.h"
#include "daemon/base/clock.h"

enum { COPY_BYTES = 1024 };

static void empty_loop(struct bench_state *s)
{
	BENCH_LOOP(s)
		BENCH_CLOBBER();
}

static void empty_next(struct bench_state *s)
{
	while (bench_next(s))
		BENCH_CLOBBER();
}

static void empty_batch(struct bench_state *s)
{
	while (bench_batch(s, 1000))
		for (int i = 0; i < 1000; i++)
			BENCH_CLOBBER();
}

static void keep_value(struct bench_state *s)
{
	uint64_t value = 0;

	BENCH_LOOP(s)
		BENCH_KEEP(value);
}

static void clock_read(struct bench_state *s)
{
	BENCH_LOOP(s)
		BENCH_KEEP(clock_ns());
}

static __attribute__((noinline)) uint64_t add_one(uint64_t x)
{
	__asm__ volatile("");
	return x + 1;
}

static void direct_call(struct bench_state *s)
{
	uint64_t x = 0;

	BENCH_LOOP(s)
		x = add_one(x);
	BENCH_KEEP(x);
}

static void indirect_call(struct bench_state *s)
{
	uint64_t (*fn)(uint64_t) = add_one;
	uint64_t x = 0;

	BENCH_CHANGED(fn);
	BENCH_LOOP(s)
		x = fn(x);
	BENCH_KEEP(x);
}

/* The minimal cost of each step of a lock or a ring. */
static void compare_and_swap(struct bench_state *s)
{
	_Atomic uint64_t value = 0;
	uint64_t seen = 0;

	BENCH_LOOP(s)
		atomic_compare_exchange_strong(&value, &seen, seen + 1);
	BENCH_KEEP(seen);
}

static void system_call(struct bench_state *s)
{
	BENCH_LOOP(s)
		BENCH_KEEP(getppid());
}

static void copy_1k(struct bench_state *s)
{
	static char from_mem[COPY_BYTES], to_mem[COPY_BYTES];
	char *from = from_mem, *to = to_mem;

	BENCH_CHANGED(from);
	BENCH_CHANGED(to);
	BENCH_LOOP(s) {
		memcpy(to, from, COPY_BYTES);
		BENCH_CLOBBER();
	}
	bench_bytes_processed(s, bench_iterations_done(s) * COPY_BYTES);
}

/* They stay registered for the life of the program; the library has already chosen what to run. */
static void register_1000(struct bench_state *s)
{
	char name[32];

	BENCH_LOOP(s) {
		for (int i = 0; i < 1000; i++) {
			snprintf(name, sizeof(name), "registered/%d", i);
			if (!bench_register(name, empty_loop)) {
				bench_skip_error(s, "out of memory");
				return;
			}
		}
	}
}

static void add(void)
{
	suite_add(empty_loop, NULL, NULL, "floor/empty_loop");
	suite_add(oracle_empty_loop, NULL, NULL, "floor/empty_loop_cxx");
	suite_add(keep_value, NULL, NULL, "floor/keep_value");
	suite_add(oracle_keep_value, NULL, NULL, "floor/keep_value_cxx");
	suite_add(empty_next, NULL, NULL, "floor/empty_next");
	suite_add(empty_batch, NULL, NULL, "floor/empty_batch");
	suite_add(clock_read, NULL, NULL, "floor/clock_read");
	suite_add(direct_call, NULL, NULL, "floor/direct_call");
	suite_add(indirect_call, NULL, NULL, "floor/indirect_call");
	suite_add(compare_and_swap, NULL, NULL, "floor/compare_and_swap");
	suite_add(system_call, NULL, NULL, "floor/system_call");
	suite_add(copy_1k, NULL, NULL, "floor/copy_1k");
	bench_iterations(suite_add(register_1000, NULL, NULL, "floor/register_1000"), 1);
}

const struct suite suite_floor = {
	.name = "floor",
	.summary = "empty loops of C and C++, clock, calls, copy, registration",
	.add = add,
};
