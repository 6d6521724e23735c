/* hlog_write.c - writes interval logs, format 1.3. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "daemon/base/strbuf.h"
#include "reports/lib/hdr_codec.h"
#include "reports/lib/hlog.h"

struct hlog_writer {
	FILE *file;
	char *path;
	struct strbuf line;
};

static void put_stamp(FILE *file, const char *what, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / NSEC_PER_SEC);
	struct tm tm = { 0 };
	char text[64] = "";

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%a %b %d %H:%M:%S UTC %Y", &tm);
	fprintf(file, "#[%s: %.3f (seconds since epoch), %s]\n", what, (double)wall_ns / 1e9, text);
}

int hlog_writer_open(const char *path, uint64_t base_wall_ns, const char *comment,
		     struct hlog_writer **out, struct err *err)
{
	struct hlog_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return err_set(err, -ENOMEM, "write %s: out of memory", path);
	w->path = strdup(path);
	w->file = w->path ? fopen(path, "we") : NULL;
	if (!w->file) {
		int rc = err_set(err, w->path ? -errno : -ENOMEM, "create %s: %s", path,
				 w->path ? strerrordesc_np(errno) : "out of memory");

		free(w->path);
		free(w);
		return rc;
	}
	if (comment)
		fprintf(w->file, "#[Logged with %s]\n", comment);
	fputs("#[Histogram log format version 1.3]\n", w->file);
	put_stamp(w->file, "StartTime", base_wall_ns);
	put_stamp(w->file, "BaseTime", base_wall_ns);
	fputs("\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
	      "\"Interval_Compressed_Histogram\"\n",
	      w->file);
	*out = w;
	return 0;
}

int hlog_write(struct hlog_writer *w, const char *tag, uint64_t start_ns, uint64_t length_ns,
	       const struct hist *h, struct err *err)
{
	uint64_t max_ns = h->total ? h->max_ns : 0;
	int rc;

	if (tag && (tag[0] == '\0' || strlen(tag) > HLOG_TAG_BYTES_MAX || strpbrk(tag, ", \t\r\n")))
		return err_set(err, -EINVAL,
			       "write %s: tag '%s' contains a comma or white space, or is too long",
			       w->path, tag);
	strbuf_clear(&w->line);
	if (tag)
		strbuf_addf(&w->line, "Tag=%s,", tag);
	strbuf_addf(&w->line, "%.3f,%.3f,%.6f,", (double)start_ns / 1e9, (double)length_ns / 1e9,
		    (double)max_ns / 1e6);
	rc = hdr_encode(h, &w->line, err);
	if (rc < 0)
		return err_wrap(err, rc, "write %s", w->path);
	strbuf_add_char(&w->line, '\n');
	if (w->line.failed)
		return err_set(err, -ENOMEM, "write %s: out of memory", w->path);
	if (fwrite(w->line.ptr, 1, w->line.len, w->file) != w->line.len)
		return err_set(err, errno ? -errno : -EIO, "write %s: %s", w->path,
			       strerrordesc_np(errno));
	return 0;
}

int hlog_writer_close(struct hlog_writer *w, struct err *err)
{
	int rc = 0;

	if (!w)
		return 0;
	if (ferror(w->file))
		rc = err_set(err, -EIO, "write %s: an earlier write failed", w->path);
	if (fclose(w->file) != 0 && rc == 0)
		rc = err_set(err, -errno, "write %s: %s", w->path, strerrordesc_np(errno));
	strbuf_deinit(&w->line);
	free(w->path);
	free(w);
	return rc;
}
