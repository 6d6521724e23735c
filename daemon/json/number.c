/*
 * number.c - reads and writes JSON numbers.
 *
 * Reading: up to 19 significant digits are collected in an integer m with a power of ten e. If m
 * and 10^|e| are exact doubles, one division or product is correctly rounded (W. Clinger, "How to
 * read floating point numbers accurately", 1990). If both fit 64 bits, the quotient or product is
 * computed in 128-bit integers and rounded by its remainder. Anything else goes to strtod; the
 * daemon always uses the "C" locale. Writing: most reals of a voxel editor have few decimals, so
 * the smallest d is searched for which round(v * 10^d) / 10^d equals v; else printf with 15 to 17
 * digits, the first that reads back equal.
 */
#include "daemon/json/number.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/span.h"

enum {
	DIGITS_MAX = 19,         /* decimal digits that always fit uint64_t */
	EXACT_POWER = 22,        /* 10^22 is the largest power of ten that is an exact double */
	TEXT_BYTES = 128,        /* longer numbers are copied to the heap for strtod */
	EXPONENT_LIMIT = 100000, /* beyond it the result is 0 or infinite, whatever the digits */
};

static const double exact_powers[EXACT_POWER + 1] = {
	1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

static const double two_to_63 = 9223372036854775808.0; /* exact */

static const uint64_t integer_powers[DIGITS_MAX + 1] = {
	1ull,
	10ull,
	100ull,
	1000ull,
	10000ull,
	100000ull,
	1000000ull,
	10000000ull,
	100000000ull,
	1000000000ull,
	10000000000ull,
	100000000000ull,
	1000000000000ull,
	10000000000000ull,
	100000000000000ull,
	1000000000000000ull,
	10000000000000000ull,
	100000000000000000ull,
	1000000000000000000ull,
	10000000000000000000ull,
};

/* The parts of the text of a number. */
struct parts {
	uint64_t digits; /* before and after the point together, when digit_count <= DIGITS_MAX */
	int digit_count; /* without leading zeros, if more than DIGITS_MAX */
	int exponent;    /* value = digits * 10^exponent */
	bool is_negative;
	bool is_plain; /* no fraction, no exponent */
};

static inline bool is_digit(const char *p, const char *end)
{
	return p < end && (unsigned char)(*p - '0') <= 9;
}

/* Appends the digits at p to *digits, eight at a time as long as there are eight. */
static const char *read_digits(const char *p, const char *end, uint64_t *digits)
{
	uint64_t word;

	while (end - p >= 8) {
		memcpy(&word, p, sizeof(word));
		/* All high halves are 3, also after adding 6: all bytes are digits. */
		if (((word & 0xf0f0f0f0f0f0f0f0u) |
		     ((word + 0x0606060606060606u) & 0xf0f0f0f0f0f0f0f0u) >> 4) !=
		    0x3333333333333333u)
			break;
		word &= 0x0f0f0f0f0f0f0f0fu;
		word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ffu;
		word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffffu;
		*digits = *digits * 100000000 + (uint32_t)(word * 10000 + (word >> 32));
		p += 8;
	}
	for (; is_digit(p, end); p++)
		*digits = *digits * 10 + (uint64_t)(*p - '0');
	return p;
}

/* Reads sign and digits of an exponent; the caller checks the last byte to see if there were
 * digits. */
static const char *read_exponent(const char *p, const char *end, struct parts *n)
{
	bool is_negative = false;
	int value = 0;

	if (p < end && (*p == '+' || *p == '-'))
		is_negative = *p++ == '-';
	for (; is_digit(p, end); p++) {
		if (value < EXPONENT_LIMIT)
			value = value * 10 + (*p - '0');
	}
	n->exponent += is_negative ? -value : value;
	return p;
}

/* Leading zeros do not count as digits. */
static int leading_zeros(const char *p)
{
	int zeros = 0;

	for (; *p == '0' || *p == '.'; p++)
		zeros += *p == '0';
	return zeros;
}

/* Parses the grammar. Returns 0, or -EPROTO with *pos at the invalid byte. */
static int read_parts(const char **pos, const char *end, struct parts *n)
{
	const char *p = *pos;
	const char *first;

	if (p < end && *p == '-') {
		n->is_negative = true;
		p++;
	}
	first = *pos = p;
	if (!is_digit(p, end))
		return -EPROTO;
	p = *p == '0' ? p + 1 : read_digits(p, end, &n->digits);
	n->digit_count = (int)(p - first);
	n->is_plain = true;
	if (p < end && *p == '.') {
		const char *point = p;

		n->is_plain = false;
		*pos = ++p;
		if (!is_digit(p, end))
			return -EPROTO;
		p = read_digits(p, end, &n->digits);
		/* Text is shorter than INT_MAX. */
		n->exponent = -(int)(p - point - 1);
		n->digit_count -= n->exponent;
	}
	if (n->digit_count > DIGITS_MAX)
		n->digit_count -= leading_zeros(first);
	if (p < end && (*p == 'e' || *p == 'E')) {
		n->is_plain = false;
		p = read_exponent(p + 1, end, n);
		*pos = p;
		if ((unsigned char)(p[-1] - '0') > 9)
			return -EPROTO;
	}
	*pos = p;
	return 0;
}

/* The nearest double to m / d, both not 0, ties to even. */
static double divide(uint64_t m, uint64_t d)
{
	/* Shift so that the quotient has 64 bits or one more; a double keeps 53 of them. */
	int shift = __builtin_clzll(m) + (64 - __builtin_clzll(d));
	unsigned __int128 wide = (unsigned __int128)m << shift;
	unsigned __int128 quotient = wide / d;

	/* A remainder only means "more than this", which decides ties. */
	if (wide % d)
		quotient |= 1;
	return ldexp((double)quotient, -shift);
}

static double from_text(const char *text, size_t len)
{
	char local[TEXT_BYTES];
	char *copy = len < sizeof(local) ? local : malloc(len + 1);
	double value;

	if (!copy)
		return HUGE_VAL; /* refused as out of range */
	memcpy(copy, text, len);
	copy[len] = '\0';
	value = strtod(copy, NULL);
	if (copy != local)
		free(copy);
	return value;
}

/* The nearest double, without the sign. */
static double magnitude(const struct parts *n, struct span text)
{
	int e = n->exponent;

	if (n->digit_count <= DIGITS_MAX && n->digits == 0)
		return 0;
	if (n->digit_count > DIGITS_MAX || e < -EXACT_POWER || e > EXACT_POWER)
		return fabs(from_text(text.ptr, text.len));
	if (n->digits <= 1ull << 53)
		return e < 0 ? (double)n->digits / exact_powers[-e]
			     : (double)n->digits * exact_powers[e];
	if (e < 0 && e >= -DIGITS_MAX)
		return divide(n->digits, integer_powers[-e]);
	if (e >= 0 && e <= DIGITS_MAX)
		return (double)((unsigned __int128)n->digits * integer_powers[e]);
	return fabs(from_text(text.ptr, text.len));
}

static bool plain_integer(const struct parts *n, int64_t *out)
{
	uint64_t limit = (uint64_t)INT64_MAX + n->is_negative;

	if (!n->is_plain || n->digit_count > DIGITS_MAX || n->digits > limit)
		return false;
	*out = (int64_t)(n->is_negative ? 0 - n->digits : n->digits);
	return true;
}

int number_read(const char **pos, const char *end, struct number *out)
{
	const char *start = *pos;
	struct parts n = { 0 };
	int rc = read_parts(pos, end, &n);

	if (rc < 0)
		return rc;
	out->is_integer = plain_integer(&n, &out->integer);
	if (out->is_integer) {
		out->real = (double)out->integer;
		return 0;
	}
	out->real = magnitude(&n, span_of(start, (size_t)(*pos - start)));
	if (out->real > DBL_MAX) {
		*pos = start;
		return -ERANGE;
	}
	if (n.is_negative)
		out->real = -out->real;
	if (out->real >= -two_to_63 && out->real < two_to_63) {
		out->integer = (int64_t)out->real;
		out->is_integer = (double)out->integer == out->real;
		if (out->is_integer)
			out->real = (double)out->integer; /* no -0 */
	}
	return 0;
}

/* clang-format off */
#define ONES(n) ('0' + (n) % 10)
#define TEXT(n) \
	((n) < 10 ? 1u << 24 | ONES(n) : \
	 (n) < 100 ? 2u << 24 | ONES((n) / 10) | ONES(n) << 8 : \
	 3u << 24 | ONES((n) / 100) | ONES((n) / 10) << 8 | ONES(n) << 16)
#define TEXT_4(n) TEXT(n), TEXT((n) + 1), TEXT((n) + 2), TEXT((n) + 3)
#define TEXT_16(n) TEXT_4(n), TEXT_4((n) + 4), TEXT_4((n) + 8), TEXT_4((n) + 12)
#define TEXT_64(n) TEXT_16(n), TEXT_16((n) + 16), TEXT_16((n) + 32), TEXT_16((n) + 48)
/* clang-format on */

const uint32_t number_texts[256] = { TEXT_64(0u), TEXT_64(64u), TEXT_64(128u), TEXT_64(192u) };

static const char digit_pairs[201] = "00010203040506070809101112131415161718192021222324"
				     "25262728293031323334353637383940414243444546474849"
				     "50515253545556575859606162636465666768697071727374"
				     "75767778798081828384858687888990919293949596979899";

static size_t put_unsigned(char *to, uint64_t value)
{
	char text[NUMBER_INTEGER_BYTES];
	char *p = text + sizeof(text);

	while (value >= 100) {
		p -= 2;
		memcpy(p, digit_pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value >= 10) {
		p -= 2;
		memcpy(p, digit_pairs + value * 2, 2);
	} else {
		*--p = (char)('0' + value);
	}
	memcpy(to, p, (size_t)(text + sizeof(text) - p));
	return (size_t)(text + sizeof(text) - p);
}

size_t number_put_large(char *to, int64_t value)
{
	if (value < 0) {
		*to = '-';
		return 1 + put_unsigned(to + 1, 0 - (uint64_t)value);
	}
	return put_unsigned(to, (uint64_t)value);
}

/* value > 0 and below 2^53 / 10^6. Returns 0 when six decimals do not represent it exactly. */
static size_t put_short_real(char *to, double value)
{
	for (int decimals = 1; decimals <= 6; decimals++) {
		double scaled = nearbyint(value * exact_powers[decimals]);
		uint64_t whole, fraction;
		size_t len;

		if (scaled / exact_powers[decimals] != value)
			continue;
		whole = (uint64_t)scaled / integer_powers[decimals];
		fraction = (uint64_t)scaled % integer_powers[decimals];
		len = put_unsigned(to, whole);
		to[len++] = '.';
		for (int i = decimals - 1; i >= 0; i--)
			to[len++] = (char)('0' + fraction / integer_powers[i] % 10);
		return len;
	}
	return 0;
}

size_t number_put_real(char *to, double value)
{
	static const char null_text[4] = { 'n', 'u', 'l', 'l' };
	size_t sign = 0;
	size_t len;

	if (!isfinite(value)) {
		memcpy(to, null_text, sizeof(null_text));
		return sizeof(null_text);
	}
	if (fabs(value) < 0x1p53 && value == trunc(value))
		return number_put_integer(to, (int64_t)value);
	if (value < 0) {
		*to = '-';
		sign = 1;
		value = -value;
	}
	if (value < 1e9 && value >= 1e-3) {
		len = put_short_real(to + sign, value);
		if (len)
			return sign + len;
	}
	for (int digits = 15; digits <= 17; digits++) {
		int n = snprintf(to + sign, NUMBER_REAL_BYTES - sign, "%.*g", digits, value);

		len = (size_t)n;
		if (strtod(to + sign, NULL) == value)
			break;
	}
	return sign + len;
}
