/* pair_sitting.c - collects blocks, including those of an earlier run. */
#include "loadgen/pair/pair_sitting.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "loadgen/pair/pair_json.h"
#include "reports/lib/rundir.h"

const char *pair_state_name(enum pair_state state)
{
	static const char *const names[] = { "running", "complete", "interrupted", "failed" };

	return names[state];
}

int pair_sitting_init(struct pair_sitting *s, const struct pair_setup *setup,
		      uint32_t blocks_planned, struct err *err)
{
	memset(s, 0, sizeof(*s));
	s->setup = setup;
	s->blocks_planned = blocks_planned;
	s->start_wall_ns = clock_wall_ns();
	s->records = calloc(blocks_planned, sizeof(*s->records));
	return s->records ? 0
			  : err_set(err, -ENOMEM, "out of memory for %u blocks", blocks_planned);
}

void pair_sitting_deinit(struct pair_sitting *s)
{
	for (size_t i = 0; i < s->records_count; i++)
		free(s->records[i].text);
	free(s->records);
	pair_effects_deinit(&s->effects);
	memset(s, 0, sizeof(*s));
}

/* ---- effects -------------------------------------------------------------------- */

static const struct pair_record *valid_record(const struct pair_sitting *s, size_t nth)
{
	size_t i = 0;

	while (!s->records[i].is_valid || nth--)
		i++;
	return &s->records[i];
}

static double value_of(const void *arg, size_t block, uint32_t arm, size_t metric)
{
	return valid_record(arg, block)->metrics[arm][metric];
}

static int compute(struct pair_sitting *s, struct err *err)
{
	pair_effects_deinit(&s->effects);
	return pair_effects_compute(
		&(struct pair_values){
			.of = value_of,
			.arg = s,
			.blocks_count = s->valid_count,
			.arms_count = s->setup->design.arms_count,
		},
		s->setup->design.seed, &s->effects, err);
}

int pair_sitting_add(struct pair_sitting *s, const struct pair_block *b, struct err *err)
{
	struct strbuf text = { 0 };
	struct pair_record *r = &s->records[s->records_count];
	int rc = pair_block_json(s->setup, b, &text, err);

	if (rc) {
		strbuf_deinit(&text);
		return rc;
	}
	*r = (struct pair_record){
		.index = b->index,
		.is_valid = !b->reasons_count,
		.has_failed = b->has_failed,
		.text = strbuf_take(&text),
	};
	for (uint32_t arm = 0; arm < s->setup->design.arms_count; arm++)
		for (size_t i = 0; i < pair_metrics_count(); i++)
			r->metrics[arm][i] = pair_metrics[i].of(&b->arms[arm]);
	s->records_count++;
	s->valid_count += r->is_valid;
	return compute(s, err);
}

/* ---- an earlier run ------------------------------------------------------------- */

static double number_of(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	if (json_is_boolean(v))
		return json_is_true(v);
	return json_is_number(v) ? json_number_value(v) : NAN;
}

static int expect_number(const json_t *object, const char *key, double want, struct err *err)
{
	double is = number_of(object, key);

	if (is == want)
		return 0;
	return err_set(err, -EINVAL, "%s is %.10g in the file and %.10g now", key, is, want);
}

static int expect_text(const json_t *object, const char *key, const char *want, struct err *err)
{
	const char *is = json_string_value(json_object_get(object, key));

	if (is && !strcmp(is, want))
		return 0;
	return err_set(err, -EINVAL, "%s is '%.60s' in the file and '%.60s' now", key,
		       is ? is : "unknown", want);
}

static int check_design(const struct pair_sitting *s, const json_t *root, struct err *err)
{
	const json_t *design = json_object_get(root, "design");
	const struct pair_design *d = &s->setup->design;
	const struct {
		const char *key;
		double value;
	} rows[] = {
		{ "seed", (double)d->seed },
		{ "arms_count", (double)d->arms_count },
		{ "slice_ns_min", (double)d->slice_ns_min },
		{ "slice_ns_max", (double)d->slice_ns_max },
		{ "block_ns", (double)d->block_ns },
		{ "warmup_ns", (double)s->setup->warmup_ns },
		{ "lag_limit_pct", s->setup->lag_limit_pct },
		{ "is_realtime", s->setup->is_realtime },
		{ "has_all_rules", s->setup->has_all_rules },
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !rc; i++)
		rc = expect_number(design, rows[i].key, rows[i].value, err);
	return rc;
}

static int check_load(const struct pair_sitting *s, const json_t *root, double *rate_per_s,
		      struct err *err)
{
	const json_t *load = json_object_get(root, "load");
	const struct options *o = &s->setup->load;
	int rc;

	if (*rate_per_s == 0)
		*rate_per_s = number_of(load, "rate_per_s");
	rc = expect_number(load, "rate_per_s", *rate_per_s, err);
	if (!rc)
		rc = expect_text(load, "workload", s->setup->workload->name, err);
	if (!rc)
		rc = expect_text(load, "arrival", arrival_names[o->arrival], err);
	if (!rc)
		rc = expect_number(load, "connections_count", (double)o->connections_count, err);
	return rc ? rc : expect_number(load, "depth", (double)o->depth, err);
}

static int check_arms(const struct pair_sitting *s, const json_t *root, struct err *err)
{
	const json_t *arms = json_object_get(root, "arms");
	int rc = 0;

	for (uint32_t i = 0; i < s->setup->design.arms_count && !rc; i++) {
		const struct pair_arm *a = &s->setup->arms[i];
		const json_t *arm = json_array_get(arms, i);

		rc = expect_text(arm, "spec", a->spec, err);
		if (!rc)
			rc = expect_text(arm, "programs", a->bin, err);
		if (!rc)
			rc = expect_text(arm, "command", a->target.command, err);
		if (rc)
			err_wrap(err, rc, "arm %c", a->name);
	}
	return rc;
}

static int take_block(struct pair_sitting *s, const json_t *block, struct err *err)
{
	struct pair_record *r = &s->records[s->records_count];
	const json_t *arms = json_object_get(block, "arms");
	char *text = json_dumps(block, JSON_COMPACT | JSON_REAL_PRECISION(17));

	if (!text)
		return err_set(err, -ENOMEM, "out of memory for a block");
	*r = (struct pair_record){
		.index = (uint32_t)s->records_count,
		.is_valid = json_is_true(json_object_get(block, "is_valid")),
		.has_failed = json_is_true(json_object_get(block, "has_failed")),
		.text = text,
	};
	for (uint32_t arm = 0; arm < s->setup->design.arms_count; arm++) {
		const json_t *metrics = json_object_get(json_array_get(arms, arm), "metrics");

		for (size_t i = 0; i < pair_metrics_count(); i++)
			r->metrics[arm][i] = number_of(metrics, pair_metrics[i].key);
	}
	s->records_count++;
	s->valid_count += r->is_valid;
	return 0;
}

/* Drops failed blocks at the end: they are measured again. */
static void drop_failed(struct pair_sitting *s)
{
	while (s->records_count && s->records[s->records_count - 1].has_failed) {
		free(s->records[--s->records_count].text);
		s->valid_count -= s->records[s->records_count].is_valid;
	}
}

static int take_blocks(struct pair_sitting *s, const json_t *root, struct err *err)
{
	const json_t *blocks = json_object_get(root, "blocks");
	int rc = 0;

	for (size_t i = 0; i < json_array_size(blocks) && i < s->blocks_planned && !rc; i++) {
		const json_t *block = json_array_get(blocks, i);

		if (number_of(block, "index") != (double)i)
			break;
		rc = take_block(s, block, err);
	}
	drop_failed(s);
	return rc;
}

int pair_sitting_resume(struct pair_sitting *s, const char *path, double *rate_per_s,
			struct err *err)
{
	json_t *root = NULL;
	int rc = result_json_read(path, "goxel-pairs", 1, &root, err);

	if (rc)
		return rc;
	rc = check_design(s, root, err);
	if (!rc)
		rc = check_load(s, root, rate_per_s, err);
	if (!rc)
		rc = check_arms(s, root, err);
	if (rc)
		err_wrap(err, rc, "%s belongs to another comparison", path);
	else
		rc = take_blocks(s, root, err);
	json_decref(root);
	return rc ? rc : compute(s, err);
}
