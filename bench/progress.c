#include "bench/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "daemon/base/clock.h"

enum { QUIET_S = 2, PLAIN_EVERY_S = 10 };

void progress_begin(struct progress *p, const char *what, size_t total)
{
	*p = (struct progress){ .what = what,
				.total = total,
				.start_ns = clock_ns(),
				.is_terminal = isatty(STDERR_FILENO) == 1 };
	p->next_ns = p->start_ns + QUIET_S * NSEC_PER_SEC;
}

bool progress_is_due(const struct progress *p)
{
	return clock_ns() >= p->next_ns;
}

static void say(struct progress *p, uint64_t now_ns)
{
	double elapsed_s = (double)(now_ns - p->start_ns) / (double)NSEC_PER_SEC;
	double rate = (double)p->done_count / elapsed_s;
	char of[32] = "", left[48] = "";

	if (p->total >= p->done_count) {
		snprintf(of, sizeof(of), " of %zu", p->total);
		snprintf(left, sizeof(left), ", about %.0f s left",
			 (double)(p->total - p->done_count) / rate);
	}
	/* The table's next row, which is longer, starts at the cursor's position. */
	fprintf(stderr, "%s%zu%s %s, %.1f/s, %.0f s%s, %zu failed%s",
		p->is_terminal ? "\r\033[K" : "", p->done_count, of, p->what, rate, elapsed_s, left,
		p->failed_count, p->is_terminal ? "\r" : "\n");
	fflush(stderr);
	p->is_shown = p->is_terminal;
}

void progress_step(struct progress *p, bool is_failed)
{
	uint64_t now_ns = clock_ns();

	p->done_count++;
	p->failed_count += is_failed;
	if (now_ns < p->next_ns)
		return;
	fflush(stdout);
	say(p, now_ns);
	p->next_ns = p->is_terminal ? now_ns : now_ns + PLAIN_EVERY_S * NSEC_PER_SEC;
}

void progress_end(struct progress *p)
{
	if (p->is_shown)
		fputs("\r\033[K", stderr);
}
