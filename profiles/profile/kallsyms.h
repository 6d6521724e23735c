/* kallsyms.h - names of kernel functions, from /proc/kallsyms. */
#ifndef PROFILES_PROFILE_KALLSYMS_H
#define PROFILES_PROFILE_KALLSYMS_H

#include <stdint.h>

struct kallsyms;

/* NULL when it cannot be read or hides the addresses (kernel.kptr_restrict). */
struct kallsyms *kallsyms_open(void);
void kallsyms_close(struct kallsyms *k);

/* The function that holds addr; NULL when it lies below the first. Borrowed. */
const char *kallsyms_find(const struct kallsyms *k, uint64_t addr);

#endif
