/*
 * vec.h - sixty-four bytes at a time, at each vector width.
 *
 * A template: the includer defines VEC_LEVEL (the numbers of enum cpu_simd) and includes this and
 * then its own template, once per level; VEC(name) is the name at that level. Functions carry their
 * target attribute, so one object file holds all levels and the caller chooses at run time by
 * cpu_simd_level(). A block answers questions with a mask: bit i speaks of byte i.
 * Sixteen bytes at a time is the same code for all vector levels: VEC16(name).
 * Level 0 is portable C (eight bytes at a time, little-endian); it is what every machine has.
 */
#ifndef VEC_LEVEL
#define VEC_LEVEL 0 /* so that the header compiles alone */
#endif

#ifndef DAEMON_RPC_VEC_H
#define DAEMON_RPC_VEC_H

#include "daemon/rpc/vec_avx2.h"
#include "daemon/rpc/vec_avx512.h"
#include "daemon/rpc/vec_common.h"
#include "daemon/rpc/vec_portable.h"
#include "daemon/rpc/vec_sse42.h"

#define VEC_PASTE_(a, b) a##_##b
#define VEC_PASTE(a, b)  VEC_PASTE_(a, b)
#define VEC(name)        VEC_PASTE(name, VEC_SUFFIX)
#define VEC16(name)      VEC_PASTE(name, VEC16_SUFFIX)
/* Every function of a template is one of these: the helpers vanish into the entry points. */
#define VEC_INLINE VEC_ALWAYS VEC_TARGET
#define VEC_ENTRY  static __attribute__((noinline)) VEC_TARGET

#endif /* DAEMON_RPC_VEC_H */

#undef VEC_SUFFIX
#undef VEC16_SUFFIX
#undef VEC_TARGET
#undef VEC_MASKED_TAIL
#if VEC_LEVEL == 0
#define VEC_SUFFIX      portable
#define VEC16_SUFFIX    portable
#define VEC_TARGET      VEC_TARGET_PORTABLE
#define VEC_MASKED_TAIL 0 /* less than a block can be loaded without reading behind it */
#elif VEC_LEVEL == 1
#define VEC_SUFFIX      sse42
#define VEC16_SUFFIX    sse42
#define VEC_TARGET      VEC_TARGET_SSE42
#define VEC_MASKED_TAIL 0
#elif VEC_LEVEL == 2
#define VEC_SUFFIX      avx2
#define VEC16_SUFFIX    sse42
#define VEC_TARGET      VEC_TARGET_AVX2
#define VEC_MASKED_TAIL 0
#else
#define VEC_SUFFIX      avx512
#define VEC16_SUFFIX    sse42
#define VEC_TARGET      VEC_TARGET_AVX512
#define VEC_MASKED_TAIL 1
#endif
