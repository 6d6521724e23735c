#include "daemon/test/stress/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/clock.h"

void report_init(struct report *r)
{
	*r = (struct report){ .start_ns = clock_ns(), .where = "" };
	pthread_mutex_init(&r->lock, NULL);
}

static struct report_kind *kind_of(struct report *r, const char *who, const char *what)
{
	struct report_kind *k = r->kinds;

	while (k < r->kinds + r->kinds_count &&
	       (strcmp(k->who, who) != 0 || strcmp(k->what, what) != 0))
		k++;
	if (k == r->kinds + r->kinds_count) {
		if (r->kinds_count == REPORT_KINDS_MAX)
			return NULL;
		r->kinds_count++;
		snprintf(k->who, sizeof(k->who), "%s", who);
		k->what = what;
	}
	return k;
}

static double seconds(const struct report *r)
{
	return (double)(clock_ns() - r->start_ns) / (double)NSEC_PER_SEC;
}

void report_fail(struct report *r, const char *who, const char *what, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pthread_mutex_lock(&r->lock);

	struct report_kind *k = kind_of(r, who, what);

	r->failures_count++;
	if (!k || ++k->count <= REPORT_PRINTED_MAX) {
		fflush(stdout);
		fprintf(stderr, "%7.2f s  FAILURE %s%s%s: %s: %s\n", seconds(r), r->where,
			*r->where ? ": " : "", who, what, text);
	}
	pthread_mutex_unlock(&r->lock);
}

uint64_t report_failures(struct report *r)
{
	pthread_mutex_lock(&r->lock);

	uint64_t n = r->failures_count;

	pthread_mutex_unlock(&r->lock);
	return n;
}

void report_print_kinds(struct report *r)
{
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->kinds_count; i++)
		fprintf(stderr, "  %8llu x %s: %s\n", (unsigned long long)r->kinds[i].count,
			r->kinds[i].who, r->kinds[i].what);
	pthread_mutex_unlock(&r->lock);
}

void report_say(struct report *r, const char *fmt, ...)
{
	va_list args;

	pthread_mutex_lock(&r->lock);
	printf("%7.2f s  ", seconds(r));
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	pthread_mutex_unlock(&r->lock);
}
