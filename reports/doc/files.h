/* files.h - writes the files of a report: report.md, report.html, report.json. */
#ifndef REPORTS_DOC_FILES_H
#define REPORTS_DOC_FILES_H

#include "daemon/base/span.h"

struct doc;
struct err;

/*
 * Writes the document to dir (created if missing), each file atomically. json may be empty: then
 * there is no report.json. A file that fails leaves nothing behind.
 */
int files_write(const struct doc *d, struct span json, const char *dir, struct err *err);

#endif
