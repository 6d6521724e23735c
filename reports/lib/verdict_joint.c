/*
 * verdict_joint.c - one verdict over counts, CPU time and wall time.
 *
 * The truth table reads: work that is certain (counts) or measured in CPU time blocks even where
 * wall time cannot see it. CPU time that rises while the same instructions run is layout, cache or
 * contention until other link orders say otherwise. Wall time that rises alone is waiting: locks,
 * sleeps, or the machine. Without counts, CPU time speaks for them.
 */
#include "reports/lib/verdict_private.h"

/* clang-format off */
#define REGR VERDICT_REGRESSED
#define HIDD VERDICT_HIDDEN
#define WORK VERDICT_WORK_UP
#define LAYO VERDICT_LAYOUT
#define ENVI VERDICT_ENVIRONMENT
#define IMPR VERDICT_IMPROVED
#define EQUI VERDICT_EQUIVALENT
#define INCO VERDICT_INCONCLUSIVE

/* [counts][cpu][wall]; each UP FLAT DOWN UNKNOWN. */
static const enum verdict_joint table[4][4][4] = {
	[VERDICT_UP] = {
		[VERDICT_UP]      = { REGR, HIDD, HIDD, HIDD },
		[VERDICT_FLAT]    = { REGR, WORK, WORK, WORK },
		[VERDICT_DOWN]    = { REGR, WORK, WORK, WORK },
		[VERDICT_UNKNOWN] = { REGR, WORK, WORK, WORK },
	},
	[VERDICT_FLAT] = {
		[VERDICT_UP]      = { LAYO, LAYO, LAYO, LAYO },
		[VERDICT_FLAT]    = { ENVI, EQUI, IMPR, INCO },
		[VERDICT_DOWN]    = { ENVI, IMPR, IMPR, INCO },
		[VERDICT_UNKNOWN] = { ENVI, INCO, INCO, INCO },
	},
	[VERDICT_DOWN] = {
		[VERDICT_UP]      = { LAYO, LAYO, LAYO, LAYO },
		[VERDICT_FLAT]    = { ENVI, EQUI, IMPR, INCO },
		[VERDICT_DOWN]    = { ENVI, IMPR, IMPR, IMPR },
		[VERDICT_UNKNOWN] = { ENVI, INCO, INCO, INCO },
	},
	[VERDICT_UNKNOWN] = {
		[VERDICT_UP]      = { REGR, HIDD, HIDD, HIDD },
		[VERDICT_FLAT]    = { ENVI, EQUI, IMPR, INCO },
		[VERDICT_DOWN]    = { ENVI, IMPR, IMPR, INCO },
		[VERDICT_UNKNOWN] = { REGR, INCO, INCO, INCO },
	},
};
/* clang-format on */

enum verdict_joint verdict_join(enum verdict_signal counts, enum verdict_signal cpu,
				enum verdict_signal wall)
{
	if (counts == VERDICT_ABSENT && cpu == VERDICT_ABSENT && wall == VERDICT_ABSENT)
		return VERDICT_INCONCLUSIVE;
	if (counts == VERDICT_ABSENT)
		counts = VERDICT_UNKNOWN;
	/* Where only wall time was measured, it alone decides. */
	if (cpu == VERDICT_ABSENT)
		cpu = counts == VERDICT_UNKNOWN && wall == VERDICT_UP ? VERDICT_UNKNOWN
								      : VERDICT_FLAT;
	if (wall == VERDICT_ABSENT)
		wall = VERDICT_FLAT;
	return table[counts][cpu][wall];
}

static bool is_in(const struct verdict_row *row, enum verdict_class class)
{
	return row->metric->family == VERDICT_BLOCKING && row->metric->class == class;
}

static bool has_required(const struct verdict *v, enum verdict_class class)
{
	for (size_t i = 0; i < v->rows_count; i++)
		if (is_in(&v->rows[i], class) && v->rows[i].metric->is_required)
			return true;
	return false;
}

/* Those that the class's answer waits for: the required ones, or all when none is. */
bool verdict_is_awaited(const struct verdict *v, const struct verdict_row *row)
{
	return row->metric->family == VERDICT_BLOCKING &&
	       (row->metric->is_required ||
		(row->metric->class != VERDICT_MEMORY && !has_required(v, row->metric->class)));
}

static enum verdict_signal class_signal(const struct verdict *v, enum verdict_class class)
{
	bool is_down = false, is_unknown = false, is_measured = false;

	for (size_t i = 0; i < v->rows_count; i++) {
		const struct verdict_row *row = &v->rows[i];

		if (!is_in(row, class))
			continue;
		if (row->answer == VERDICT_ROW_REGRESSED)
			return VERDICT_UP;
		is_measured = true;
		is_down = is_down || row->answer == VERDICT_ROW_IMPROVED;
		is_unknown = is_unknown || (row->answer == VERDICT_ROW_INCONCLUSIVE &&
					    verdict_is_awaited(v, row));
	}
	return !is_measured ? VERDICT_ABSENT
	       : is_unknown ? VERDICT_UNKNOWN
	       : is_down    ? VERDICT_DOWN
			    : VERDICT_FLAT;
}

/* Memory that grows blocks whatever the times say; memory that shrinks turns equal into better. */
static enum verdict_joint with_memory(enum verdict_joint joint, enum verdict_signal memory)
{
	if (memory == VERDICT_UP && verdict_joint_action(joint) != VERDICT_BLOCK)
		return VERDICT_REGRESSED;
	if (memory == VERDICT_DOWN && joint == VERDICT_EQUIVALENT)
		return VERDICT_IMPROVED;
	return joint;
}

static bool is_mixed(const struct verdict *v)
{
	const enum verdict_signal all[] = { v->counts, v->cpu, v->wall, v->memory };
	bool is_up = false, is_down = false;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		is_up = is_up || all[i] == VERDICT_UP;
		is_down = is_down || all[i] == VERDICT_DOWN;
	}
	return is_up && is_down;
}

/* Whether blocks could still move the verdict to another row of the table. */
static bool can_change(const struct verdict *v)
{
	switch (v->joint) {
	case VERDICT_INCONCLUSIVE:
		return true;
	case VERDICT_WORK_UP:
		return v->cpu == VERDICT_UNKNOWN || v->wall == VERDICT_UNKNOWN;
	case VERDICT_ENVIRONMENT:
		return v->cpu == VERDICT_UNKNOWN;
	case VERDICT_REGRESSED:
	case VERDICT_HIDDEN:
	case VERDICT_LAYOUT:
	case VERDICT_IMPROVED:
	case VERDICT_EQUIVALENT:
	case VERDICT_JOINTS:
	default:
		return false;
	}
}

static size_t most_needed(const struct verdict *v)
{
	size_t most = 0;

	for (size_t i = 0; i < v->rows_count; i++)
		if (verdict_is_awaited(v, &v->rows[i]) && v->rows[i].blocks_needed > most)
			most = v->rows[i].blocks_needed;
	return most;
}

static bool is_within(const struct verdict *v)
{
	for (size_t i = 0; i < v->rows_count; i++)
		if (verdict_is_awaited(v, &v->rows[i]) &&
		    v->rows[i].answer != VERDICT_ROW_EQUIVALENT)
			return false;
	return v->joint == VERDICT_EQUIVALENT;
}

void verdict_conclude(bool is_last_look, struct verdict *v)
{
	v->counts = verdict_counts_signal(v->counts_rows, v->counts_count);
	v->cpu = class_signal(v, VERDICT_CPU);
	v->wall = class_signal(v, VERDICT_WALL);
	v->memory = class_signal(v, VERDICT_MEMORY);
	v->joint = with_memory(verdict_join(v->counts, v->cpu, v->wall), v->memory);
	v->action = verdict_joint_action(v->joint);
	v->is_mixed = is_mixed(v);
	v->is_within = is_within(v);
	v->wants_more = !is_last_look && can_change(v);
	v->blocks_needed = can_change(v) ? most_needed(v) : 0;
	verdict_say(v);
}
