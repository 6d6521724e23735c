#include "loadgen/report/outcome.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/hist.h"

int outcome_init(struct outcome *o, const struct plan *plan, const struct run_result *run,
		 struct err *err)
{
	const struct recorder *total = &run->collect.total;

	memset(o, 0, sizeof(*o));
	o->plan = plan;
	o->run = run;
	o->response = hist_new();
	o->service = hist_new();
	if (!o->response || !o->service)
		return err_set(err, -ENOMEM, "out of memory for histograms");
	for (size_t i = 0; i < total->ops_count; i++) {
		const struct record_op *op = &total->ops[i];

		hist_add(o->response, op->response);
		hist_add(o->service, op->service ? op->service : op->response);
		o->ops_count += op->ops_count;
		o->failed_count += op->errors_count;
		if (plan->workload->ops[i].is_write)
			o->writes_count += op->ops_count;
		else
			o->reads_count += op->ops_count;
	}
	o->errors_count = o->failed_count + total->errors[ERROR_UNKNOWN_ID];
	o->elapsed_s = (double)run->elapsed_ns / (double)NSEC_PER_SEC;
	if (run->elapsed_ns)
		o->throughput_per_s = (double)(o->ops_count - o->failed_count) / o->elapsed_s;
	self_check(plan, run, o->response, &o->check);
	return 0;
}

void outcome_deinit(struct outcome *o)
{
	hist_free(o->response);
	hist_free(o->service);
	memset(o, 0, sizeof(*o));
}
