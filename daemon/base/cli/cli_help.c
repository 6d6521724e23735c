/*
 * cli_help.c - output generated from the table: --help, --version, the effective configuration.
 *
 * All texts of the programs' tables are wrapped to 80 columns here.
 */
#include "daemon/base/cli/cli_private.h"

#include <stdarg.h>
#include <string.h>

#include "daemon/base/strbuf.h"
#include "daemon/base/version.h"

enum {
	COLUMNS = 80,
	HELP_COLUMN = 28, /* where the descriptions of options start */
};

/*
 * Prints text word by word. The first line continues at column; later lines start at indent. A '\n'
 * in the text starts a new line too. Ends the line.
 */
static void print_wrapped(FILE *out, const char *text, int column, int indent)
{
	bool at_start = true;

	while (*text) {
		int len = (int)strcspn(text, " \n");

		if (*text == '\n' || (!at_start && column + 1 + len > COLUMNS)) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
			at_start = true;
		}
		if (len) {
			fprintf(out, "%s%.*s", at_start ? "" : " ", len, text);
			column += len + !at_start;
			at_start = false;
		}
		text += len ? len : 1;
	}
	fputc('\n', out);
}

static const char *arg_of(const struct cli_opt *opt)
{
	static const char *const names[] = {
		[CLI_GROUP] = "",      [CLI_FLAG] = "",      [CLI_SWITCH] = "on|off",
		[CLI_INT] = "N",       [CLI_REAL] = "X",     [CLI_TEXT] = "TEXT",
		[CLI_DURATION] = "T",  [CLI_BYTES] = "SIZE", [CLI_RATE] = "RATE",
		[CLI_CHOICE] = "NAME", [CLI_ENUM] = "NAME",  [CLI_CALL] = "VALUE",
	};

	return opt->arg ? opt->arg : names[opt->type];
}

/* " [default 4, 1..64]": facts from the table that the phrase need not repeat. */
static void add_facts(const struct cli_opt *opt, struct strbuf *sb)
{
	const char *sep = " [";
	char least[32];
	char most[32];

	if (opt->type == CLI_CHOICE || opt->type == CLI_ENUM) {
		strbuf_add_str(sb, sb->len ? ": " : "");
		for (const char *const *c = opt->choices; *c; c++)
			strbuf_addf(sb, "%s%s", c == opt->choices ? "" : ", ", *c);
	}
	if (opt->preset && !(opt->type == CLI_FLAG && strcmp(opt->preset, "off") == 0)) {
		strbuf_addf(sb, "%sdefault %s", sep, opt->preset);
		sep = ", ";
	}
	if (cli_value_has_range(opt)) {
		cli_value_format_number(opt, opt->min, least, sizeof(least));
		cli_value_format_number(opt, opt->max, most, sizeof(most));
		strbuf_addf(sb, "%s%s..%s", sep, least, most);
		sep = ", ";
	}
	if (sep[0] == ',')
		strbuf_add_char(sb, ']');
}

static void print_option(const struct cli_opt *opt, FILE *out)
{
	struct strbuf sb = { 0 };
	const char *arg = arg_of(opt);
	char letter[] = { '-', opt->letter, ',', '\0' };
	int column;

	column = fprintf(out, "  %3s --%s%s%s", opt->letter ? letter : "", opt->name,
			 *arg ? " " : "", arg);
	if (column > HELP_COLUMN - 2) {
		fputc('\n', out);
		column = 0;
	}
	fprintf(out, "%*s", HELP_COLUMN - column, "");
	strbuf_add_str(&sb, opt->help ? opt->help : "");
	add_facts(opt, &sb);
	print_wrapped(out, sb.failed ? opt->help : strbuf_span(&sb).ptr, HELP_COLUMN, HELP_COLUMN);
	strbuf_deinit(&sb);
}

static void print_exit_codes(const char *text, FILE *out)
{
	fprintf(out, "\nExit codes:\n");
	while (*text) {
		int blanks = (int)strspn(text, " ");
		int len = (int)strcspn(text, "\n");

		fprintf(out, "  %.*s\n", len - blanks, text + blanks);
		text += len + (text[len] == '\n');
	}
}

bool cli_has_letter(const struct cli_prog *prog, char letter)
{
	for (const struct cli_opt *o = prog->opts; o->name; o++) {
		if (o->letter == letter)
			return true;
	}
	return false;
}

void cli_print_help(const struct cli_prog *prog, FILE *out)
{
	const struct cli_opt common[] = {
		{ .name = "help",
		  .letter = cli_has_letter(prog, 'h') ? '\0' : 'h',
		  .type = CLI_FLAG,
		  .help = "print this text" },
		{ .name = "version",
		  .letter = cli_has_letter(prog, 'V') ? '\0' : 'V',
		  .type = CLI_FLAG,
		  .help = "print version, revision, compiler and build variant" },
	};

	fprintf(out, "Usage: ");
	print_wrapped(out, prog->usage, 7, 7);
	if (prog->summary)
		print_wrapped(out, prog->summary, 0, 0);
	if (prog->opts->name && prog->opts->type != CLI_GROUP)
		fprintf(out, "\nOptions:\n");
	for (const struct cli_opt *o = prog->opts; o->name; o++) {
		if (o->type == CLI_GROUP)
			fprintf(out, "\n%s:\n", o->name);
		else
			print_option(o, out);
	}
	fprintf(out, "\nCommon:\n");
	print_option(&common[0], out);
	print_option(&common[1], out);
	if (prog->help_more) {
		fputc('\n', out);
		prog->help_more(out);
	}
	print_exit_codes(prog->exit_codes ? prog->exit_codes
					  : "0  ok\n"
					    "1  the answer is no: regression, mismatch\n"
					    "2  wrong usage, or a missing dependency\n"
					    "3  cannot measure here\n"
					    "4  the run failed\n",
			 out);
}

void cli_print_version(const struct cli_prog *prog, FILE *out)
{
	fprintf(out, "%s %s\nrevision %s\ncompiler %s\nvariant %s (%s)\n", prog->name,
		prog->version ? prog->version : GOXEL_PERF_VERSION, version_revision(),
		version_compiler(), version_variant(), version_flags());
}

void cli_dump(const struct cli_prog *prog, const void *cfg, FILE *out)
{
	char text[64];

	for (const struct cli_opt *o = prog->opts; o->name; o++) {
		const void *field = (const char *)cfg + o->offset;

		if (o->type == CLI_GROUP || (o->type == CLI_CALL && !o->show))
			continue;
		if (o->type == CLI_CALL) {
			fprintf(out, "%s=", o->name);
			o->show(field, out);
			fputc('\n', out);
		} else if (o->type == CLI_TEXT || o->type == CLI_CHOICE) {
			if (*(const char *const *)field)
				fprintf(out, "%s=%s\n", o->name, *(const char *const *)field);
		} else if (cli_value_is_set(o, field)) {
			cli_value_format(o, field, text, sizeof(text));
			fprintf(out, "%s=%s\n", o->name, text);
		}
	}
}
