#include "daemon/methods/methods.h"

#include "daemon/methods/args.h"
#include "daemon/methods/table.h"

static const struct method *const all[] = {
#define METHOD(name) &method_##name,
#define ALIAS(other, name)
#include "daemon/rpc/method_names.def"
#undef METHOD
#undef ALIAS
};

const struct method *const *methods_all(size_t *count)
{
	*count = sizeof(all) / sizeof(all[0]);
	return all;
}

int method_call(struct call *call)
{
	int rc;

	call->fault.code = 0;
	rc = args_sort(call);
	return rc < 0 ? rc : call->method->run(call);
}
