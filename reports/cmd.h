/*
 * cmd.h - the subcommands of goxel-report. Each gets argv from its own name on, prints its own
 * error messages, and returns an exit code (daemon/base/cli/cli.h).
 */
#ifndef REPORTS_CMD_H
#define REPORTS_CMD_H

struct err;

int cmd_compare(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_flamegraph(int argc, char **argv);
int cmd_hlog(int argc, char **argv);
int cmd_targets(int argc, char **argv);
int cmd_machine(int argc, char **argv);
int cmd_newest(int argc, char **argv);

/* Prints "goxel-report NAME: message" and returns code. */
int cmd_fail(const char *name, const struct err *err, int code);

/* EXIT_USAGE for errors in what the user gave (no such file, not a run, interrupted, unknown
 * schema), EXIT_FAILED for others. */
int cmd_exit_code(int rc);

#endif
