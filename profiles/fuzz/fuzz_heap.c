/* Fuzzes parsing any JSON as a heap profile, and everything computed from it. */
#include <stdint.h>

#include <jansson.h>

#include "daemon/base/err.h"
#include "profiles/profile/allocs.h"
#include "profiles/profile/heap.h"
#include "profiles/profile/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *)data, size, 0, NULL);
	struct symbols *symbols = symbols_new();
	struct heap_profile p;
	struct allocs a;

	if (json && symbols && heap_parse(json, symbols, &p, NULL) == 0) {
		heap_trim(&p, symbols);
		if (allocs_build(&p, symbols, &a) == 0) {
			json_decref(allocs_sources(&a, 10));
			json_decref(allocs_routines(&a, 10));
			json_decref(allocs_tree(&a));
			allocs_deinit(&a);
		}
		heap_deinit(&p);
	}
	symbols_free(symbols);
	json_decref(json);
	return 0;
}
