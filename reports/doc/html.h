/* html.h - escapes text for HTML and SVG. */
#ifndef REPORTS_DOC_HTML_H
#define REPORTS_DOC_HTML_H

#include "daemon/base/strbuf.h"

/* Appends text escaped; NULL adds nothing. */
void html_text(struct strbuf *out, const char *text);

#endif
