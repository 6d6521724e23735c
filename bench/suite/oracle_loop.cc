// The loop as a C++ program writes it. The shim is only told when it is over.
#include "bench/suite/oracle_loop.h"

#include "bench/shim/shim_private.hh"

extern "C" void oracle_empty_loop(bench_state *s)
{
	for (auto _ : *s->st)
		benchmark::ClobberMemory();
	s->stage = shim::stage::finished;
}

extern "C" void oracle_keep_value(bench_state *s)
{
	uint64_t value = 0;

	for (auto _ : *s->st)
		benchmark::DoNotOptimize(value);
	s->stage = shim::stage::finished;
}
