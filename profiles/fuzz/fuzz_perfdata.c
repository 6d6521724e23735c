/* Fuzzes reading any bytes as perf.data, with no read outside of them. */
#include <stdint.h>
#include <string.h>

#include "daemon/base/err.h"
#include "profiles/profile/perfdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t sum; /* reads what the visitor gets */

static int on_sample(void *arg, const struct perfdata_sample *s)
{
	(void)arg;
	for (size_t i = 0; i < s->depth; i++)
		sum += s->addrs[i];
	return 0;
}

static int on_mmap(void *arg, const struct perfdata_mmap *m)
{
	(void)arg;
	sum += strlen(m->path) + strlen(m->build_id);
	return 0;
}

static int on_comm(void *arg, uint32_t pid, uint32_t tid, const char *name)
{
	(void)arg;
	sum += strlen(name) + pid + tid;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct perfdata_visitor visitor = { on_sample, on_mmap, on_comm };
	struct perfdata_info info;
	struct err err = ERR_INIT;

	perfdata_parse(span_of((const char *)data, size), &visitor, NULL, &info, &err);
	return 0;
}
