/* cpu_other.c - architectures without vector code of their own: level 0, portable C. */
#include "daemon/base/cpu_private.h"

enum cpu_simd cpu_simd_of_machine(void)
{
	return CPU_SCALAR;
}
