/* cli_private.h - shared by cli.c, cli_value.c and cli_help.c only. */
#ifndef DAEMON_BASE_CLI_CLI_PRIVATE_H
#define DAEMON_BASE_CLI_CLI_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/base/cli/cli.h"

/* Parses value as opt's type, checks range and choices, and stores it in field. -EINVAL. */
int cli_value_set(const struct cli_opt *opt, void *field, const char *value, struct err *err);

/* The field as it would be typed; "" for an unset text. Not for CLI_GROUP and CLI_CALL. */
void cli_value_format(const struct cli_opt *opt, const void *field, char *out, size_t cap);

/* A number of opt's type and unit, as it would be typed: for ranges. */
void cli_value_format_number(const struct cli_opt *opt, double number, char *out, size_t cap);

/* False for a number outside opt's range: it was not given and has no default. */
bool cli_value_is_set(const struct cli_opt *opt, const void *field);

/* Whether opt has a range to keep. */
bool cli_value_has_range(const struct cli_opt *opt);

/* Whether a word must follow the option. */
static inline bool cli_takes_value(const struct cli_opt *opt)
{
	return opt->type != CLI_FLAG && opt->type != CLI_GROUP;
}

void cli_print_help(const struct cli_prog *prog, FILE *out);
void cli_print_version(const struct cli_prog *prog, FILE *out);

/* Whether the table itself uses the letter, so that -h or -V mean something else. */
bool cli_has_letter(const struct cli_prog *prog, char letter);

#endif
