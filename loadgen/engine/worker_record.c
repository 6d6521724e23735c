/* worker_record.c - records the outcome of a request, and of those on a connection that failed. */
#include "daemon/base/hist.h"
#include "loadgen/engine/worker_private.h"

void worker_record_failure(struct worker *w, const struct slot *s, enum error_kind kind,
			   int64_t code)
{
	struct record_op *op = &w->rec->ops[s->op];

	if (!s->is_recorded) {
		w->rec->unrecorded_count++;
		return;
	}
	op->ops_count++;
	op->errors_count++;
	if (kind == ERROR_RPC)
		recorder_rpc_error(w->rec, code);
	else
		recorder_error(w->rec, kind);
}

void worker_record_success(struct worker *w, const struct slot *s)
{
	struct record_op *op = &w->rec->ops[s->op];

	if (!s->is_recorded) {
		w->rec->unrecorded_count++;
		return;
	}
	op->ops_count++;
	op->items_count += s->items;
	/* Clocks of two processors may differ by a few ns. */
	hist_record(op->response, w->now_ns > s->start_ns ? w->now_ns - s->start_ns : 0);
	if (op->service)
		hist_record(op->service, w->now_ns > s->sent_ns ? w->now_ns - s->sent_ns : 0);
}

void worker_fail_conn(struct worker *w, struct conn *c, enum error_kind kind)
{
	if (!c->pending && w->is_recording)
		recorder_error(w->rec, kind);
	for (uint64_t i = c->head; i < c->tail; i++) {
		struct slot *s = &c->slots[i & c->mask];

		if (!s->is_done)
			worker_record_failure(w, s, kind, 0);
	}
	conn_drop(c);
	c->retry_ns = w->now_ns;
	w->open_count--;
	if (!w->open_count)
		w->gone_since_ns = w->now_ns;
}
