/* cpu_private.h - the part of cpu.c that differs between architectures: one file per architecture,
 * chosen by module.mk. */
#ifndef DAEMON_BASE_CPU_PRIVATE_H
#define DAEMON_BASE_CPU_PRIVATE_H

#include "daemon/base/cpu.h"

/* The best level of this machine, without a limit. */
enum cpu_simd cpu_simd_of_machine(void);

#endif
