#include "daemon/json/outbuf.h"

#include <errno.h>
#include <stdlib.h>

int outbuf_grow_malloc(struct outbuf *out, size_t need)
{
	size_t cap = out->cap < 256 ? 256 : out->cap;
	char *ptr;

	while (cap < need) {
		if (__builtin_mul_overflow(cap, 2, &cap))
			return -ENOMEM;
	}
	ptr = realloc(out->ptr, cap);
	if (!ptr)
		return -ENOMEM;
	out->ptr = ptr;
	out->cap = cap;
	return 0;
}
