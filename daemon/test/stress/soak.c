#include "daemon/base/err.h"
#include "daemon/test/stress/stress.h"
#include <errno.h>
int soak_run(struct stress *s, struct err *err)
{
	(void)s;
	return err_set(err, -EOPNOTSUPP, "not yet");
}
