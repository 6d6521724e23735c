/* affinity.h - "--affinity 0,1": which processor a thread of the generator runs on. */
#ifndef LOADGEN_ENGINE_AFFINITY_H
#define LOADGEN_ENGINE_AFFINITY_H

#include <stdint.h>

struct err;

/*
 * The processor of thread index (threads use the list in turn); -1 when list is NULL.
 * -EINVAL: not a list of numbers.
 */
int affinity_cpu(const char *list, uint32_t index, int *cpu, struct err *err);

/* Whether list is a list of processors that this process may use. NULL is fine. */
int affinity_check(const char *list, struct err *err);

/* Pins the calling thread by a list that was checked. */
void affinity_apply(const char *list, uint32_t index);

#endif
