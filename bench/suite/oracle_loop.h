/* oracle_loop.h - the library's own C++ loop, to compare with the shim's in one run. */
#ifndef BENCH_SUITE_ORACLE_LOOP_H
#define BENCH_SUITE_ORACLE_LOOP_H

struct bench_state;

#ifdef __cplusplus
extern "C" {
#endif

void oracle_empty_loop(struct bench_state *s);
void oracle_keep_value(struct bench_state *s);

#ifdef __cplusplus
}
#endif

#endif
