/*
 * runfile.h - the names of the files in a run directory (rundir.h), which are defined only here.
 */
#ifndef REPORTS_LIB_RUNFILE_H
#define REPORTS_LIB_RUNFILE_H

enum runfile {
#define RUNFILE(name, text) RUNFILE_##name,
#include "reports/lib/runfiles.def"
	RUNFILES_COUNT
};

/* As it is called in the directory. */
const char *runfile_name(enum runfile file);

#endif
