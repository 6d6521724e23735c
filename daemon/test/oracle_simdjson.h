/*
 * oracle_simdjson.h - simdjson with a C interface: an independent judge of texts, and the parser to
 * compare speeds with. SIMDJSON_PADDING bytes after each text must be readable.
 */
#ifndef DAEMON_TEST_ORACLE_SIMDJSON_H
#define DAEMON_TEST_ORACLE_SIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 1 valid, 0 invalid, according to its DOM parser, which validates everything. */
int oracle_accepts(const char *text, size_t len);

/* Number `index` (from 0, in the order of the text) as a double, bit for bit; 0 when there is none.
 */
int oracle_number(const char *text, size_t len, size_t index, double *out);

/*
 * On-demand: method and id of a request, params as a raw span. Returns the id, a number, plus the
 * length of the method's name, or -1.
 */
int64_t oracle_ping(const char *text, size_t len);

/* On-demand: the same, and all x y z r g b of params.voxels. Returns the sum of all, or -1. */
int64_t oracle_voxels(const char *text, size_t len);

#ifdef __cplusplus
}
#endif

#endif
