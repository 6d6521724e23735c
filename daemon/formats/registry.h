/* registry.h - the entry of every format; only formats.c, bench/ and tests name them directly. */
#ifndef DAEMON_FORMATS_REGISTRY_H
#define DAEMON_FORMATS_REGISTRY_H

#include "daemon/formats/formats.h"

extern const struct format format_gox;
extern const struct format format_vox;
extern const struct format format_obj;
extern const struct format format_ply;
extern const struct format format_gltf;
extern const struct format format_glb;
extern const struct format format_stl;
extern const struct format format_txt;
extern const struct format format_povray;
extern const struct format format_qb;
extern const struct format format_png_slices;

#endif
