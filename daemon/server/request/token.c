#include "daemon/server/request/token.h"

#include <stdbool.h>
#include <string.h>

#include "daemon/base/clock.h"

/* Takes the same time wherever the first difference is. */
static bool is_equal(struct span given, const char *token)
{
	size_t len = strlen(token);
	unsigned char differs = given.len != len;

	for (size_t i = 0; i < given.len && i < len; i++)
		differs |= (unsigned char)(given.ptr[i] ^ token[i]);
	return !differs;
}

enum token_answer token_check(struct token *t, struct span given)
{
	uint64_t now = clock_ns() / NSEC_PER_SEC;
	uint64_t second = atomic_load(&t->second);

	/* Two threads may both start a second; then a few more guesses are checked. */
	if (second != now && atomic_compare_exchange_strong(&t->second, &second, now))
		atomic_store(&t->wrong_count, 0);
	if (atomic_load(&t->wrong_count) >= TOKEN_WRONG_MAX)
		return TOKEN_TOO_MANY;
	if (is_equal(given, t->text))
		return TOKEN_RIGHT;
	atomic_fetch_add(&t->wrong_count, 1);
	return TOKEN_WRONG;
}
