/* cli.c - walks argv and finds options; cli_value.c converts values, cli_help.c prints texts. */
#include "daemon/base/cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "daemon/base/cli/cli_private.h"
#include "daemon/base/err.h"

enum { NAME_MAX_BYTES = 64 }; /* longest mistyped name to compare */

static const struct cli_opt *find_name(const struct cli_prog *prog, const char *name, size_t len)
{
	for (const struct cli_opt *o = prog->opts; o->name; o++) {
		if (o->type != CLI_GROUP && strlen(o->name) == len &&
		    memcmp(o->name, name, len) == 0)
			return o;
	}
	return NULL;
}

static const struct cli_opt *find_letter(const struct cli_prog *prog, char letter)
{
	for (const struct cli_opt *o = prog->opts; o->name; o++) {
		if (o->type != CLI_GROUP && o->letter == letter)
			return o;
	}
	return NULL;
}

static int least_of(int a, int b, int c)
{
	int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/*
 * Edits that turn a into b: insert, delete, replace, swap of neighbours (optimal string alignment,
 * Damerau 1964). Both shorter than NAME_MAX_BYTES.
 */
static int edit_distance(const char *a, const char *b)
{
	int rows[3][NAME_MAX_BYTES + 1];
	int *before = rows[0]; /* row i - 2 */
	int *last = rows[1];   /* row i - 1 */
	int *now = rows[2];
	int a_len = (int)strlen(a);
	int b_len = (int)strlen(b);

	for (int k = 0; k <= b_len; k++) {
		before[k] = 0;
		last[k] = k;
	}
	for (int i = 1; i <= a_len; i++) {
		int *spare = before;

		now[0] = i;
		for (int k = 1; k <= b_len; k++) {
			now[k] = least_of(last[k] + 1, now[k - 1] + 1,
					  last[k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
			    before[k - 2] + 1 < now[k])
				now[k] = before[k - 2] + 1;
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[b_len];
}

/* The edit distance at which a name still counts as mistyped; a truncated name counts as
 * one edit. */
static int likeness(const char *mistyped, const char *name)
{
	size_t len = strlen(mistyped);

	if (strlen(name) >= NAME_MAX_BYTES)
		return NAME_MAX_BYTES;
	if (len >= 3 && strncmp(mistyped, name, len) == 0)
		return 1;
	return edit_distance(mistyped, name);
}

const char *cli_nearest(const struct cli_prog *prog, const char *name)
{
	static const char *const common[] = { "help", "version" };
	size_t len = strlen(name);
	int best = (int)(len + 2) / 3 +
		   1; /* with more than a third of the letters wrong it is not a typing error */
	const char *nearest = NULL;

	if (len == 0 || len >= NAME_MAX_BYTES)
		return NULL;
	for (const struct cli_opt *o = prog->opts; o->name; o++) {
		int edits = o->type == CLI_GROUP ? best : likeness(name, o->name);

		if (edits < best) {
			best = edits;
			nearest = o->name;
		}
	}
	for (int i = 0; i < 2; i++) {
		int edits = likeness(name, common[i]);

		if (edits < best) {
			best = edits;
			nearest = common[i];
		}
	}
	return nearest;
}

int cli_set(const struct cli_prog *prog, void *cfg, const char *name, const char *value,
	    struct err *err)
{
	const struct cli_opt *opt = find_name(prog, name, strlen(name));
	const char *nearest;
	int rc;

	if (!opt) {
		nearest = cli_nearest(prog, name);
		return err_set(err, -ENOENT, "unknown key '%s'%s%s%s", name,
			       nearest ? "; did you mean '" : "", nearest ? nearest : "",
			       nearest ? "'?" : "");
	}
	rc = cli_value_set(opt, (char *)cfg + opt->offset, value, err);
	return rc ? err_wrap(err, rc, "%s", name) : 0;
}

int cli_defaults(const struct cli_prog *prog, void *cfg, struct err *err)
{
	for (const struct cli_opt *o = prog->opts; o->name; o++) {
		int rc;

		if (o->type == CLI_GROUP || !o->preset)
			continue;
		rc = cli_value_set(o, (char *)cfg + o->offset, o->preset, err);
		if (rc)
			return err_wrap(err, rc, "default of --%s", o->name);
	}
	return 0;
}

/* State of one walk over argv. */
struct walk {
	const struct cli_prog *prog;
	void *cfg;
	char **argv;
	int argc;
	int next;          /* first word not looked at */
	int operand_first; /* operands seen so far are in operand_first..next-1 */
	struct err *err;
};

static bool is_number_like(const char *word)
{
	return word[0] == '-' && (isdigit((unsigned char)word[1]) ||
				  (word[1] == '.' && isdigit((unsigned char)word[2])));
}

static int unknown_option(const struct walk *w, const char *word)
{
	char name[NAME_MAX_BYTES] = "";
	const char *nearest;
	const struct cli_opt *opt;
	size_t len = strcspn(word, "=");

	if (word[1] == '-' && len - 2 < sizeof(name))
		memcpy(name, word + 2, len - 2);
	if (strncmp(name, "no-", 3) == 0) {
		opt = find_name(w->prog, name + 3, strlen(name + 3));
		if (opt && (opt->type == CLI_FLAG || opt->type == CLI_SWITCH))
			return err_set(w->err, -EINVAL, "unknown option --%s; write --%s=off", name,
				       opt->name);
	}
	nearest = cli_nearest(w->prog, name);
	if (nearest)
		return err_set(w->err, -EINVAL, "unknown option %.*s; did you mean --%s?", (int)len,
			       word, nearest);
	return err_set(w->err, -EINVAL, "unknown option %.*s; see --help", (int)len, word);
}

/* The value in the following word, NULL (and the error recorded) when there is none. */
static const char *following_value(struct walk *w, const char *option)
{
	const char *word = w->next < w->argc ? w->argv[w->next] : NULL;

	if (!word) {
		err_set(w->err, -EINVAL, "%s needs a value", option);
		return NULL;
	}
	if (word[0] == '-' && word[1] && !is_number_like(word)) {
		err_set(w->err, -EINVAL, "%s needs a value, and %s looks like an option", option,
			word);
		return NULL;
	}
	w->next++;
	return word;
}

/* attached is the value given in the same word, NULL if there is none. */
static int set_option(struct walk *w, const struct cli_opt *opt, const char *attached)
{
	char option[NAME_MAX_BYTES + 2];
	const char *value = attached;
	int rc;

	snprintf(option, sizeof(option), "--%s", opt->name);
	if (!value && !cli_takes_value(opt))
		value = "on";
	if (!value)
		value = following_value(w, option);
	if (!value)
		return -EINVAL;
	rc = cli_value_set(opt, (char *)w->cfg + opt->offset, value, w->err);
	return rc ? err_wrap(w->err, rc, "%s", option) : 0;
}

static int answer(const struct cli_prog *prog, void (*print)(const struct cli_prog *, FILE *),
		  struct err *err)
{
	print(prog, stdout);
	if (fflush(stdout))
		return err_set(err, -EIO, "cannot write to standard output");
	return 1;
}

static int take_long(struct walk *w, const char *word)
{
	const char *name = word + 2;
	size_t len = strcspn(name, "=");
	const struct cli_opt *opt = find_name(w->prog, name, len);

	if (opt)
		return set_option(w, opt, name[len] ? name + len + 1 : NULL);
	if (strcmp(name, "help") == 0)
		return answer(w->prog, cli_print_help, w->err);
	if (strcmp(name, "version") == 0)
		return answer(w->prog, cli_print_version, w->err);
	return unknown_option(w, word);
}

static int take_letter(struct walk *w, const char *word)
{
	const struct cli_opt *opt = find_letter(w->prog, word[1]);

	if (opt && (!word[2] || cli_takes_value(opt)))
		return set_option(w, opt, word[2] ? word + 2 : NULL);
	if (!opt && strcmp(word, "-h") == 0)
		return answer(w->prog, cli_print_help, w->err);
	if (!opt && strcmp(word, "-V") == 0)
		return answer(w->prog, cli_print_version, w->err);
	return unknown_option(w, word);
}

static bool is_operand(const struct walk *w, const char *word)
{
	if (word[0] != '-' || !word[1])
		return true;
	return is_number_like(word) && !find_letter(w->prog, word[1]);
}

/* Moves the words from..next-1 before the operands seen so far. */
static void move_before_operands(struct walk *w, int from)
{
	for (int i = from; i < w->next; i++) {
		char *word = w->argv[i];
		char **hole = &w->argv[w->operand_first];

		memmove(hole + 1, hole, (size_t)(i - w->operand_first) * sizeof(*hole));
		*hole = word;
		w->operand_first++;
	}
}

int cli_parse(const struct cli_prog *prog, void *cfg, int argc, char **argv, int *operand_index,
	      struct err *err)
{
	struct walk w = { prog, cfg, argv, argc, 1, 1, err };
	bool is_over = false;

	while (w.next < argc && !is_over) {
		int from = w.next;
		const char *word = argv[w.next++];
		int rc = 0;

		if (is_operand(&w, word))
			continue;
		if (strcmp(word, "--") == 0)
			is_over = true;
		else
			rc = word[1] == '-' ? take_long(&w, word) : take_letter(&w, word);
		if (rc)
			return rc;
		move_before_operands(&w, from);
	}
	if (operand_index)
		*operand_index = w.operand_first;
	else if (w.operand_first < argc)
		return err_set(err, -EINVAL, "unexpected operand '%s'; see --help",
			       argv[w.operand_first]);
	return 0;
}
