/*
 * report.h - what went wrong in a run. Each failure is printed when it happens, with the time since
 * the start; of one kind the first few only, the rest is counted. Threads: any.
 */
#ifndef DAEMON_TEST_STRESS_REPORT_H
#define DAEMON_TEST_STRESS_REPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	REPORT_KINDS_MAX = 64,
	REPORT_PRINTED_MAX = 3, /* of one kind */
};

struct report_kind {
	char who[32];
	const char *what; /* a literal: "wrong reply", ... */
	uint64_t count;
};

struct report {
	pthread_mutex_t lock;
	uint64_t start_ns;
	const char *where; /* the round or the attack; printed with each failure */
	uint64_t failures_count;
	struct report_kind kinds[REPORT_KINDS_MAX];
	size_t kinds_count;
};

void report_init(struct report *r);

/* who: the actor, "bystander" or "daemon"; what: one literal for each kind of failure. */
void report_fail(struct report *r, const char *who, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

uint64_t report_failures(struct report *r);
void report_print_kinds(struct report *r);

/* A line on stdout with the time since the start. */
void report_say(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
