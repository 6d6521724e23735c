/*
 * cli_value.c - single values: text to field and field to text.
 *
 * Durations and sizes are exact: they are added as integers, and a fraction that is not a whole
 * number of the smallest unit ("0.3KiB") is refused instead of rounded.
 */
#include "daemon/base/cli/cli_private.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first: the parts of a duration must follow this order. */
static const struct unit time_units[] = {
	{ "d", 86400 * NSEC_PER_SEC },
	{ "h", 3600 * NSEC_PER_SEC },
	{ "m", 60 * NSEC_PER_SEC },
	{ "s", NSEC_PER_SEC },
	{ "ms", NSEC_PER_MSEC },
	{ "us", NSEC_PER_USEC },
	{ "ns", 1 },
	{ NULL, 0 },
};

static const struct unit byte_units[] = {
	{ "TiB", 1ull << 40 }, { "GiB", 1ull << 30 },      { "MiB", 1ull << 20 },
	{ "KiB", 1ull << 10 }, { "TB", 1000000000000ull }, { "GB", 1000000000ull },
	{ "MB", 1000000ull },  { "kB", 1000ull },          { "B", 1 },
	{ NULL, 0 },
};

__extension__ typedef unsigned __int128 wide;

/* A decimal number as digits / 10^scale. */
struct decimal {
	uint64_t digits;
	uint64_t divisor; /* 10^scale */
};

/* Reads "12" or "1.5" at *p and advances *p. -ERANGE: more digits than 64 bits hold. */
static int read_decimal(const char **p, struct decimal *out)
{
	const char *s = *p;
	bool in_fraction = false;
	bool any = false;

	*out = (struct decimal){ 0, 1 };
	for (;; s++) {
		if (*s == '.' && !in_fraction) {
			in_fraction = true;
			continue;
		}
		if (!isdigit((unsigned char)*s))
			break;
		any = true;
		if (__builtin_mul_overflow(out->digits, 10u, &out->digits) ||
		    __builtin_add_overflow(out->digits, (uint64_t)(*s - '0'), &out->digits) ||
		    (in_fraction && __builtin_mul_overflow(out->divisor, 10u, &out->divisor)))
			return -ERANGE;
	}
	if (!any)
		return -EINVAL;
	*p = s;
	return 0;
}

/* digits * factor / divisor. -EDOM when that is not whole, -ERANGE above 64 bits. */
static int scale_exactly(const struct decimal *d, uint64_t factor, uint64_t *out)
{
	wide product = (wide)d->digits * factor;

	if (product % d->divisor)
		return -EDOM;
	product /= d->divisor;
	if (product > UINT64_MAX)
		return -ERANGE;
	*out = (uint64_t)product;
	return 0;
}

/* The unit whose name starts at *p, which is advanced; NULL when there is none. */
static const struct unit *read_unit(const struct unit *units, const char **p)
{
	size_t len = 0;

	while (isalpha((unsigned char)(*p)[len]))
		len++;
	for (; units->name; units++) {
		if (strlen(units->name) == len && memcmp(units->name, *p, len) == 0) {
			*p += len;
			return units;
		}
	}
	return NULL;
}

static int bad_number(struct err *err, int rc, const char *text, const char *smallest)
{
	if (rc == -ERANGE)
		return err_set(err, -EINVAL, "'%s' is too large", text);
	if (rc == -EDOM)
		return err_set(err, -EINVAL, "'%s' is not a whole number of %s", text, smallest);
	return err_set(err, -EINVAL, "'%s' is not a number", text);
}

int cli_parse_duration(const char *text, uint64_t *ns, struct err *err)
{
	const struct unit *left = time_units;
	const char *p = text;
	uint64_t total = 0;

	do {
		struct decimal number;
		const struct unit *unit;
		uint64_t part;
		int rc = read_decimal(&p, &number);

		if (rc)
			return bad_number(err, rc, text, "nanoseconds");
		unit = read_unit(left, &p);
		if (!unit)
			return err_set(err, -EINVAL,
				       "'%s' is not a duration; write 30s, 5ms or 1m30s "
				       "(d h m s ms us ns)",
				       text);
		left = unit + 1;
		rc = scale_exactly(&number, unit->factor, &part);
		if (!rc && __builtin_add_overflow(total, part, &total))
			rc = -ERANGE;
		if (rc)
			return bad_number(err, rc, text, "nanoseconds");
	} while (*p);
	*ns = total;
	return 0;
}

int cli_parse_bytes(const char *text, uint64_t *bytes, struct err *err)
{
	static const struct unit bare = { "", 1 };
	const struct unit *unit = &bare;
	const char *p = text;
	struct decimal number;
	int rc = read_decimal(&p, &number);

	if (rc)
		return bad_number(err, rc, text, "bytes");
	if (*p)
		unit = read_unit(byte_units, &p);
	if (!unit || *p)
		return err_set(err, -EINVAL,
			       "'%s' is not a size; write 4096, 4KiB (1024s) or 4kB (1000s)", text);
	rc = scale_exactly(&number, unit->factor, bytes);
	return rc ? bad_number(err, rc, text, "bytes") : 0;
}

static int parse_real(const char *text, double *out, char **end)
{
	double value;

	/* strtod would also accept leading blanks, hexadecimal, "inf" and "nan". */
	if (strcspn(text, "0123456789") > strspn(text, "+-.") || strpbrk(text, "xX"))
		return -EINVAL;
	value = strtod(text, end);
	if (*end == text)
		return -EINVAL;
	if (!isfinite(value))
		return -ERANGE;
	*out = value;
	return 0;
}

int cli_parse_rate(const char *text, double *per_s, struct err *err)
{
	static const char letters[] = "kMG";
	double value;
	char *end;
	int rc = parse_real(text, &value, &end);

	if (rc || value < 0)
		return err_set(err, -EINVAL, "'%s' is not a rate; write 500, 50k or 1.5M", text);
	if (*end && strchr(letters, *end)) {
		for (const char *l = letters; l <= strchr(letters, *end); l++)
			value *= 1000.0;
		end++;
	}
	if ((*end && strcmp(end, "/s") != 0) || !isfinite(value))
		return err_set(err, -EINVAL, "'%s' is not a rate; write 500, 50k or 1.5M", text);
	*per_s = value;
	return 0;
}

static int parse_bool(const char *text, bool *out, struct err *err)
{
	static const char *const words[] = { "off", "on", "no", "yes", "false", "true" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0) {
			*out = i & 1;
			return 0;
		}
	}
	return err_set(err, -EINVAL, "'%s' is neither on nor off", text);
}

static int parse_int(const char *text, int64_t *out, struct err *err)
{
	const char *digits = text + (*text == '-' || *text == '+');
	long long value;

	if (!*digits || digits[strspn(digits, "0123456789")])
		return err_set(err, -EINVAL, "'%s' is not a whole number", text);
	errno = 0;
	value = strtoll(text, NULL, 10);
	if (errno)
		return err_set(err, -EINVAL, "'%s' is out of range", text);
	*out = value;
	return 0;
}

static int find_choice(const struct cli_opt *opt, const char *text, int *index, struct err *err)
{
	char list[ERR_MSG_MAX / 2] = "";
	size_t len = 0;

	for (const char *const *c = opt->choices; *c; c++) {
		if (strcmp(text, *c) == 0) {
			*index = (int)(c - opt->choices);
			return 0;
		}
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
						len ? ", " : "", *c);
	}
	return err_set(err, -EINVAL, "'%s' is not one of %s", text, list);
}

bool cli_value_has_range(const struct cli_opt *opt)
{
	return opt->min != 0 || opt->max != 0;
}

/* A number to be stored, in all its possible types at once. */
union number {
	int64_t i64;
	uint64_t u64;
	double real;
};

static double number_of(const struct cli_opt *opt, union number value)
{
	if (opt->type == CLI_INT)
		return (double)value.i64;
	if (opt->type == CLI_DURATION || opt->type == CLI_BYTES)
		return (double)value.u64;
	return value.real;
}

static bool is_number(const struct cli_opt *opt)
{
	return opt->type == CLI_INT || opt->type == CLI_REAL || opt->type == CLI_DURATION ||
	       opt->type == CLI_BYTES || opt->type == CLI_RATE;
}

static bool is_in_range(const struct cli_opt *opt, double number)
{
	return !cli_value_has_range(opt) || (number >= opt->min && number <= opt->max);
}

bool cli_value_is_set(const struct cli_opt *opt, const void *field)
{
	union number value;

	if (!is_number(opt))
		return true;
	memcpy(&value, field, sizeof(value));
	return is_in_range(opt, number_of(opt, value));
}

static int check_range(const struct cli_opt *opt, double number, const char *text, struct err *err)
{
	char least[32];
	char most[32];

	if (is_in_range(opt, number))
		return 0;
	cli_value_format_number(opt, opt->min, least, sizeof(least));
	cli_value_format_number(opt, opt->max, most, sizeof(most));
	return err_set(err, -EINVAL, "%s is not in %s..%s", text, least, most);
}

static int set_number(const struct cli_opt *opt, void *field, const char *text, struct err *err)
{
	union number value = { 0 };
	char *end = NULL;
	int rc;

	if (opt->type == CLI_INT)
		rc = parse_int(text, &value.i64, err);
	else if (opt->type == CLI_DURATION)
		rc = cli_parse_duration(text, &value.u64, err);
	else if (opt->type == CLI_BYTES)
		rc = cli_parse_bytes(text, &value.u64, err);
	else if (opt->type == CLI_RATE)
		rc = cli_parse_rate(text, &value.real, err);
	else if (parse_real(text, &value.real, &end) || *end)
		rc = err_set(err, -EINVAL, "'%s' is not a number", text);
	else
		rc = 0;
	if (rc)
		return rc;
	rc = check_range(opt, number_of(opt, value), text, err);
	if (!rc)
		memcpy(field, &value, sizeof(value));
	return rc;
}

int cli_value_set(const struct cli_opt *opt, void *field, const char *value, struct err *err)
{
	int index = 0, rc;

	switch (opt->type) {
	case CLI_FLAG:
	case CLI_SWITCH:
		return parse_bool(value, field, err);
	case CLI_TEXT:
		*(const char **)field = value;
		return 0;
	case CLI_CHOICE:
		rc = find_choice(opt, value, &index, err);
		if (!rc)
			*(const char **)field = opt->choices[index];
		return rc;
	case CLI_ENUM:
		return find_choice(opt, value, field, err);
	case CLI_CALL:
		return opt->parse(field, value, err);
	case CLI_INT:
	case CLI_REAL:
	case CLI_DURATION:
	case CLI_BYTES:
	case CLI_RATE:
		return set_number(opt, field, value, err);
	case CLI_GROUP:
		break;
	}
	return err_set(err, -EINVAL, "%s is a heading, not an option", opt->name);
}

/* Uses the largest of the first n units that divides the value: exact, and short when possible. */
static void format_units(uint64_t value, const struct unit *units, int n, char *out, size_t cap)
{
	for (int i = 0; i < n; i++) {
		if (value && value % units[i].factor == 0) {
			snprintf(out, cap, "%" PRIu64 "%s", value / units[i].factor, units[i].name);
			return;
		}
	}
	snprintf(out, cap, "%" PRIu64, value);
}

static void format_real(double value, char *out, size_t cap)
{
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(out, cap, "%.*g", digits, value);
		if (strtod(out, NULL) == value)
			return;
	}
}

static void format_duration(uint64_t ns, char *out, size_t cap)
{
	if (ns)
		format_units(ns, time_units, 7, out, cap);
	else
		snprintf(out, cap, "0s");
}

void cli_value_format_number(const struct cli_opt *opt, double number, char *out, size_t cap)
{
	if (opt->type == CLI_DURATION)
		format_duration((uint64_t)number, out, cap);
	else if (opt->type == CLI_BYTES)
		format_units((uint64_t)number, byte_units, 4, out, cap);
	else if (opt->type == CLI_INT)
		snprintf(out, cap, "%.0f", number);
	else
		format_real(number, out, cap);
}

void cli_value_format(const struct cli_opt *opt, const void *field, char *out, size_t cap)
{
	const char *text;
	union number value;

	switch (opt->type) {
	case CLI_FLAG:
	case CLI_SWITCH:
		snprintf(out, cap, "%s", *(const bool *)field ? "on" : "off");
		return;
	case CLI_TEXT:
	case CLI_CHOICE:
		text = *(const char *const *)field;
		snprintf(out, cap, "%s", text ? text : "");
		return;
	case CLI_ENUM:
		snprintf(out, cap, "%s", opt->choices[*(const int *)field]);
		return;
	case CLI_GROUP:
	case CLI_CALL:
		snprintf(out, cap, "%s", "");
		return;
	case CLI_INT:
	case CLI_REAL:
	case CLI_DURATION:
	case CLI_BYTES:
	case CLI_RATE:
		break;
	}
	memcpy(&value, field, sizeof(value));
	if (opt->type == CLI_INT)
		snprintf(out, cap, "%" PRId64, value.i64);
	else if (opt->type == CLI_DURATION)
		format_duration(value.u64, out, cap);
	else if (opt->type == CLI_BYTES)
		format_units(value.u64, byte_units, 4, out, cap);
	else
		format_real(value.real, out, cap);
}
