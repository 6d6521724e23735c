/*
 * hlog.h - HdrHistogram interval logs: writes format 1.3, reads 1.0 to 1.3, and writes the
 * percentile distribution text (.hgrm).
 *
 * A log is comment lines, a legend, and one line an interval and tag:
 *	[Tag=NAME,]start_s,length_s,max_ms,BASE64
 * Times are seconds relative to BaseTime. Values are nanoseconds. In latency.hlog the tag is the
 * operation for response time and "service.OP" for service time.
 * Source: HdrHistogram's HistogramLogWriter, HistogramLogReader.
 */
#ifndef REPORTS_LIB_HLOG_H
#define REPORTS_LIB_HLOG_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"

struct err;
struct hist;
struct hlog_writer;

#define HLOG_FILE_BYTES_MAX (1u << 30)
#define HLOG_TAG_BYTES_MAX  128

/*
 * Starts a log at path (truncated). base_wall_ns is the wall time that the intervals' start_ns
 * count from; comment (may be NULL) is one line, e.g. "goxel-load 0.1.0".
 */
int hlog_writer_open(const char *path, uint64_t base_wall_ns, const char *comment,
		     struct hlog_writer **out, struct err *err);

/*
 * Appends one interval. tag may be NULL; it must hold no comma, white space or line end (-EINVAL).
 * start_ns counts from the base time. Empty histograms may be written. One thread at a time.
 */
int hlog_write(struct hlog_writer *w, const char *tag, uint64_t start_ns, uint64_t length_ns,
	       const struct hist *h, struct err *err);

/* Flushes and closes; w is freed even when this fails. NULL is fine. */
int hlog_writer_close(struct hlog_writer *w, struct err *err);

/* The contents of the comment lines of a log. Absent times are 0. */
struct hlog_info {
	char version[16];   /* "1.3"; empty when not said */
	double start_s;     /* StartTime, seconds since the epoch */
	double base_s;      /* BaseTime */
	size_t lines_count; /* interval lines read */
};

struct hlog_entry {
	struct span tag; /* empty when untagged; valid during the call */
	double start_s;  /* as written: relative or absolute */
	double length_s;
	double max;              /* as written, usually ms */
	const struct hist *hist; /* in the suite's layout; valid during the call */
	size_t line;             /* from 1 */
};

/* Return 0 to continue; any other value ends reading and is its result. */
typedef int(hlog_visit)(void *arg, const struct hlog_entry *entry, struct err *err);

/*
 * Reads a log and calls visit for each interval in file order. unit_ns is what one unit of the
 * recorded values is (1 for our logs and for jHiccup's). info may be NULL.
 * Errors: -EPROTO with "NAME:LINE: reason" for a damaged one; what file_read returns.
 */
int hlog_read(const char *path, double unit_ns, hlog_visit *visit, void *arg,
	      struct hlog_info *info, struct err *err);

/* The same for a text in memory; name is for messages. */
int hlog_parse(const char *name, struct span text, double unit_ns, hlog_visit *visit, void *arg,
	       struct err *err);

/*
 * Writes the percentile distribution of h to path, values in ms, five ticks per half distance,
 * atomically.
 */
int hgrm_write(const char *path, const struct hist *h, struct err *err);

#endif
