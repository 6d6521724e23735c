/* gate_accept.c - reading accepted changes. */
#include "loadgen/gate/gate_accept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"

enum { FILE_BYTES_MAX = 1 << 20, DAY_S = 24 * 3600 };

/* "2027-01-31": -EINVAL unless it is a day; *is_past when it is over. */
static int check_day(const char *day, uint64_t now_wall_ns, bool *is_past)
{
	struct tm tm = { 0 };
	const char *end = strptime(day, "%Y-%m-%d", &tm);

	if (!end || *end || strlen(day) != 10)
		return -EINVAL;
	*is_past = ((uint64_t)timegm(&tm) + DAY_S) * NSEC_PER_SEC <= now_wall_ns;
	return 0;
}

/* The next word of *text into out[cap]; *text moves behind it and the blanks that follow. */
static void take_word(const char **text, char *out, size_t cap)
{
	size_t len = strcspn(*text, " \t");

	snprintf(out, cap, "%.*s", (int)len, *text);
	*text += len;
	*text += strspn(*text, " \t");
}

static int parse_line(const char *line, uint64_t now_wall_ns, struct gate_accept *a,
		      struct err *err)
{
	char most[32];
	char *end;

	take_word(&line, a->metric, sizeof(a->metric));
	take_word(&line, a->until, sizeof(a->until));
	take_word(&line, most, sizeof(most));
	a->ratio = strtod(most, &end);
	if (end == most || strcmp(end, "%") != 0)
		return err_set(err, -EINVAL, "expected METRIC UNTIL MOST%% REASON");
	if (check_day(a->until, now_wall_ns, &a->is_expired) < 0)
		return err_set(err, -EINVAL, "'%s' is no day like 2027-01-31", a->until);
	if (!(a->ratio > 0 && a->ratio < 100))
		return err_set(err, -EINVAL, "MOST is between 0%% and 100%%");
	if (!*line)
		return err_set(err, -EINVAL, "an accepted change needs its reason");
	a->ratio /= 100;
	snprintf(a->reason, sizeof(a->reason), "%s", line);
	return 0;
}

int gate_accepts_read(const char *path, uint64_t now_wall_ns, struct gate_accepts *out,
		      struct err *err)
{
	char *text, *rest;
	size_t len;
	int number = 0;
	int rc = file_read_regular(path, FILE_BYTES_MAX, &text, &len, err);

	out->count = 0;
	if (rc < 0)
		return rc;
	rest = text;
	for (char *line; !rc && (line = strsep(&rest, "\n"));) {
		number++;
		line += strspn(line, " \t");
		if (!*line || *line == '#')
			continue;
		if (out->count == GATE_ACCEPTS_MAX)
			rc = err_set(err, -EINVAL, "more than %d accepted changes",
				     GATE_ACCEPTS_MAX);
		else
			rc = parse_line(line, now_wall_ns, &out->rows[out->count++], err);
		if (rc)
			err_wrap(err, rc, "%s:%d", path, number);
	}
	free(text);
	return rc;
}

const struct gate_accept *gate_accepts_find(const struct gate_accepts *a, const char *metric)
{
	for (size_t i = 0; i < a->count; i++)
		if (!a->rows[i].is_expired && !strcmp(a->rows[i].metric, metric))
			return &a->rows[i];
	return NULL;
}
