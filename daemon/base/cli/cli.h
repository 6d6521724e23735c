/*
 * cli.h - one table of options per program is the single source for parsing, --help,
 * configuration files, validation and the dump of the effective configuration.
 *
 * GNU long options ("--name value", "--name=value"), single letters for the few typed daily, "--"
 * ends options. --help (-h) and --version (-V) are added to every table. An unknown option's
 * message names the nearest known one.
 */
#ifndef DAEMON_BASE_CLI_CLI_H
#define DAEMON_BASE_CLI_CLI_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

enum cli_type {
	CLI_GROUP,  /* a heading in --help; only `name` is used */
	CLI_FLAG,   /* bool; takes no value on the command line ("--x", "--x=off"), yes/no/on/off in
		       files */
	CLI_SWITCH, /* bool; takes on|off */
	CLI_INT,    /* int64_t */
	CLI_REAL,   /* double */
	CLI_TEXT,   /* const char *, borrowed from argv or the file's text; NULL when unset */
	CLI_DURATION, /* uint64_t ns; "30s", "5ms", "1m30s"; a bare number is refused */
	CLI_BYTES,    /* uint64_t; "4096", "4KiB", "16MiB" */
	CLI_RATE,     /* double per second; "500", "50k", "1.5M" */
	CLI_CHOICE,   /* const char *, one of choices */
	CLI_ENUM,     /* int (an enum of values from 0), the index of one of choices */
	CLI_CALL,     /* parse(cfg + offset, value, err) */
};

struct cli_opt {
	const char *name; /* long name without dashes; NULL ends the table */
	char letter;      /* 0 = none */
	enum cli_type type;
	size_t offset;              /* of the field in the configuration struct */
	const char *preset;         /* default, as it would be typed; NULL = field left zero */
	double min, max;            /* of numbers, in the field's unit; both 0 = unchecked */
	const char *arg;            /* name of the value in --help, e.g. "PATH" */
	const char *help;           /* a phrase; --help adds default and range */
	const char *const *choices; /* CLI_CHOICE, CLI_ENUM: NULL-terminated */
	int (*parse)(void *field, const char *value, struct err *err);
	void (*show)(const void *field, FILE *out); /* CLI_CALL: for cli_dump; NULL = left out */
};

struct cli_prog {
	const char *name;
	const char *usage;   /* "goxel-load (--unix PATH | --tcp H:P) [options]" */
	const char *summary; /* one sentence */
	const struct cli_opt *opts;
	void (*help_more)(FILE *out); /* backends, examples; NULL = none */
	const char *exit_codes;       /* lines "0  ok"; NULL = the suite's standard five */
	const char *version;          /* NULL = GOXEL_PERF_VERSION */
};

/* Puts every option's default into cfg (which the caller zeroed). */
int cli_defaults(const struct cli_prog *prog, void *cfg, struct err *err);

/*
 * Parses argv over the values in cfg. *operand_index is where operands start in argv, which is
 * permuted so that they come last, in their order; parsing it again gives the same result.
 * operand_index NULL: the program takes no operands; one is an error. The word after an option that
 * takes a value is that value, unless it starts with a dash and is neither "-" nor a number: then
 * the value is missing (write "--out=-x" for such a value). Returns 0; 1 when --help or --version
 * was printed to stdout (exit 0 then); -EINVAL, or -EIO when stdout cannot be written.
 */
int cli_parse(const struct cli_prog *prog, void *cfg, int argc, char **argv, int *operand_index,
	      struct err *err);

/* Sets one option by its long name, as a configuration file does. -ENOENT: no such key. */
int cli_set(const struct cli_prog *prog, void *cfg, const char *name, const char *value,
	    struct err *err);

/* The name among the table's that is nearest to a mistyped one; NULL when none is near. */
const char *cli_nearest(const struct cli_prog *prog, const char *name);

/*
 * key=value lines of the effective configuration, in table order; unset texts are left out, and so
 * are numbers outside of their range: no option gave them.
 */
void cli_dump(const struct cli_prog *prog, const void *cfg, FILE *out);

/* The parsers of single values, for those who read them elsewhere. */
int cli_parse_duration(const char *text, uint64_t *ns, struct err *err);
int cli_parse_bytes(const char *text, uint64_t *bytes, struct err *err);
int cli_parse_rate(const char *text, double *per_s, struct err *err);

/* Exit codes of every program. */
enum {
	EXIT_OK = 0,
	EXIT_NO = 1,     /* the answer is no: regression, mismatch */
	EXIT_USAGE = 2,  /* wrong usage, configuration or a missing dependency */
	EXIT_UNFIT = 3,  /* cannot measure here */
	EXIT_FAILED = 4, /* the run failed */
};

#endif
