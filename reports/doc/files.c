#include "reports/doc/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "reports/doc/doc.h"
#include "reports/lib/runfile.h"

static int write_one(const char *dir, const char *name, struct span bytes, struct err *err)
{
	char *path = NULL;
	int rc;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return err_set(err, -ENOMEM, "write %s: out of memory", name);
	rc = file_write_atomic(path, bytes, err);
	free(path);
	return rc;
}

static int render_one(const struct doc *d, int (*render)(const struct doc *, struct strbuf *),
		      const char *dir, const char *name, struct err *err)
{
	struct strbuf sb = { 0 };
	int rc = render(d, &sb);

	if (rc < 0)
		rc = err_set(err, rc, "write %s: out of memory", name);
	else
		rc = write_one(dir, name, strbuf_span(&sb), err);
	strbuf_deinit(&sb);
	return rc;
}

int files_write(const struct doc *d, struct span json, const char *dir, struct err *err)
{
	int rc = file_make_dirs(dir, err);

	if (rc == 0)
		rc = render_one(d, doc_markdown, dir, runfile_name(RUNFILE_REPORT_MARKDOWN), err);
	if (rc == 0)
		rc = render_one(d, doc_html, dir, runfile_name(RUNFILE_REPORT_HTML), err);
	if (rc == 0 && json.len)
		rc = write_one(dir, runfile_name(RUNFILE_REPORT_JSON), json, err);
	return rc;
}
