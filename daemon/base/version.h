/* version.h - version information for --version and for results. */
#ifndef DAEMON_BASE_VERSION_H
#define DAEMON_BASE_VERSION_H

#define GOXEL_PERF_VERSION   "0.1.0"
#define GOXEL_DAEMON_VERSION "15.0.0"

const char *version_revision(void); /* git describe of the tree it was built from */
const char *version_variant(void);  /* release, debug, asan, ... */
const char *version_compiler(void); /* "gcc 12.2.0" */
const char *version_flags(void);    /* the variant's optimization flags */

#endif
