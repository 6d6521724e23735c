/* workload_keys.c - the keys of workload files, and parsing their values. */
#include "loadgen/workload/workload_keys.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/err.h"
#include "loadgen/workload/workload.h"

static int set_kind(struct variable *v, enum variable_kind kind, struct err *err)
{
	if (v->kind != VARIABLE_UNSET)
		return err_set(err, -EINVAL,
			       "a variable has one of random, sequence, choice and payload");
	v->kind = kind;
	return 0;
}

static int parse_random(void *field, const char *value, struct err *err)
{
	struct variable *v = field;
	int rc = set_kind(v, VARIABLE_RANDOM, err);

	return rc ? rc : range_parse(value, &v->range, err);
}

static int parse_sequence(void *field, const char *value, struct err *err)
{
	struct variable *v = field;
	int rc = set_kind(v, VARIABLE_SEQUENCE, err);

	return rc ? rc : range_parse(value, &v->range, err);
}

static int parse_choice(void *field, const char *value, struct err *err)
{
	struct variable *v = field;
	int rc = set_kind(v, VARIABLE_CHOICE, err);

	return rc ? rc : variable_parse_choices(v, value, err);
}

static int parse_payload(void *field, const char *value, struct err *err)
{
	struct variable *v = field;
	int rc = set_kind(v, VARIABLE_PAYLOAD, err);

	if (rc)
		return rc;
	rc = range_parse(value, &v->range, err);
	if (!rc && (v->range.min < 0 || v->range.max > VARIABLE_PAYLOAD_BYTES_MAX))
		rc = err_set(err, -EINVAL, "payload must lie in 0..%d bytes",
			     VARIABLE_PAYLOAD_BYTES_MAX);
	return rc;
}

static int parse_range(void *field, const char *value, struct err *err)
{
	return range_parse(value, field, err);
}

/* "5ms" or "1ms..5ms" */
static int parse_think(void *field, const char *value, struct err *err)
{
	struct range *r = field;
	const char *dots = strstr(value, "..");
	char first[32];
	size_t len = dots ? (size_t)(dots - value) : strlen(value);
	uint64_t min_ns, max_ns;
	int rc;

	if (len >= sizeof(first))
		return err_set(err, -EINVAL, "'%.40s' is not a time", value);
	memcpy(first, value, len);
	first[len] = '\0';
	rc = cli_parse_duration(first, &min_ns, err);
	max_ns = min_ns;
	if (!rc && dots)
		rc = cli_parse_duration(dots + 2, &max_ns, err);
	if (rc)
		return rc;
	if (max_ns < min_ns || max_ns > INT64_MAX)
		return err_set(err, -EINVAL, "'%.40s' ends before its start", value);
	*r = (struct range){ (int64_t)min_ns, (int64_t)max_ns };
	return 0;
}

static int parse_expect(void *field, const char *value, struct err *err)
{
	struct workload_op *op = field;

	if (!*value)
		return err_set(err, -EINVAL, "the expectation is empty");
	if (op->expects_count == WORKLOAD_EXPECTS_MAX)
		return err_set(err, -EINVAL, "more than %d expectations", WORKLOAD_EXPECTS_MAX);
	op->expects[op->expects_count++] = span_str(value);
	return 0;
}

static const char *const op_kinds[] = { "read", "write", NULL };

/* CLI_CHOICE gives the word; the operation stores a bool. */
static int parse_op_kind(void *field, const char *value, struct err *err)
{
	bool *is_write = field;

	for (int i = 0; op_kinds[i]; i++) {
		if (strcmp(value, op_kinds[i]) != 0)
			continue;
		*is_write = i == 1;
		return 0;
	}
	return err_set(err, -EINVAL, "'%.40s' is neither read nor write", value);
}

static const struct cli_opt workload_opts[] = {
	{ .name = "description",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct workload, description),
	  .help = "one-line description" },
	{ 0 },
};

static const struct cli_opt var_opts[] = {
	{ .name = "random",
	  .type = CLI_CALL,
	  .arg = "MIN..MAX",
	  .parse = parse_random,
	  .help = "uniform whole number" },
	{ .name = "sequence",
	  .type = CLI_CALL,
	  .arg = "MIN..MAX",
	  .parse = parse_sequence,
	  .help = "counts up, then starts again; connections take turns" },
	{ .name = "step",
	  .type = CLI_INT,
	  .offset = offsetof(struct variable, step),
	  .min = 1,
	  .max = 1e15,
	  .help = "of a sequence" },
	{ .name = "choice",
	  .type = CLI_CALL,
	  .arg = "A | B",
	  .parse = parse_choice,
	  .help = "one of the texts" },
	{ .name = "payload",
	  .type = CLI_CALL,
	  .arg = "BYTES",
	  .parse = parse_payload,
	  .help = "number of letters; N or MIN..MAX" },
	{ 0 },
};

#define REQUEST_KEYS                                                     \
	{ .name = "method",                                              \
	  .type = CLI_TEXT,                                              \
	  .offset = offsetof(struct workload_op, method),                \
	  .help = "JSON-RPC method" },                                   \
		{ .name = "params",                                      \
		  .type = CLI_TEXT,                                      \
		  .offset = offsetof(struct workload_op, params),        \
		  .help = "JSON text with ${variables} and ${items}" },  \
		{ .name = "item",                                        \
		  .type = CLI_TEXT,                                      \
		  .offset = offsetof(struct workload_op, item),          \
		  .help = "JSON text that ${items} repeats" },           \
		{ .name = "items",                                       \
		  .type = CLI_CALL,                                      \
		  .offset = offsetof(struct workload_op, items),         \
		  .parse = parse_range,                                  \
		  .arg = "N",                                            \
		  .preset = "1",                                         \
		  .help = "number of repetitions; N or MIN..MAX" },      \
		{ .name = "expect",                                      \
		  .type = CLI_CALL,                                      \
		  .parse = parse_expect,                                 \
		  .arg = "TEXT",                                         \
		  .help = "must occur in the result; may be repeated" }, \
		{ .name = "expect_error",                                \
		  .type = CLI_INT,                                       \
		  .offset = offsetof(struct workload_op, expect_error),  \
		  .min = -1e9,                                           \
		  .max = 1e9,                                            \
		  .help = "the reply must be this error" },              \
	{                                                                \
		.name = "may_fail", .type = CLI_SWITCH,                  \
		.offset = offsetof(struct workload_op, may_fail),        \
		.help = "error replies also count as success"            \
	}

static const struct cli_opt setup_opts[] = {
	REQUEST_KEYS,
	{ 0 },
};

static const struct cli_opt op_opts[] = {
	REQUEST_KEYS,
	{ .name = "kind",
	  .type = CLI_CALL,
	  .offset = offsetof(struct workload_op, is_write),
	  .parse = parse_op_kind,
	  .arg = "read|write",
	  .preset = "write",
	  .help = "how the summary counts it" },
	{ .name = "weight",
	  .type = CLI_INT,
	  .offset = offsetof(struct workload_op, weight),
	  .preset = "1",
	  .min = 1,
	  .max = 1e6,
	  .help = "share of the mix" },
	{ .name = "think",
	  .type = CLI_CALL,
	  .offset = offsetof(struct workload_op, think_ns),
	  .parse = parse_think,
	  .arg = "TIME",
	  .help = "pause after its reply; T or MIN..MAX" },
	{ 0 },
};

static const struct cli_opt phase_opts[] = {
	{ .name = "duration",
	  .type = CLI_DURATION,
	  .offset = offsetof(struct workload_phase, duration_ns),
	  .min = 1e6,
	  .max = 1e15,
	  .help = "length of the phase" },
	{ .name = "record",
	  .type = CLI_SWITCH,
	  .offset = offsetof(struct workload_phase, is_recorded),
	  .preset = "on",
	  .help = "off for warm-up and cool-down" },
	{ .name = "rate",
	  .type = CLI_RATE,
	  .offset = offsetof(struct workload_phase, rate_per_s),
	  .min = 0.001,
	  .max = 1e8,
	  .help = "rate of an open loop; default: that of the command line" },
	{ 0 },
};

const struct cli_prog workload_keys_workload = { .name = "workload", .opts = workload_opts };
const struct cli_prog workload_keys_var = { .name = "var", .opts = var_opts };
const struct cli_prog workload_keys_setup = { .name = "setup", .opts = setup_opts };
const struct cli_prog workload_keys_op = { .name = "op", .opts = op_opts };
const struct cli_prog workload_keys_phase = { .name = "phase", .opts = phase_opts };

void workload_keys(FILE *out)
{
	static const struct cli_prog *const all[] = {
		&workload_keys_workload, &workload_keys_var,   &workload_keys_setup,
		&workload_keys_op,       &workload_keys_phase,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		fprintf(out, "  [%s%s]\n", all[i]->name, i ? " NAME" : "");
		for (const struct cli_opt *o = all[i]->opts; o->name; o++)
			fprintf(out, "    %-14s %s\n", o->name, o->help);
	}
}
