/* The reader of .qb on arbitrary bytes: fuzz_format.h. */
#include "daemon/formats/registry.h"
#include "daemon/fuzz/fuzz_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return fuzz_format(&format_qb, data, len);
}
