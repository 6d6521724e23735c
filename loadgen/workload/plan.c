/* plan.c - combines options and workload into a plan. */
#include "loadgen/workload/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"

enum { PLAN_INTERVALS_MAX = OPTIONS_DAYS_MAX * 24 * 3600 };

#define DURATION_NS (10 * NSEC_PER_SEC) /* if neither options nor workload give it */
#define WARMUP_NS   (2 * NSEC_PER_SEC)

static void add_phase(struct plan *p, const char *name, uint64_t duration_ns, bool is_recorded,
		      double rate_per_s)
{
	struct plan_phase *phase = &p->phases[p->phases_count++];

	phase->name = name;
	phase->start_ns = p->duration_ns;
	p->duration_ns += duration_ns;
	phase->end_ns = p->duration_ns;
	phase->is_recorded = is_recorded;
	phase->rate_per_s = rate_per_s;
	if (is_recorded)
		p->measured_ns += duration_ns;
}

/* Options that give a time replace the phases of the workload. */
static bool has_workload_phases(const struct options *o, const struct workload *w)
{
	return w->phases_count > 0 && o->duration_ns == OPTIONS_TIME_UNSET &&
	       o->warmup_ns == OPTIONS_TIME_UNSET;
}

static uint64_t time_or(uint64_t asked_ns, uint64_t otherwise_ns)
{
	return asked_ns == OPTIONS_TIME_UNSET ? otherwise_ns : asked_ns;
}

static void add_phases(struct plan *p, const struct options *o, const struct workload *w)
{
	uint64_t duration_ns = time_or(o->duration_ns, DURATION_NS);
	uint64_t warmup_ns = time_or(o->warmup_ns, WARMUP_NS);

	for (size_t i = 0; i < w->phases_count && has_workload_phases(o, w); i++) {
		const struct workload_phase *from = &w->phases[i];

		add_phase(p, from->name, from->duration_ns, from->is_recorded,
			  from->rate_per_s > 0 ? from->rate_per_s : o->rate_per_s);
	}
	if (p->phases_count)
		return;
	if (warmup_ns)
		add_phase(p, "warmup", warmup_ns, false, o->rate_per_s);
	add_phase(p, "measure", duration_ns, true, o->rate_per_s);
}

static int cut_intervals(struct plan *p, struct err *err)
{
	size_t count = 0, i = 0;

	for (size_t k = 0; k < p->phases_count; k++)
		count += (p->phases[k].end_ns - p->phases[k].start_ns + PLAN_INTERVAL_NS - 1) /
			 PLAN_INTERVAL_NS;
	if (count > PLAN_INTERVALS_MAX)
		return err_set(err, -EINVAL, "a run may last %d seconds", PLAN_INTERVALS_MAX);
	p->cuts_ns = calloc(count + 1, sizeof(*p->cuts_ns));
	if (!p->cuts_ns)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t k = 0; k < p->phases_count; k++)
		for (uint64_t at = p->phases[k].start_ns; at < p->phases[k].end_ns;
		     at += PLAN_INTERVAL_NS)
			p->cuts_ns[i++] = at;
	p->cuts_ns[i] = p->duration_ns;
	p->intervals_count = i;
	return 0;
}

static int check_loop(const struct plan *p, struct err *err)
{
	for (size_t i = 0; i < p->workload->ops_count && p->is_open; i++)
		if (p->workload->ops[i].think_ns.max > 0)
			return err_set(err, -EINVAL,
				       "[op %s] has a think time, which an "
				       "open loop (--rate) cannot apply",
				       p->workload->ops[i].name);
	for (size_t i = 0; i < p->phases_count; i++)
		if (!p->is_open && p->phases[i].rate_per_s > 0)
			return err_set(
				err, -EINVAL,
				"phase '%s' has a rate; --rate gives the other phases theirs",
				p->phases[i].name);
	return 0;
}

int plan_init(struct plan *p, const struct options *o, const struct workload *w, struct err *err)
{
	int rc;

	memset(p, 0, sizeof(*p));
	p->workload = w;
	p->options = o;
	add_phases(p, o, w);
	if (!p->measured_ns)
		return err_set(err, -EINVAL, "--duration must be longer than 0");
	p->is_open = o->rate_per_s > 0;
	p->seed = (uint64_t)o->seed;
	/*
	 * Arrivals that wait for a free place are still sent after the end, since otherwise the
	 * slowest would be missing; but a server that is too slow must not prolong the run without
	 * limit.
	 */
	p->grace_ns = p->measured_ns / 10 > NSEC_PER_SEC ? p->measured_ns / 10 : NSEC_PER_SEC;
	rc = check_loop(p, err);
	return rc ? rc : cut_intervals(p, err);
}

void plan_deinit(struct plan *p)
{
	free(p->cuts_ns);
	memset(p, 0, sizeof(*p));
}

void plan_turn_slice(struct plan *p, uint64_t start_ns, uint64_t length_ns, uint64_t seed,
		     bool is_recorded)
{
	p->phases_count = 1;
	p->phases[0] = (struct plan_phase){
		.name = "slice",
		.end_ns = length_ns,
		.is_recorded = is_recorded,
		.rate_per_s = p->options->rate_per_s,
	};
	p->start_ns = start_ns;
	p->duration_ns = length_ns;
	p->seed = seed;
}

size_t plan_phase_at(const struct plan *p, uint64_t offset_ns)
{
	size_t i = 0;

	while (i + 1 < p->phases_count && offset_ns >= p->phases[i].end_ns)
		i++;
	return i;
}

void plan_dump(const struct plan *p, FILE *out)
{
	struct options o = *p->options;

	/* Times that are not given: the defaults, or none when the workload's phases apply. */
	if (!has_workload_phases(&o, p->workload)) {
		o.duration_ns = time_or(o.duration_ns, DURATION_NS);
		o.warmup_ns = time_or(o.warmup_ns, WARMUP_NS);
	}
	cli_dump(&options_prog, &o, out);
	fprintf(out, "loop=%s\n", p->is_open ? "open" : "closed");
	for (size_t i = 0; i < p->phases_count; i++)
		fprintf(out, "phase.%s=%.3fs%s\n", p->phases[i].name,
			(double)(p->phases[i].end_ns - p->phases[i].start_ns) / NSEC_PER_SEC,
			p->phases[i].is_recorded ? "" : " (not recorded)");
	for (size_t i = 0; i < p->workload->ops_count; i++)
		fprintf(out, "op.%s=%s weight %lld\n", p->workload->ops[i].name,
			p->workload->ops[i].is_write ? "write" : "read",
			(long long)p->workload->ops[i].weight);
}
