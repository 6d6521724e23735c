/* oracle_none.c - replaces simdjson when it is not installed. */
#include <errno.h>

#include "daemon/test/oracle_simdjson.h"

int64_t oracle_ping(const char *text, size_t len)
{
	(void)text;
	(void)len;
	return -EOPNOTSUPP;
}

int64_t oracle_voxels(const char *text, size_t len)
{
	(void)text;
	(void)len;
	return -EOPNOTSUPP;
}
