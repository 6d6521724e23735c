#include "daemon/base/cancel.h"

#include <assert.h>

#include "daemon/base/clock.h"

struct question {
	cancel_ask *ask; /* NULL: no question is set */
	void *ctx;
	uint64_t next_ns; /* when to ask again; 0: no check yet */
	int code;         /* the answer, once it is not 0 */
};

static _Thread_local struct question question;
static _Thread_local uint64_t pace_ns = CANCEL_ASK_MS * NSEC_PER_MSEC;

void cancel_set_pace_ms(unsigned ms)
{
	pace_ns = ms * NSEC_PER_MSEC;
}

void cancel_begin(cancel_ask *ask, void *ctx)
{
	assert(!question.ask);
	/* The clock is read at the first check, not here: most work ends without any check. */
	question = (struct question){ .ask = ask, .ctx = ctx };
}

void cancel_end(void)
{
	question = (struct question){ 0 };
}

int cancel_check(void)
{
	struct question *q = &question;
	uint64_t now_ns;

	if (!q->ask || q->code)
		return q->code;
	now_ns = clock_coarse_ns();
	if (now_ns < q->next_ns)
		return 0;
	if (q->next_ns || !pace_ns) /* the first check only starts the time */
		q->code = q->ask(q->ctx);
	q->next_ns = now_ns + pace_ns;
	return q->code;
}
