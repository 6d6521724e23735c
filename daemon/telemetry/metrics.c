#include "daemon/telemetry/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/base/json_out.h"

static const char *const metric_names[METRIC_COUNT] = {
	[METRIC_REQUESTS] = "requests_count",
	[METRIC_REPLIES] = "replies_count",
	[METRIC_NOTIFICATIONS] = "notifications_count",
	[METRIC_FAST_PATH] = "fast_path_count",
	[METRIC_READ_BYTES] = "read_bytes",
	[METRIC_WRITTEN_BYTES] = "written_bytes",
	[METRIC_CONNECTIONS_OPENED] = "connections_opened_count",
	[METRIC_CONNECTIONS_CLOSED] = "connections_closed_count",
	[METRIC_CONNECTIONS_REFUSED] = "connections_refused_count",
	[METRIC_CONNECTIONS_TIMED_OUT] = "connections_timed_out_count",
	[METRIC_CONNECTIONS_REPLACED] = "connections_replaced_count",
	[METRIC_ENQUEUED] = "enqueued_count",
	[METRIC_DEQUEUED] = "dequeued_count",
	[METRIC_REFUSED_BUSY] = "refused_busy_count",
	[METRIC_REFUSED_UNKEPT] = "refused_unkept_count",
	[METRIC_ERROR_PARSE] = "-32700",
	[METRIC_ERROR_REQUEST] = "-32600",
	[METRIC_ERROR_METHOD] = "-32601",
	[METRIC_ERROR_PARAMS] = "-32602",
	[METRIC_ERROR_INTERNAL] = "-32603",
	[METRIC_ERROR_SERVER] = "server",
	[METRIC_ERROR_APPLICATION] = "application",
};

_Thread_local struct metrics_block *metrics_mine;

/*
 * Used when there is no memory for a block. Threads share it, so concurrent additions may be lost;
 * every other block has one writer.
 */
static struct metrics_block metrics_spill;

static void metrics_forget(struct thread_slot *slot)
{
	(void)slot;
	metrics_mine = NULL;
}

static struct thread_slots metrics_slots =
	THREAD_SLOTS_INIT(sizeof(struct metrics_block), metrics_forget);

struct metrics_block *metrics_attach(void)
{
	struct thread_slot *slot = thread_slots_take(&metrics_slots);

	if (!slot)
		return &metrics_spill;
	metrics_mine = (struct metrics_block *)slot;
	return metrics_mine;
}

void metrics_add_error(int code)
{
	static const struct {
		int code;
		enum metric metric;
	} known[] = {
		{ -32700, METRIC_ERROR_PARSE },    { -32600, METRIC_ERROR_REQUEST },
		{ -32601, METRIC_ERROR_METHOD },   { -32602, METRIC_ERROR_PARAMS },
		{ -32603, METRIC_ERROR_INTERNAL },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].code == code) {
			metrics_add(known[i].metric, 1);
			return;
		}
	}
	metrics_add(code >= -32099 && code <= -32000 ? METRIC_ERROR_SERVER
						     : METRIC_ERROR_APPLICATION,
		    1);
}

static uint64_t level(uint64_t up, uint64_t down)
{
	return up > down ? up - down : 0;
}

static void add_block(struct metrics *out, struct metrics_block *block)
{
	for (unsigned i = 0; i < METRIC_COUNT; i++)
		out->counts[i] += atomic_load_explicit(&block->counts[i], memory_order_relaxed);
}

void metrics_read(struct metrics *out)
{
	memset(out, 0, sizeof(*out));
	add_block(out, &metrics_spill);
	for (struct thread_slot *slot = thread_slots_first(&metrics_slots); slot; slot = slot->next)
		add_block(out, (struct metrics_block *)slot);
	for (unsigned i = METRIC_ERROR_PARSE; i <= METRIC_ERROR_APPLICATION; i++)
		out->errors_count += out->counts[i];
	out->connections_count = level(out->counts[METRIC_CONNECTIONS_OPENED],
				       out->counts[METRIC_CONNECTIONS_CLOSED]);
	out->queue_depth = level(out->counts[METRIC_ENQUEUED], out->counts[METRIC_DEQUEUED]);
}

void metrics_write(struct json_out *j, const char *key)
{
	struct metrics m;

	metrics_read(&m);
	json_object_open(j, key);
	for (unsigned i = 0; i < METRIC_ERROR_PARSE; i++)
		json_u64(j, metric_names[i], m.counts[i]);
	json_u64(j, "errors_count", m.errors_count);
	json_u64(j, "connections_count", m.connections_count);
	json_u64(j, "queue_depth", m.queue_depth);
	json_object_open(j, "errors");
	for (unsigned i = METRIC_ERROR_PARSE; i <= METRIC_ERROR_APPLICATION; i++)
		json_u64(j, metric_names[i], m.counts[i]);
	json_close(j);
	json_close(j);
}
