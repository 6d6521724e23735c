/* worker_send.c - renders and sends requests, for all free places of a connection at a time. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "daemon/base/hist.h"
#include "loadgen/engine/worker_private.h"

/* Arrivals this late are sent in one write per connection, so that the generator can catch up. */
enum { LATE_NS = 100 * 1000 };

static size_t pick_op(const struct worker *w, struct draw *draw)
{
	size_t last = w->plan->workload->ops_count - 1;
	size_t i = 0;
	uint32_t bits;

	if (!last)
		return 0;
	bits = (uint32_t)(rng_next(&draw->rng) >> 32);
	while (i < last && bits >= w->mix_below[i])
		i++;
	return i;
}

static void watch(struct worker *w, struct conn *c, bool waits_for_room)
{
	struct epoll_event ev = {
		.events = EPOLLIN | (waits_for_room ? EPOLLOUT : 0u),
		.data.ptr = c,
	};

	c->waits_for_room = waits_for_room;
	epoll_ctl(w->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev);
}

/* The earliest time at which a request could have been sent: not before a place was free. */
static uint64_t ready_ns(const struct worker *w, const struct slot *s)
{
	return s->start_ns > w->room_ns ? s->start_ns : w->room_ns;
}

/* Sets the sending time of the requests in tx. */
static void stamp(struct worker *w, struct conn *c)
{
	uint64_t now = clock_ns();

	for (uint64_t i = w->tx_first; i < c->tail; i++) {
		struct slot *s = &c->slots[i & c->mask];

		s->sent_ns = now;
		if (!w->plan->is_open) {
			s->start_ns = now;
		} else if (s->is_recorded) {
			uint64_t ready = ready_ns(w, s);

			hist_record(w->rec->lag, now > ready ? now - ready : 0);
		}
	}
	w->tx_first = c->tail;
}

/* Sends tx on c; what the socket does not accept now waits in c->out. */
static void flush(struct worker *w, struct conn *c)
{
	ssize_t n = 0;

	if (!w->tx_len)
		return;
	stamp(w, c);
	if (!c->waits_for_room)
		n = send(c->fd, w->tx, w->tx_len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		w->tx_len = 0;
		worker_fail_conn(w, c, ERROR_CLOSED);
		return;
	}
	if (w->is_recording)
		w->rec->sent_bytes += w->tx_len;
	if (n < 0)
		n = 0;
	if ((size_t)n < w->tx_len) {
		strbuf_add(&c->out, w->tx + n, w->tx_len - (size_t)n);
		if (!c->waits_for_room)
			watch(w, c, true);
	}
	w->tx_len = 0;
	if (c->out.failed)
		worker_fail_conn(w, c, ERROR_CLOSED);
}

/* Adds a request to tx. False when the connection failed while making room for it. */
static bool put_request(struct worker *w, struct conn *c, uint64_t start_ns, bool is_recorded)
{
	struct draw *draw = w->is_sliced ? &w->draw : &c->draw;
	size_t index = pick_op(w, draw);
	const struct workload_op *op = &w->plan->workload->ops[index];
	uint32_t id;
	struct slot *s;

	if (w->tx_len + op->request.bytes_max > w->tx_cap) {
		flush(w, c);
		if (c->fd < 0)
			return false;
	}
	id = c->tail_id;
	s = conn_push(c);
	s->start_ns = start_ns;
	s->op = (uint16_t)index;
	s->is_recorded = is_recorded;
	w->tx_len += template_render(&op->request, draw, id, w->tx + w->tx_len, &s->items);
	return true;
}

void worker_top_up(struct worker *w, struct conn *c)
{
	if (w->is_ending || c->fd < 0)
		return;
	w->tx_first = c->tail;
	while (c->pending + c->thinking < w->depth && !conn_is_full(c))
		if (!put_request(w, c, 0, w->is_recording))
			return;
	flush(w, c);
}

static bool has_place(const struct worker *w, const struct conn *c)
{
	return c->fd >= 0 && c->pending < w->depth && !conn_is_full(c) && !c->waits_for_room;
}

/* The next connection in turn with a free place; NULL when none has one. */
static struct conn *next_free(struct worker *w)
{
	for (uint32_t tried = 0; tried < w->conns_count; tried++) {
		struct conn *c = &w->conns[w->next_conn];

		w->next_conn = w->next_conn + 1 == w->conns_count ? 0 : w->next_conn + 1;
		if (has_place(w, c))
			return c;
	}
	return NULL;
}

void worker_next_schedule(struct worker *w)
{
	const struct plan *p = w->plan;

	for (; w->arrival_phase < p->phases_count; w->arrival_phase++) {
		const struct plan_phase *phase = &p->phases[w->arrival_phase];

		arrival_init(&w->arrival,
			     &(struct arrival_cfg){
				     .kind = p->options->arrival,
				     .rate_per_s = phase->rate_per_s,
				     .start_ns = p->start_ns + phase->start_ns,
				     .end_ns = p->start_ns + phase->end_ns,
				     .share = w->index,
				     .shares_count = (uint32_t)p->options->threads_count,
				     .seed = p->seed + w->arrival_phase,
			     });
		if (arrival_peek(&w->arrival) != ARRIVAL_NEVER)
			return;
	}
}

void worker_take_arrival(struct worker *w)
{
	arrival_take(&w->arrival);
	if (arrival_peek(&w->arrival) != ARRIVAL_NEVER)
		return;
	w->arrival_phase++;
	worker_next_schedule(w);
}

/* Sends one arrival on c, or, when they are late, all that are due and fit. */
static void send_arrivals(struct worker *w, struct conn *c)
{
	w->tx_first = c->tail;
	do {
		uint64_t due = arrival_peek(&w->arrival);
		bool is_recorded = w->plan->phases[w->arrival_phase].is_recorded;

		if (!put_request(w, c, due, is_recorded))
			return;
		if (is_recorded) {
			w->report.planned_count++;
			w->rec->blocked_count += due < w->room_ns;
		}
		worker_take_arrival(w);
	} while (has_place(w, c) && arrival_peek(&w->arrival) < w->now_ns - LATE_NS);
	flush(w, c);
}

void worker_send_due(struct worker *w)
{
	while (arrival_peek(&w->arrival) <= w->now_ns) {
		struct conn *c = next_free(w);

		if (!c) {
			w->is_blocked = true;
			return;
		}
		if (w->is_blocked) {
			w->is_blocked = false;
			w->room_ns = w->now_ns;
		}
		send_arrivals(w, c);
	}
}

void worker_send_rest(struct worker *w, struct conn *c)
{
	ssize_t n = send(c->fd, c->out.ptr + c->out_done, c->out.len - c->out_done,
			 MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			worker_fail_conn(w, c, ERROR_CLOSED);
		return;
	}
	c->out_done += (size_t)n;
	if (c->out_done < c->out.len)
		return;
	strbuf_clear(&c->out);
	c->out_done = 0;
	watch(w, c, false);
}
