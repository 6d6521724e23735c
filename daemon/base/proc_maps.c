#include "daemon/base/proc_maps.h"

#include <ctype.h>
#include <stdlib.h>

/* Reads a hexadecimal number and the character that must follow it. */
static bool take_hex(const char **at, char after, uint64_t *out)
{
	char *end;

	/* strtoull would also accept blanks and signs. */
	if (!isxdigit((unsigned char)**at))
		return false;
	*out = strtoull(*at, &end, 16);
	if (*end != after)
		return false;
	*at = end + 1;
	return true;
}

/* Skips blanks and the word after them. */
static const char *skip_word(const char *at)
{
	at += strspn(at, " ");
	return at + strcspn(at, " \n");
}

/* "start-limit perms offset major:minor inode      path" */
bool proc_maps_parse(const char *line, struct proc_mapping *out)
{
	struct proc_mapping m = { 0 };
	const char *at = line;

	if (!take_hex(&at, '-', &m.start) || !take_hex(&at, ' ', &m.limit))
		return false;
	if (strcspn(at, " \n") != 4 || at[4] != ' ')
		return false;
	memcpy(m.perms, at, 4);
	at += 5;
	if (!take_hex(&at, ' ', &m.offset))
		return false;
	at = skip_word(skip_word(at));
	at += strspn(at, " ");
	m.path = span_of(at, strcspn(at, "\n"));
	*out = m;
	return true;
}
