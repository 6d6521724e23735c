#include "daemon/base/cancel.h"

#include <assert.h>

#include "daemon/base/clock.h"

struct question {
	cancel_ask *ask; /* NULL: nobody asks */
	void *ctx;
	uint64_t next_ns; /* when to ask again */
	int code;         /* the answer that stays */
};

static _Thread_local struct question question;

void cancel_begin(cancel_ask *ask, void *ctx)
{
	assert(!question.ask);
	/* The first check asks after a while only: most work is short. */
	question = (struct question){ .ask = ask,
				      .ctx = ctx,
				      .next_ns = clock_ns() + CANCEL_ASK_MS * NSEC_PER_MSEC };
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
	now_ns = clock_ns();
	if (now_ns < q->next_ns)
		return 0;
	q->next_ns = now_ns + CANCEL_ASK_MS * NSEC_PER_MSEC;
	q->code = q->ask(q->ctx);
	return q->code;
}
