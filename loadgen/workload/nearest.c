/* nearest.c - finds the nearest name in a list, with the search of the option tables. */
#include "loadgen/workload/nearest.h"

#include <assert.h>

#include "daemon/base/cli/cli.h"

const char *nearest_name(const char *const *names, struct span word)
{
	struct cli_opt opts[NEAREST_NAMES_MAX + 1] = { 0 };
	struct cli_prog prog = { .opts = opts };
	char text[64];

	for (size_t i = 0; names[i]; i++) {
		assert(i < NEAREST_NAMES_MAX);
		opts[i].name = names[i];
		opts[i].type = CLI_TEXT;
	}
	if (word.len >= sizeof(text))
		return NULL;
	memcpy(text, word.ptr, word.len);
	text[word.len] = '\0';
	return cli_nearest(&prog, text);
}
