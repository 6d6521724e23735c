/*
 * number.h - JSON numbers (RFC 8259, section 6) as text and as machine words.
 *
 * Reading is exact: an integer that fits int64_t keeps all its bits, any other number becomes the
 * nearest double, ties to even. A fraction or exponent whose nearest double is a whole number
 * within int64_t is an integer too (2.0, 2e3). What overflows a double is refused.
 */
#ifndef DAEMON_RPC_NUMBER_H
#define DAEMON_RPC_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
 * not belong to it. Returns 0 with *pos behind the number; -EPROTO with *pos at the byte that
 * cannot be; -ERANGE, *pos unchanged, when no double is that large.
 */
int number_read(const char **pos, const char *end, struct number *out);

/* Write the text at `to` and return its length. A real that is NaN or infinite becomes null. */
size_t number_put_integer(char *to, int64_t value);
size_t number_put_real(char *to, double value); /* the shortest digits that read back equal */

#endif
