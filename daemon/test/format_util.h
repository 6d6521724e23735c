/* format_util.h - models, files and comparisons for the tests of formats. */
#ifndef DAEMON_TEST_FORMAT_UTIL_H
#define DAEMON_TEST_FORMAT_UTIL_H

#include "daemon/base/err.h"
#include "daemon/formats/formats.h"

#define GOXEL_DATA "daemon/test/data/goxel/"

struct format_text {
	char *ptr; /* free() */
	size_t len;
};

/* Asserts that the file exists; paths start at the top folder of the source tree. */
struct format_text format_load(const char *path);

/* The expected layers of a model of voxels.json. Initializes doc. */
void format_expected(const char *model, struct document *doc);

/* A ball of radius r, not around the origin, with `colors` different colors. */
void format_ball(struct document *doc, int r, unsigned colors);

/* Asserts that the visible voxels of both are the same. */
void assert_same_voxels(struct document *a, struct document *b);
void assert_same_volume(const struct volume *a, const struct volume *b);

/* Asserts equal positions, and that no channel of a color differs by more than tolerance. */
void assert_near_volume(const struct volume *a, const struct volume *b, unsigned tolerance);

/* Asserts success. out is zeroed; strbuf_deinit it. */
void format_write_to(const struct format *f, struct document *doc, struct strbuf *out);

#endif
