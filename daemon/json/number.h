/*
 * number.h - JSON numbers (RFC 8259, section 6) conversion between text and machine words.
 *
 * Reading is exact: an integer that fits int64_t keeps all its bits, any other number becomes the
 * nearest double, ties to even. A fraction or exponent whose nearest double is a whole number
 * within int64_t is an integer too (2.0, 2e3). A number that overflows a double is refused.
 */
#ifndef DAEMON_JSON_NUMBER_H
#define DAEMON_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct number {
	bool is_integer;
	int64_t integer; /* when is_integer */
	double real;     /* always */
};

enum {
	NUMBER_INTEGER_BYTES = 20, /* "-9223372036854775808" */
	NUMBER_REAL_BYTES = 32,    /* room that number_put_real may use; it writes at most 24 */
};

/*
 * Reads the number that starts at *pos, a '-' or a digit, and stops before the first byte that does
 * not belong to it. Returns 0 with *pos after the number; -EPROTO with *pos at the invalid byte;
 * -ERANGE, with *pos unchanged, when it exceeds every double.
 */
int number_read(const char **pos, const char *end, struct number *out);

/*
 * Write the text at `to` and return its length; up to NUMBER_..._BYTES may be written. A real that
 * is NaN or infinite becomes null.
 */
size_t number_put_large(char *to, int64_t value); /* any integer */
size_t number_put_real(char *to, double value);   /* the shortest digits that read back equal */

/* The texts of 0..255, the first digit lowest, and above three of them their number. */
extern const uint32_t number_texts[256];

/* Most integers of replies are small: these are written without branches on the length. */
static inline size_t number_put_integer(char *to, int64_t value)
{
	uint64_t sign = value < 0;
	uint64_t rest = ((uint64_t)value ^ -sign) + sign;
	uint32_t text;

	if (__builtin_expect(rest > 255, 0))
		return number_put_large(to, value);
	text = number_texts[rest];
	*to = '-';
	memcpy(to + sign, &text, sizeof(text)); /* little endian */
	return sign + (text >> 24);
}

#endif
