/*
 * events.h - converts names of events to attributes of perf_event_open.
 *
 * A name is one of libpfm4's ("cycles", "perf::PAGE-FAULTS", "instructions:u", those of the
 * processor's own tables) or a tracepoint "group:name", whose number is read from tracefs here,
 * because libpfm4 looks for it in debugfs only.
 */
#ifndef PROFILES_CAPTURE_EVENTS_H
#define PROFILES_CAPTURE_EVENTS_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>

struct err;

enum event_kind { EVENT_HARDWARE, EVENT_SOFTWARE, EVENT_TRACEPOINT };

enum { EVENT_NAME_MAX = 96, EVENTS_MAX = 64 };

struct event {
	char name[EVENT_NAME_MAX]; /* as given */
	unsigned group;            /* events with the same number above 0 are counted together */
	enum event_kind kind;
	struct perf_event_attr attr;
	bool is_split;     /* user and kernel are counted separately */
	bool is_exact;     /* read from the kernel's own totals (counters.h) */
	char missing[200]; /* why it cannot be counted; "" = it can, as far as is known */
};

const char *event_kind_name(enum event_kind kind);

/* The events counted by default: a list with groups in braces. */
const char *events_default(void);

/*
 * Parses "a,b,{c,d},group:name" into events[cap]; the members of a brace form a group. An event
 * that this machine or its tables do not have gets its reason in `missing`. tracefs may be "".
 * Returns their number; -EINVAL (syntax), -ENOSPC.
 */
int events_parse(const char *list, const char *tracefs, struct event *events, size_t cap,
		 struct err *err);

#endif
