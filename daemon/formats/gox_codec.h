/* gox_codec.h - reading and writing .gox: gox_read.c and gox_write.c. */
#ifndef DAEMON_FORMATS_GOX_CODEC_H
#define DAEMON_FORMATS_GOX_CODEC_H

#include "daemon/formats/formats.h"

int gox_read(struct span bytes, struct document *doc, struct err *err);
int gox_write(struct document *doc, const struct format_options *options, struct strbuf *out,
	      struct err *err);

#endif
