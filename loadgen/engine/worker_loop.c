/* worker_loop.c - the loop of a generator thread, from the first request to the last reply. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "loadgen/engine/affinity.h"
#include "loadgen/engine/worker_private.h"

/* The server is considered gone when there has been no connection for this long. */
#define GONE_NS NSEC_PER_SEC

static uint64_t pending_count(const struct worker *w)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < w->conns_count; i++)
		n += w->conns[i].pending;
	return n;
}

/* Counts the arrivals up to until_ns as not sent. */
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

/* After the last phase, late arrivals have a grace time and requests in flight have their
 * time-out. */
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

/*
 * A separate timer makes the ticks, because a time-out for each wait would program the processor's
 * timer each time: a few percent of a request, and an exit to the hypervisor in a VM.
 */
int worker_start_ticker(struct worker *w)
{
	const struct timespec tick = { .tv_nsec = WORKER_TICK_NS };
	const struct itimerspec its = { .it_interval = tick, .it_value = tick };
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = w };

	if (timerfd_settime(w->ticker_fd, 0, &its, NULL) < 0 ||
	    epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->ticker_fd, &ev) < 0)
		return -errno;
	return 0;
}

/* When the thread must wake up to send a request; ARRIVAL_NEVER: only for an event or a tick. */
static uint64_t next_due_ns(const struct worker *w)
{
	uint64_t spin_ns = w->plan->options->spin_ns;
	uint64_t due = arrival_peek(&w->arrival);

	/* A blocked arrival waits for a reply, not for a time. */
	if (w->is_blocked || due == ARRIVAL_NEVER)
		return timers_first_ns(&w->timers);
	return due > spin_ns ? due - spin_ns : 0;
}

static int wait_events(struct worker *w, struct epoll_event *events)
{
	uint64_t due = next_due_ns(w);
	uint64_t ns = due > w->now_ns ? due - w->now_ns : 0;
	struct timespec ts = clock_timespec(ns);
	int n;

	if (due == ARRIVAL_NEVER)
		n = epoll_wait(w->epoll_fd, events, WORKER_EVENTS, -1);
	else
		n = epoll_pwait2(w->epoll_fd, events, WORKER_EVENTS, &ts, NULL);
	if (n < 0 && errno != EINTR) {
		w->report.end = WORKER_BROKEN;
		snprintf(w->report.message, sizeof(w->report.message), "wait for events: %s",
			 strerrordesc_np(errno));
		return -errno;
	}
	return n < 0 ? 0 : n;
}

static void handle_event(struct worker *w, const struct epoll_event *ev)
{
	struct conn *c = ev->data.ptr;
	uint64_t ticks;

	if (ev->data.ptr == w) {
		/* Resets the timer; the number of ticks is not needed, since the clock shows what
		 * is due. */
		ssize_t n = read(w->ticker_fd, &ticks, sizeof(ticks));

		(void)n;
		return;
	}
	if (ev->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		worker_receive(w, c);
		if (!w->plan->is_open)
			worker_top_up(w, c);
	}
	if (c->fd >= 0 && c->waits_for_room)
		worker_send_rest(w, c);
}

void worker_loop(struct worker *w)
{
	struct epoll_event events[WORKER_EVENTS];

	while (!has_ended(w)) {
		int n = wait_events(w, events);

		if (n < 0)
			return;
		w->now_ns = clock_ns();
		for (int i = 0; i < n; i++)
			handle_event(w, &events[i]);
		if (w->now_ns >= w->tick_ns)
			worker_tick(w);
		if (w->now_ns >= w->check_ns)
			worker_check_conns(w);
		if (w->timers.count)
			wake_thinkers(w);
		if (w->plan->is_open)
			worker_send_due(w);
	}
}

/* Counts the requests without a reply, and the arrivals never sent. */
void worker_count_left_overs(struct worker *w)
{
	if (w->report.end != WORKER_COMPLETE && w->report.end != WORKER_GONE)
		return;
	for (uint32_t i = 0; i < w->conns_count; i++)
		if (w->conns[i].pending)
			worker_fail_conn(w, &w->conns[i], ERROR_TIMEOUT);
	give_up_arrivals(w, w->now_ns);
}

void *worker_run(void *arg)
{
	struct worker *w = arg;
	const struct plan *p = w->plan;

	affinity_apply(p->options->affinity, w->index);
	/* An open loop needs timers exact to the microsecond; the default slack is 50 us. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	clock_sleep_until_ns(p->start_ns);
	w->now_ns = clock_ns();
	w->end_ns = p->start_ns + p->duration_ns;
	w->rec = record_pair_active(&w->records);
	w->rec->start_ns = p->start_ns;
	w->is_recording = p->phases[0].is_recorded;
	w->arrival.next_ns = ARRIVAL_NEVER;
	worker_mark(w);
	worker_tick(w);
	if (p->is_open)
		worker_next_schedule(w);
	for (uint32_t i = 0; i < w->conns_count && !p->is_open; i++)
		worker_top_up(w, &w->conns[i]);
	if (worker_start_ticker(w) < 0)
		w->report.end = WORKER_BROKEN;
	else
		worker_loop(w);
	w->now_ns = clock_ns();
	worker_account(w);
	worker_count_left_overs(w);
	w->rec->full_checks_count += w->verifier.full_count;
	w->report.end_ns = w->now_ns - p->start_ns;
	record_pair_finish(&w->records, w->now_ns, w->interval);
	/* Pairs with the acquire in worker_has_ended. */
	atomic_store_explicit(&w->has_ended, true, memory_order_release);
	return NULL;
}
