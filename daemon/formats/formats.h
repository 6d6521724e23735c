/*
 * formats.h - the file formats: bytes to a document and back, one file per format, one registry.
 *
 * Readers accept untrusted bytes: every length is checked before it is used, picture sizes are
 * checked before decoding, and an error names the byte. Reading gives a whole document or none.
 * Threads: any; a format keeps no state. Documents to write are snapshots, or locked.
 */
#ifndef DAEMON_FORMATS_FORMATS_H
#define DAEMON_FORMATS_FORMATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/base/strbuf.h"
#include "daemon/voxel/document.h"

struct err;

enum {
	FORMAT_FILE_BYTES_MAX = 512 << 20, /* of a file to read or write */
};

struct format_options {
	int32_t layer_id; /* write this one layer only; 0 = all visible ones */
	/* Draws a preview of edge x edge pixels (RGBA, row-major); NULL = write no preview. */
	int (*preview)(void *ctx, struct document *d, uint32_t edge, uint32_t *pixels);
	void *preview_ctx;
};

struct format {
	const char *name;              /* canonical, lower case */
	const char *const *aliases;    /* further names, NULL-terminated; NULL = none */
	const char *const *extensions; /* with the dot, lower case, NULL-terminated */
	const char *summary;
	/* NULL = not supported. doc is initialized and empty; on failure its content is undefined
	 * but can be deinitialized. -EPROTO for invalid bytes, -ENOMEM, -ENOSPC for more than a
	 * document holds, and the codes of cancel_check. */
	int (*read)(struct span bytes, struct document *doc, struct err *err);
	/* Appends the file. -EINVAL when the document does not fit the format (err says why),
	 * -ENOMEM, and the codes of cancel_check. */
	int (*write)(struct document *doc, const struct format_options *options, struct strbuf *out,
		     struct err *err);
};

/* All of them, NULL-terminated, in the order of documentation. */
extern const struct format *const formats[];

/* By name (case-insensitive) or, when name is empty, by the path's extension. NULL: unknown. */
const struct format *format_find(struct span name, struct span path);

/*
 * Why a format that Goxel's clients may ask for, or that a path's extension names, is not
 * supported: the end of a sentence, such as "kvx is not supported: ...". "unknown format" for all
 * others.
 */
const char *format_refusal(struct span name, struct span path);

/* By the first bytes if they identify a format, else by the path's extension. NULL: unknown. */
const struct format *format_detect(struct span bytes, struct span path);

/* The voxels to write: the layer named by options, or all visible layers merged. out is initialized
 * and empty. -ENOENT, -ENOMEM. */
int format_volume(struct document *doc, const struct format_options *options, struct volume *out,
		  struct err *err);

/* Call after each part of a file that takes 1 to 1000 us: -EINVAL above FORMAT_FILE_BYTES_MAX,
 * -ENOMEM when out failed, or a code of cancel_check. */
int format_fits(const struct strbuf *out, struct err *err);

/* The same for reading, and for work before anything is written: returns 0 or a code of
 * cancel_check. */
int format_goes_on(struct err *err);
int format_goes_on_nth(unsigned *count, unsigned n, struct err *err); /* cancel_check_nth */

/* Voxels with less alpha are not drawn by Goxel, and are left out of formats without alpha. */
enum { FORMAT_ALPHA_MIN = 127 };

#endif
