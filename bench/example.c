#include "bench/shim.h"
#include <string.h>

static void copy(struct bench_state *s)
{
	char from[1024] = "", to[1024];
	BENCH_LOOP(s) {
		memcpy(to, from, (size_t)bench_range(s, 0));
		BENCH_KEEP(&to);
	}
}
BENCH(copy, bench_range_from(b, 8, 1024))
BENCH_MAIN()
