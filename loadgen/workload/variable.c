/* variable.c - draws and writes the variable parts of requests. */
#include "loadgen/workload/variable.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/err.h"

enum { I64_TEXT_MAX = 20 };

const char render_digit_pairs[201] = "0001020304050607080910111213141516171819"
				     "2021222324252627282930313233343536373839"
				     "4041424344454647484950515253545556575859"
				     "6061626364656667686970717273747576777879"
				     "8081828384858687888990919293949596979899";

void draw_init(struct draw *d, uint64_t seed, uint64_t turn, uint64_t turns_count)
{
	memset(d, 0, sizeof(*d));
	rng_init(&d->rng, seed, turn);
	d->turn = turn;
	d->turns_count = turns_count;
}

static const char *skip_blanks(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

static int parse_i64(const char *text, const char **end, int64_t *out)
{
	char *stop;
	long long v;

	errno = 0;
	v = strtoll(text, &stop, 10);
	if (stop == text || errno)
		return -EINVAL;
	*out = v;
	*end = skip_blanks(stop);
	return 0;
}

int range_parse(const char *text, struct range *out, struct err *err)
{
	struct range r;
	const char *s = text;

	if (parse_i64(s, &s, &r.min) < 0)
		return err_set(err, -EINVAL, "'%.40s' is not a whole number or a range like 1..9",
			       text);
	r.max = r.min;
	if (s[0] == '.' && s[1] == '.' && parse_i64(skip_blanks(s + 2), &s, &r.max) < 0)
		return err_set(err, -EINVAL, "'%.40s' has no number after '..'", text);
	if (*s)
		return err_set(err, -EINVAL, "'%.40s' has text after the range", text);
	if (r.min > r.max)
		return err_set(err, -EINVAL, "range '%.40s' ends below its start", text);
	*out = r;
	return 0;
}

int64_t range_draw(const struct range *r, struct draw *d)
{
	uint64_t width = (uint64_t)r->max - (uint64_t)r->min + 1;

	if (width == 1)
		return r->min;
	/* For the whole of int64_t the width wraps to 0. */
	if (width == 0)
		return (int64_t)rng_next(&d->rng);
	return (int64_t)((uint64_t)r->min + rng_below(&d->rng, width));
}

int variable_parse_choices(struct variable *v, const char *text, struct err *err)
{
	v->choices_count = 0;
	for (;;) {
		const char *start = skip_blanks(text);
		size_t len = strcspn(start, "|");
		const char *stop = start + len;

		if (v->choices_count == VARIABLE_CHOICES_MAX)
			return err_set(err, -EINVAL, "more than %d choices", VARIABLE_CHOICES_MAX);
		while (len > 0 && (start[len - 1] == ' ' || start[len - 1] == '\t'))
			len--;
		v->choices[v->choices_count++] = span_of(start, len);
		if (!*stop)
			return 0;
		text = stop + 1;
	}
}

size_t variable_bytes_max(const struct variable *v)
{
	size_t longest = 0;

	switch (v->kind) {
	case VARIABLE_RANDOM:
	case VARIABLE_SEQUENCE:
		return I64_TEXT_MAX;
	case VARIABLE_CHOICE:
		for (size_t i = 0; i < v->choices_count; i++)
			if (v->choices[i].len > longest)
				longest = v->choices[i].len;
		return longest;
	case VARIABLE_PAYLOAD:
		return (size_t)v->range.max;
	case VARIABLE_UNSET:
		break;
	}
	return 0;
}

char *render_i64(char *out, int64_t value)
{
	char text[I64_TEXT_MAX];
	char *s = text + sizeof(text);
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	while (left >= 100) {
		s -= 2;
		render_pair(s, left % 100);
		left /= 100;
	}
	if (left >= 10) {
		s -= 2;
		render_pair(s, left);
	} else {
		*--s = (char)('0' + left);
	}
	if (value < 0)
		*--s = '-';
	memcpy(out, s, (size_t)(text + sizeof(text) - s));
	return out + (text + sizeof(text) - s);
}

static int64_t sequence_next(const struct variable *v, size_t index, struct draw *d)
{
	uint64_t step = v->step > 0 ? (uint64_t)v->step : 1;
	uint64_t values = ((uint64_t)v->range.max - (uint64_t)v->range.min) / step + 1;
	uint64_t position = d->turn + d->drawn[index]++ * d->turns_count;

	/* values is 0 only for the whole of int64_t, where wrapping is correct. */
	if (values)
		position %= values;
	return (int64_t)((uint64_t)v->range.min + position * step);
}

static char *payload_render(struct draw *d, char *out, size_t bytes)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t done = 0;

	while (done < bytes) {
		uint64_t bits = rng_next(&d->rng);

		/* Ten letters of six bits from each random number. */
		for (int i = 0; i < 10 && done < bytes; i++, bits >>= 6)
			out[done++] = letters[bits & 63];
	}
	return out + bytes;
}

char *variable_render(const struct variable *v, size_t index, struct draw *d, char *out)
{
	struct span choice;

	assert(index < VARIABLES_MAX);
	switch (v->kind) {
	case VARIABLE_RANDOM:
		return render_i64(out, range_draw(&v->range, d));
	case VARIABLE_SEQUENCE:
		return render_i64(out, sequence_next(v, index, d));
	case VARIABLE_CHOICE:
		choice = v->choices[rng_below(&d->rng, v->choices_count)];
		memcpy(out, choice.ptr, choice.len);
		return out + choice.len;
	case VARIABLE_PAYLOAD:
		return payload_render(d, out, (size_t)range_draw(&v->range, d));
	case VARIABLE_UNSET:
		break;
	}
	return out;
}
