/* run_say.c - messages, and how a run fails. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "profiles/run/run_private.h"

enum { LOG_LINES = 10, LOG_BYTES_MAX = 256 << 20 };

void run_say(struct run *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(r->people, fmt, args);
	va_end(args);
	fputc('\n', r->people);
	fflush(r->people);
}

static void warn_text(const char *text)
{
	fprintf(stderr, "goxel-run: %s\n", text);
}

void run_warn(struct run *r, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	(void)r;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	warn_text(text);
}

void run_note(struct run *r, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	record_warn(&r->record, text);
	warn_text(text);
}

/* The start of the last count lines of a text. */
static const char *last_lines(const char *text, size_t len, int count)
{
	const char *at = text + len;

	if (at > text && at[-1] == '\n')
		at--;
	while (at > text && (at[-1] != '\n' || --count > 0))
		at--;
	return at;
}

static void show_log(struct run *r)
{
	char *path = r->has_record ? rundir_path(&r->record.dir, RUNFILE_DAEMON_LOG) : NULL;
	char *text = NULL, *rest, *line;
	size_t len = 0;

	if (path && file_read(path, LOG_BYTES_MAX, &text, &len, NULL) == 0 && len) {
		run_warn(r, "last lines of %s:", runfile_name(RUNFILE_DAEMON_LOG));
		rest = text + (last_lines(text, len, LOG_LINES) - text);
		while ((line = strsep(&rest, "\n")))
			if (*line || rest)
				fprintf(stderr, "    %s\n", line);
	}
	free(text);
	free(path);
}

int run_fail(struct run *r, int exit_code, const char *fmt, ...)
{
	va_list args;

	/* Ctrl-C may end a program before it ends the run: the interrupt is then the reason. */
	if (run_check_interrupt(r) < 0)
		return -ECANCELED;
	r->exit_code = exit_code;
	va_start(args, fmt);
	vsnprintf(r->reason, sizeof(r->reason), fmt, args);
	va_end(args);
	warn_text(r->reason);
	show_log(r);
	return -ECANCELED;
}

void last_line_of(const char *path, char *out, size_t cap)
{
	char *text = NULL;
	size_t len = 0;

	*out = '\0';
	if (file_read(path, LOG_BYTES_MAX, &text, &len, NULL) == 0) {
		const char *line = last_lines(text, len, 1);

		snprintf(out, cap, "%.*s", (int)strcspn(line, "\n"), line);
	}
	free(text);
}
