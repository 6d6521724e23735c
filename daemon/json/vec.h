/*
 * vec.h - operations on 64 bytes at a time, for each vector width.
 *
 * A template: the includer defines VEC_LEVEL (the numbers of enum cpu_simd) and includes this and
 * then its own template, once per level; VEC(name) is the name at that level. Functions carry their
 * target attribute, so one object file has all levels, and the caller chooses at run time by
 * cpu_simd_level(). A block operation returns a mask: bit i belongs to byte i. Operations on
 * sixteen bytes have the same code for all vector levels: VEC16(name). Level 0 is portable C (eight
 * bytes at a time, little-endian) and works on every machine.
 */
#ifndef VEC_LEVEL
#define VEC_LEVEL 0 /* so that the header compiles by itself */
#endif

#ifndef DAEMON_JSON_VEC_H
#define DAEMON_JSON_VEC_H

#include "daemon/json/vec_avx2.h"
#include "daemon/json/vec_avx512.h"
#include "daemon/json/vec_common.h"
#include "daemon/json/vec_portable.h"
#include "daemon/json/vec_sse42.h"

#define VEC_PASTE_(a, b) a##_##b
#define VEC_PASTE(a, b)  VEC_PASTE_(a, b)
#define VEC(name)        VEC_PASTE(name, VEC_SUFFIX)
#define VEC16(name)      VEC_PASTE(name, VEC16_SUFFIX)
/* Every function of a template is one of these: helpers are inlined into the entry points. */
#define VEC_INLINE VEC_ALWAYS VEC_TARGET
#define VEC_ENTRY  static __attribute__((noinline)) VEC_TARGET

#endif /* DAEMON_JSON_VEC_H */

#undef VEC_SUFFIX
#undef VEC16_SUFFIX
#undef VEC_TARGET
#undef VEC_MASKED_TAIL
#if VEC_LEVEL == 0
#define VEC_SUFFIX      portable
#define VEC16_SUFFIX    portable
#define VEC_TARGET      VEC_TARGET_PORTABLE
#define VEC_MASKED_TAIL 0 /* less than a block can be loaded without reading past its end */
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
