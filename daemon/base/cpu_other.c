/* cpu_other.c - an architecture that no vectors are written for: level 0, portable C. */
#include "daemon/base/cpu_private.h"

enum cpu_simd cpu_simd_of_machine(void)
{
	return CPU_SCALAR;
}
