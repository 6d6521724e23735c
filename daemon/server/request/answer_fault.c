#include "daemon/server/request/answer_fault.h"

#include "daemon/base/span.h"
#include "daemon/rpc/reply.h"
#include "daemon/rpc/request.h"
#include "daemon/server/request/tool.h"
#include "daemon/server/request/worker.h"
#include "daemon/telemetry/metrics.h"

static void write_fault(struct worker *w, enum request_form form, struct span id)
{
	if (form == REQUEST_TOOL)
		tool_fault(&w->out, &w->call.fault);
	else
		reply_fault(&w->out, &w->call.fault, id);
}

void answer_fault(struct worker *w, size_t start, const struct rpc_request *req)
{
	bool is_long_id = req->id.len > WORKER_SPARE_ID_MAX;

	metrics_add_error(w->call.fault.code);
	w->out.len = start;
	w->out.failed = false;
	write_fault(w, req->form, req->id);
	if (w->out.failed) {
		w->out.len = start;
		worker_use_spare(w);
		write_fault(w, req->form, is_long_id ? SPAN_LIT("null") : req->id);
	}
	w->replies_count++;
}

void answer_bare_fault(struct worker *w)
{
	struct rpc_request none = { .form = REQUEST_JSONRPC };

	answer_fault(w, w->out.len, &none);
}
