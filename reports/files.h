/* files.h - the files a report leaves: report.md, report.html, report.json. */
#ifndef REPORTS_FILES_H
#define REPORTS_FILES_H

#include "daemon/base/span.h"

struct doc;
struct err;

/*
 * Renders the document into dir (made when it is not there), each file appearing whole. json may
 * be empty: then no report.json. Nothing of a failed file is left.
 */
int files_write(const struct doc *d, struct span json, const char *dir, struct err *err);

#endif
