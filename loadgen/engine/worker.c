/* worker.c - creates, starts and ends a worker. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/base/thread.h"
#include "loadgen/engine/worker_private.h"

/* Thresholds of 32 random bits, so that operation i is chosen with probability weight / sum. The
 * last one includes the rounding error. */
static void make_mix(struct worker *w)
{
	const struct workload *load = w->plan->workload;
	double sum = 0, so_far = 0;

	for (size_t i = 0; i < load->ops_count; i++)
		sum += (double)load->ops[i].weight;
	for (size_t i = 0; i < load->ops_count; i++) {
		so_far += (double)load->ops[i].weight;
		w->mix_below[i] = (uint32_t)(so_far / sum * UINT32_MAX);
	}
}

static int allocate(struct worker *w, struct err *err)
{
	const struct plan *p = w->plan;
	size_t most = p->workload->bytes_max;
	int rc;

	w->tx_cap = most > WORKER_WRITE_BYTES ? most : WORKER_WRITE_BYTES;
	w->tx = malloc(w->tx_cap);
	w->rx = malloc(WORKER_READ_BYTES);
	w->conns = calloc(w->conns_count, sizeof(*w->conns));
	if (!w->tx || !w->rx || !w->conns)
		return err_set(err, -ENOMEM, "out of memory for a worker");
	for (uint32_t i = 0; i < w->conns_count; i++)
		w->conns[i].fd = -1;
	rc = timers_init(&w->timers, (size_t)w->conns_count * w->depth, err);
	if (!rc)
		rc = record_pair_init(&w->records, p->workload->ops_count, p->is_open, err);
	return rc;
}

int worker_open(const struct plan *plan, uint32_t index, struct worker **out, struct err *err)
{
	const struct options *o = plan->options;
	struct worker *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);
	uint32_t threads = (uint32_t)o->threads_count;
	int rc;

	assert(index < threads);
	if (!w)
		return err_set(err, -ENOMEM, "out of memory for a worker");
	memset(w, 0, sizeof(*w));
	w->plan = plan;
	w->index = index;
	w->depth = (uint32_t)o->depth;
	w->conns_count = ((uint32_t)o->connections_count + threads - 1 - index) / threads;
	atomic_init(&w->must_stop, false);
	atomic_init(&w->has_ended, false);
	verifier_init(&w->verifier, plan->options->check);
	make_mix(w);
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->ticker_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (w->epoll_fd < 0 || w->ticker_fd < 0)
		rc = err_set(err, -errno, "open epoll and a timer");
	else
		rc = allocate(w, err);
	if (!rc)
		rc = worker_connect_all(w, err);
	if (rc) {
		worker_close(w);
		return rc;
	}
	*out = w;
	return 0;
}

void worker_close(struct worker *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; w->conns && i < w->conns_count; i++)
		conn_deinit(&w->conns[i]);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	if (w->ticker_fd >= 0)
		close(w->ticker_fd);
	timers_deinit(&w->timers);
	record_pair_deinit(&w->records);
	free(w->conns);
	free(w->rx);
	free(w->tx);
	free(w);
}

int worker_start(struct worker *w, struct err *err)
{
	char name[16];

	snprintf(name, sizeof(name), "load-%u", w->index);
	return thread_start(&w->thread, name, 0, worker_run, w, err);
}

void worker_stop(struct worker *w)
{
	atomic_store_explicit(&w->must_stop, true, memory_order_relaxed);
}

bool worker_has_ended(struct worker *w)
{
	/* Pairs with the release at the end of worker_run. */
	return atomic_load_explicit(&w->has_ended, memory_order_acquire);
}

void worker_join(struct worker *w, struct worker_report *out)
{
	pthread_join(w->thread, NULL);
	*out = w->report;
}

struct record_pair *worker_records(struct worker *w)
{
	return &w->records;
}
