/* record.c - recorders, and passing them to the collector. */
#include "loadgen/engine/record.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/hist.h"

const char *error_kind_name(enum error_kind kind)
{
	static const char *const names[ERROR_KINDS] = {
		[ERROR_CONNECT] = "connect",       [ERROR_CLOSED] = "closed",
		[ERROR_TIMEOUT] = "timeout",       [ERROR_RPC] = "rpc",
		[ERROR_MISMATCH] = "mismatch",     [ERROR_UNPARSABLE] = "unparsable",
		[ERROR_UNKNOWN_ID] = "unknown_id", [ERROR_TOO_LARGE] = "too_large",
	};

	assert(kind < ERROR_KINDS);
	return names[kind];
}

/* A histogram whose pages are allocated already, so that measuring causes no page faults. */
static int new_hist(struct hist **out, struct err *err)
{
	*out = hist_new();
	if (!*out)
		return err_set(err, -ENOMEM, "out of memory for histograms");
	hist_reset(*out);
	return 0;
}

int recorder_init(struct recorder *r, size_t ops_count, bool has_service, struct err *err)
{
	int rc = 0;

	assert(ops_count <= WORKLOAD_OPS_MAX);
	memset(r, 0, sizeof(*r));
	r->ops_count = ops_count;
	for (size_t i = 0; i < ops_count && !rc; i++) {
		rc = new_hist(&r->ops[i].response, err);
		if (!rc && has_service)
			rc = new_hist(&r->ops[i].service, err);
	}
	if (!rc && has_service)
		rc = new_hist(&r->lag, err);
	return rc;
}

void recorder_deinit(struct recorder *r)
{
	for (size_t i = 0; i < r->ops_count; i++) {
		hist_free(r->ops[i].response);
		hist_free(r->ops[i].service);
	}
	hist_free(r->lag);
	memset(r, 0, sizeof(*r));
}

void recorder_reset(struct recorder *r)
{
	struct recorder kept = { .ops_count = r->ops_count, .lag = r->lag };

	for (size_t i = 0; i < r->ops_count; i++) {
		kept.ops[i].response = r->ops[i].response;
		kept.ops[i].service = r->ops[i].service;
		hist_reset(kept.ops[i].response);
		if (kept.ops[i].service)
			hist_reset(kept.ops[i].service);
	}
	if (kept.lag)
		hist_reset(kept.lag);
	*r = kept;
}

static void add_code(struct recorder *r, int64_t code, uint64_t count)
{
	for (size_t i = 0; i < r->codes_count; i++) {
		if (r->codes[i].code != code)
			continue;
		r->codes[i].count += count;
		return;
	}
	if (r->codes_count == RECORD_CODES_MAX)
		r->codes_other += count;
	else
		r->codes[r->codes_count++] = (struct record_code){ code, count };
}

static void add_op(struct record_op *into, const struct record_op *from)
{
	into->ops_count += from->ops_count;
	into->errors_count += from->errors_count;
	into->items_count += from->items_count;
	if (!from->ops_count)
		return;
	hist_add(into->response, from->response);
	if (into->service)
		hist_add(into->service, from->service);
}

void recorder_add(struct recorder *into, const struct recorder *from)
{
	assert(into->ops_count == from->ops_count);
	for (size_t i = 0; i < from->ops_count; i++)
		add_op(&into->ops[i], &from->ops[i]);
	if (into->lag)
		hist_add(into->lag, from->lag);
	for (int i = 0; i < ERROR_KINDS; i++)
		into->errors[i] += from->errors[i];
	for (size_t i = 0; i < from->codes_count; i++)
		add_code(into, from->codes[i].code, from->codes[i].count);
	into->codes_other += from->codes_other;
	into->unrecorded_count += from->unrecorded_count;
	into->blocked_count += from->blocked_count;
	into->sent_bytes += from->sent_bytes;
	into->received_bytes += from->received_bytes;
	into->full_checks_count += from->full_checks_count;
}

void recorder_error(struct recorder *r, enum error_kind kind)
{
	r->errors[kind]++;
}

void recorder_rpc_error(struct recorder *r, int64_t code)
{
	r->errors[ERROR_RPC]++;
	add_code(r, code, 1);
}

uint64_t recorder_ops(const struct recorder *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->ops_count; i++)
		n += r->ops[i].ops_count;
	return n;
}

uint64_t recorder_op_errors(const struct recorder *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->ops_count; i++)
		n += r->ops[i].errors_count;
	return n;
}

int record_pair_init(struct record_pair *p, size_t ops_count, bool has_service, struct err *err)
{
	int rc;

	memset(p, 0, sizeof(*p));
	atomic_init(&p->published, 0);
	atomic_init(&p->consumed, 0);
	rc = recorder_init(&p->recorders[0], ops_count, has_service, err);
	if (!rc)
		rc = recorder_init(&p->recorders[1], ops_count, has_service, err);
	return rc;
}

void record_pair_deinit(struct record_pair *p)
{
	recorder_deinit(&p->recorders[0]);
	recorder_deinit(&p->recorders[1]);
}

struct recorder *record_pair_active(struct record_pair *p)
{
	return &p->recorders[atomic_load_explicit(&p->published, memory_order_relaxed) % 2];
}

struct recorder *record_pair_publish(struct record_pair *p, uint64_t end_ns, uint32_t next)
{
	unsigned published = atomic_load_explicit(&p->published, memory_order_relaxed);
	struct recorder *active = &p->recorders[published % 2];
	struct recorder *other = &p->recorders[(published + 1) % 2];

	active->interval_last = next - 1;
	/* Pairs with the release in record_pair_consume: the other one is empty. */
	if (atomic_load_explicit(&p->consumed, memory_order_acquire) != published)
		return NULL;
	active->end_ns = end_ns;
	other->start_ns = end_ns;
	other->interval_first = next;
	other->interval_last = next;
	/* Pairs with the acquire in record_pair_peek. */
	atomic_store_explicit(&p->published, published + 1, memory_order_release);
	return other;
}

void record_pair_finish(struct record_pair *p, uint64_t end_ns, uint32_t last)
{
	unsigned published = atomic_load_explicit(&p->published, memory_order_relaxed);

	p->recorders[published % 2].end_ns = end_ns;
	p->recorders[published % 2].interval_last = last;
	p->recorders[published % 2].is_final = true;
	/* Pairs with the acquire in record_pair_peek. */
	atomic_store_explicit(&p->published, published + 1, memory_order_release);
}

struct recorder *record_pair_peek(struct record_pair *p)
{
	unsigned consumed = atomic_load_explicit(&p->consumed, memory_order_relaxed);

	/* Pairs with the releases in record_pair_publish and record_pair_finish. */
	if (atomic_load_explicit(&p->published, memory_order_acquire) == consumed)
		return NULL;
	return &p->recorders[consumed % 2];
}

void record_pair_consume(struct record_pair *p)
{
	unsigned consumed = atomic_load_explicit(&p->consumed, memory_order_relaxed);

	recorder_reset(&p->recorders[consumed % 2]);
	/* Pairs with the acquire in record_pair_publish. */
	atomic_store_explicit(&p->consumed, consumed + 1, memory_order_release);
}
