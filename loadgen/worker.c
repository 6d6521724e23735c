/* worker.c - the loop of a generator thread, its clock and its connections. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/base/cpu.h"
#include "daemon/base/err.h"
#include "daemon/base/sock.h"
#include "daemon/base/thread.h"
#include "loadgen/affinity.h"
#include "loadgen/worker_private.h"

enum {
	TICK_NS = 20 * 1000 * 1000,   /* timeouts and stop requests are seen this late at most */
	RETRY_NS = 100 * 1000 * 1000, /* between attempts to connect again */
	RETRY_WAIT_NS = 50 * 1000 * 1000, /* for one such attempt: the thread stands still */
};

/* Without any connection for so long, the server is taken for gone. */
#define GONE_NS NSEC_PER_SEC

/* ---- making ------------------------------------------------------------- */

static int adopt(struct worker *w, struct conn *c, int fd, struct err *err)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	c->fd = fd;
	sock_set_nodelay(fd);
	if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return err_set(err, -errno, "watch a connection");
	w->open_count++;
	w->gone_since_ns = 0;
	return 0;
}

static int connect_all(struct worker *w, struct err *err)
{
	const struct options *o = w->plan->options;

	for (uint32_t i = 0; i < w->conns_count; i++) {
		struct conn *c = &w->conns[i];
		int fd, rc;

		rc = conn_init(c, w->index + i * (uint32_t)o->threads_count, w->depth, err);
		if (rc)
			return rc;
		draw_init(&c->draw, (uint64_t)o->seed, c->number, (uint64_t)o->connections_count);
		fd = sock_connect(&o->addr, o->timeout_ns, err);
		if (fd < 0)
			return fd;
		rc = adopt(w, c, fd, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Thresholds of 32 random bits, so that operation i comes with probability weight / sum. */
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
	/* The last one takes what rounding left, and the last value of all. */
	w->mix_below[load->ops_count - 1] = UINT32_MAX;
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
	verifier_init(&w->verifier, plan->check);
	make_mix(w);
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	rc = w->epoll_fd < 0 ? err_set(err, -errno, "open epoll") : allocate(w, err);
	if (!rc)
		rc = connect_all(w, err);
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
	timers_deinit(&w->timers);
	record_pair_deinit(&w->records);
	free(w->conns);
	free(w->rx);
	free(w->tx);
	free(w);
}

/* ---- the clock ---------------------------------------------------------- */

static uint64_t involuntary_switches(void)
{
	struct rusage ru;

	return getrusage(RUSAGE_THREAD, &ru) == 0 ? (uint64_t)ru.ru_nivcsw : 0;
}

static void mark(struct worker *w)
{
	w->cpu_mark_ns = clock_thread_cpu_ns();
	w->switches_mark = involuntary_switches();
	w->wall_mark_ns = clock_ns();
}

/* Adds what was used since the mark to the report, if that time is recorded. */
static void account(struct worker *w)
{
	if (w->is_recording) {
		w->report.cpu_ns += clock_thread_cpu_ns() - w->cpu_mark_ns;
		w->report.switches_involuntary += involuntary_switches() - w->switches_mark;
		w->report.measured_ns += clock_ns() - w->wall_mark_ns;
	}
	mark(w);
}

static void turn_phase(struct worker *w)
{
	uint64_t offset = w->now_ns - w->plan->start_ns;
	size_t phase = plan_phase_at(w->plan, offset);
	bool is_ending = w->now_ns >= w->end_ns;

	if (phase == w->phase && is_ending == w->is_ending)
		return;
	account(w);
	w->phase = phase;
	w->is_ending = is_ending;
	w->is_recording = w->plan->phases[phase].is_recorded && !is_ending;
}

static void turn_interval(struct worker *w)
{
	const struct plan *p = w->plan;
	uint64_t offset = w->now_ns - p->start_ns;
	uint32_t interval = w->interval;
	struct recorder *next;

	while (interval + 1 < p->intervals_count && offset >= p->cuts_ns[interval + 1])
		interval++;
	if (interval == w->interval)
		return;
	w->interval = interval;
	w->rec->full_checks_count += w->verifier.full_count;
	w->verifier.full_count = 0;
	next = record_pair_publish(&w->records, w->now_ns, interval);
	if (next)
		w->rec = next;
}

static void reconnect(struct worker *w, struct conn *c)
{
	int fd = sock_connect(&w->plan->options->addr, RETRY_WAIT_NS, NULL);

	w->now_ns = clock_ns();
	w->is_refused = fd < 0;
	if (fd < 0 || adopt(w, c, fd, NULL) < 0) {
		if (w->is_recording)
			recorder_error(w->rec, ERROR_CONNECT);
		c->retry_ns = w->now_ns + RETRY_NS;
		if (fd >= 0)
			conn_drop(c);
		return;
	}
	if (!w->plan->is_open)
		worker_top_up(w, c);
}

static void tend_connections(struct worker *w)
{
	uint64_t timeout_ns = w->plan->options->timeout_ns;

	w->tend_ns = w->now_ns + TICK_NS;
	for (uint32_t i = 0; i < w->conns_count; i++) {
		struct conn *c = &w->conns[i];

		if (c->fd >= 0 && c->pending &&
		    c->slots[c->head & c->mask].sent_ns + timeout_ns < w->now_ns)
			worker_lose(w, c, ERROR_TIMEOUT);
		if (c->fd < 0 && !w->is_ending && w->now_ns >= c->retry_ns)
			reconnect(w, c);
	}
}

static void set_next_tick(struct worker *w)
{
	const struct plan *p = w->plan;
	uint64_t next = w->now_ns + TICK_NS;

	if (w->interval + 1 <= p->intervals_count &&
	    p->start_ns + p->cuts_ns[w->interval + 1] > w->now_ns &&
	    p->start_ns + p->cuts_ns[w->interval + 1] < next)
		next = p->start_ns + p->cuts_ns[w->interval + 1];
	w->tick_ns = next;
}

void worker_tick(struct worker *w)
{
	turn_phase(w);
	turn_interval(w);
	set_next_tick(w);
}

/* ---- the loop ----------------------------------------------------------- */

static uint64_t pending_count(const struct worker *w)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < w->conns_count; i++)
		n += w->conns[i].pending;
	return n;
}

/* Takes the arrivals up to until_ns for never sent. */
static void give_up_arrivals(struct worker *w, uint64_t until_ns)
{
	for (uint64_t due; (due = arrival_peek(&w->arrival)) != ARRIVAL_NEVER && due <= until_ns;) {
		if (w->plan->phases[w->arrival_phase].is_recorded) {
			w->report.planned_count++;
			w->report.unsent_count++;
		}
		worker_take_arrival(w);
	}
}

/* After the last phase: late arrivals have their time of grace, requests in flight their timeout.
 */
static bool has_drained(struct worker *w)
{
	uint64_t sent_ns = w->end_ns + (w->plan->is_open ? w->plan->grace_ns : 0);

	if (w->now_ns >= sent_ns)
		give_up_arrivals(w, ARRIVAL_NEVER);
	return !w->open_count || w->now_ns >= sent_ns + w->plan->options->timeout_ns ||
	       (!pending_count(w) && arrival_peek(&w->arrival) == ARRIVAL_NEVER);
}

static bool has_ended(struct worker *w)
{
	if (atomic_load_explicit(&w->must_stop, memory_order_relaxed)) {
		w->report.end = WORKER_STOPPED;
		return true;
	}
	if (w->gone_since_ns && w->now_ns - w->gone_since_ns > GONE_NS) {
		w->report.end = WORKER_GONE;
		return true;
	}
	if (!w->is_ending || !has_drained(w))
		return false;
	w->report.end = w->open_count || !w->is_refused ? WORKER_COMPLETE : WORKER_GONE;
	return true;
}

static void wake_thinkers(struct worker *w)
{
	while (timers_first_ns(&w->timers) <= w->now_ns) {
		struct conn *c = &w->conns[timers_pop(&w->timers)];

		c->thinking--;
		worker_top_up(w, c);
	}
}

/* How long the thread may sleep. */
static uint64_t wait_ns(const struct worker *w)
{
	uint64_t until = w->tick_ns;
	uint64_t spin_ns = w->plan->options->spin_ns;
	uint64_t due = arrival_peek(&w->arrival);

	if (timers_first_ns(&w->timers) < until)
		until = timers_first_ns(&w->timers);
	/* A blocked arrival waits for a reply, not for the clock. */
	if (!w->is_blocked && due < until + spin_ns)
		until = due > spin_ns ? due - spin_ns : 0;
	return until > w->now_ns ? until - w->now_ns : 0;
}

static int wait_events(struct worker *w, struct epoll_event *events)
{
	uint64_t ns = wait_ns(w);
	struct timespec ts = {
		.tv_sec = (time_t)(ns / NSEC_PER_SEC),
		.tv_nsec = (long)(ns % NSEC_PER_SEC),
	};
	int n = epoll_pwait2(w->epoll_fd, events, WORKER_EVENTS, &ts, NULL);

	if (n < 0 && errno != EINTR) {
		w->report.end = WORKER_BROKEN;
		snprintf(w->report.message, sizeof(w->report.message), "epoll_pwait2: %s",
			 strerrordesc_np(errno));
		return -errno;
	}
	return n < 0 ? 0 : n;
}

static void loop(struct worker *w)
{
	struct epoll_event events[WORKER_EVENTS];

	while (!has_ended(w)) {
		int n = wait_events(w, events);

		if (n < 0)
			return;
		w->now_ns = clock_ns();
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;

			if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				worker_receive(w, c);
			if (c->fd >= 0 && c->waits_for_room)
				worker_send_rest(w, c);
		}
		if (w->now_ns >= w->tick_ns)
			worker_tick(w);
		if (w->now_ns >= w->tend_ns)
			tend_connections(w);
		if (w->timers.count)
			wake_thinkers(w);
		if (w->plan->is_open)
			worker_send_due(w);
	}
}

/* Counts what never got its reply, and the arrivals that were never sent. */
static void count_left_overs(struct worker *w)
{
	if (w->report.end != WORKER_COMPLETE && w->report.end != WORKER_GONE)
		return;
	for (uint32_t i = 0; i < w->conns_count; i++)
		if (w->conns[i].pending)
			worker_lose(w, &w->conns[i], ERROR_TIMEOUT);
	give_up_arrivals(w, w->now_ns);
}

static void *run_worker(void *arg)
{
	struct worker *w = arg;
	const struct plan *p = w->plan;

	affinity_apply(p->options->affinity, w->index);
	/* Timers of an open loop are wanted to the microsecond; the default slack is 50 of them. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	clock_sleep_until_ns(p->start_ns);
	w->now_ns = clock_ns();
	w->end_ns = p->start_ns + p->duration_ns;
	w->rec = record_pair_active(&w->records);
	w->rec->start_ns = p->start_ns;
	w->is_recording = p->phases[0].is_recorded;
	w->arrival.next_ns = ARRIVAL_NEVER;
	mark(w);
	set_next_tick(w);
	if (p->is_open)
		worker_next_schedule(w);
	for (uint32_t i = 0; i < w->conns_count && !p->is_open; i++)
		worker_top_up(w, &w->conns[i]);
	loop(w);
	w->now_ns = clock_ns();
	account(w);
	count_left_overs(w);
	w->rec->full_checks_count += w->verifier.full_count;
	w->report.end_ns = w->now_ns - p->start_ns;
	record_pair_finish(&w->records, w->now_ns, w->interval);
	/* Pairs with the acquire in worker_has_ended. */
	atomic_store_explicit(&w->has_ended, true, memory_order_release);
	return NULL;
}

int worker_start(struct worker *w, struct err *err)
{
	char name[16];

	snprintf(name, sizeof(name), "load-%u", w->index);
	return thread_start(&w->thread, name, 0, run_worker, w, err);
}

void worker_stop(struct worker *w)
{
	atomic_store_explicit(&w->must_stop, true, memory_order_relaxed);
}

bool worker_has_ended(struct worker *w)
{
	/* Pairs with the release at the end of run_worker. */
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
