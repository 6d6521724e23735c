/*
 * selftest.h - the options --test-signals, --test-lifecycle and --test-concurrent: this program
 * runs as a child in a temporary directory and is tested from outside.
 */
#ifndef DAEMON_SERVER_SELFTEST_H
#define DAEMON_SERVER_SELFTEST_H

struct options;

/* Prints a line for each check; returns an exit code: EXIT_OK, EXIT_NO when one failed. */
int selftest_run(const struct options *o);

#endif
