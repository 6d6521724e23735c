/*
 * bench_json.c - the parser axis: reads a whole request (structure, numbers, UTF-8, the envelope,
 * every voxel) and refuses malformed texts. simdjson, if installed, does the same for comparison.
 *
 * Each text has VARIANTS with other numbers, so that branch predictors cannot learn one. The sum of
 * all values read must equal that of the values written.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/suite/suite.h"
#include "daemon/base/err.h"
#include "daemon/base/rng.h"
#include "daemon/base/strbuf.h"
#include "daemon/parser/parser.h"
#include "daemon/test/oracle_simdjson.h"

enum { VARIANTS = 16, HOSTILE_BYTES = 100000 };

struct text {
	const char *name;
	size_t voxels_count; /* 0: a ping */
	size_t bytes;        /* at least; filled up with white space */
	size_t variants;
	int64_t (*oracle)(const char *text, size_t len);
	struct span spans[VARIANTS];
	int64_t sums[VARIANTS];
};

static struct text texts[] = {
	{ .name = "json_parse_ping", .variants = VARIANTS, .oracle = oracle_ping },
	{ .name = "json_parse_1k",
	  .voxels_count = 19,
	  .bytes = 1017,
	  .variants = VARIANTS,
	  .oracle = oracle_voxels },
	{ .name = "json_parse_100k",
	  .voxels_count = 2000,
	  .bytes = 100000,
	  .variants = 4,
	  .oracle = oracle_voxels },
};

static int64_t add_number(struct strbuf *sb, const char *before, struct rng *rng, unsigned bound,
			  int64_t from)
{
	int64_t value = (int64_t)rng_below(rng, bound) + from;

	strbuf_add_str(sb, before);
	strbuf_add_i64(sb, value);
	return value;
}

/* Returns the sum of all numbers in it and the length of the method's name. */
static int64_t write_voxels(struct strbuf *sb, const struct text *t, size_t variant)
{
	int64_t id = 100 + (int64_t)variant, sum = id + (int64_t)strlen("add_voxels");
	struct rng rng;

	rng_init(&rng, variant + 1, t->voxels_count);
	strbuf_add_str(sb,
		       "{\"jsonrpc\":\"2.0\",\"method\":\"add_voxels\",\"params\":{\"voxels\":[");
	for (size_t i = 0; i < t->voxels_count; i++) {
		sum += add_number(sb, i ? ",{\"x\":" : "{\"x\":", &rng, 400, -200);
		sum += add_number(sb, ",\"y\":", &rng, 400, -200);
		sum += add_number(sb, ",\"z\":", &rng, 400, -200);
		sum += add_number(sb, ",\"r\":", &rng, 256, 0);
		sum += add_number(sb, ",\"g\":", &rng, 256, 0);
		sum += add_number(sb, ",\"b\":", &rng, 256, 0);
		strbuf_add_char(sb, '}');
	}
	strbuf_addf(sb, "]},\"id\":%d", (int)id);
	while (sb->len + 1 < t->bytes)
		strbuf_add_char(sb, ' ');
	strbuf_add_char(sb, '}');
	return sum;
}

static int64_t write_ping(struct strbuf *sb, size_t variant)
{
	int64_t id = 10 + (int64_t)variant;

	strbuf_addf(sb,
		    "{\"jsonrpc\":\"2.0\",\"method\":\"goxel.ping\",\"params\":"
		    "{\"payload\":\"0123456789a\"},\"id\":%d}",
		    (int)id);
	return id + (int64_t)strlen("goxel.ping");
}

/* The text with the padding that parsers need after it, for the life of the program. */
static struct span keep_text(struct strbuf *sb)
{
	char *mem = suite_keep(1, sb->len + PARSER_PADDING_BYTES);
	struct span span = { mem, sb->len };

	memcpy(mem, sb->ptr, sb->len);
	strbuf_deinit(sb);
	*sb = (struct strbuf){ 0 };
	return span;
}

static void make_text(struct text *t)
{
	struct strbuf sb = { 0 };

	for (size_t v = 0; v < t->variants; v++) {
		t->sums[v] = t->voxels_count ? write_voxels(&sb, t, v) : write_ping(&sb, v);
		t->spans[v] = keep_text(&sb);
	}
}

static int64_t sum_voxels(struct value params)
{
	struct value voxels = value_member(params, "voxels"), voxel, field;
	struct value_records records;
	int64_t sum = 0;
	bool more_voxels, more;

	if (value_records(voxels, &records)) {
		for (size_t i = 0; i < (size_t)records.row_count * records.column_count; i++)
			sum += records.values[i];
		return sum;
	}
	for (more_voxels = value_first(voxels, &voxel); more_voxels;
	     more_voxels = value_next(voxel, &voxel))
		for (more = value_first(voxel, &field); more; more = value_next(field, &field))
			sum += value_integer(field);
	return sum;
}

/* The id, which the envelope passes on as text: a worker only echoes it. */
static int64_t number_of(struct span digits)
{
	int64_t value = 0;

	for (size_t i = 0; i < digits.len; i++)
		value = value * 10 + (digits.ptr[i] - '0');
	return value;
}

/* Reads a request as a worker does. -1: refused. */
static int64_t read_request(struct parser *p, struct span text, bool has_voxels)
{
	struct rpc_request request;
	struct parse_fault fault;
	struct value root;
	int64_t sum = -1;

	if (parser_parse(p, text, &root, &fault) == 0 && parser_envelope(p, root, &request) == 0) {
		sum = number_of(request.id) + (int64_t)request.method.len;
		if (has_voxels)
			sum += sum_voxels(request.params);
	}
	parser_reset(p);
	return sum;
}

struct parsing {
	const struct parser_ops *ops; /* NULL: the oracle */
	const struct text *text;
};

static int open_parser(struct bench_state *s, void *shared, void **out)
{
	const struct parsing *what = bench_context(s);
	const struct text *t = what->text;
	struct err err = ERR_INIT;
	struct parser *p;
	int rc = parser_open(what->ops->head.name, &p, &err);

	(void)shared;
	if (rc < 0)
		return suite_fail(s, rc, "%s", err.msg);
	for (size_t v = 0; v < t->variants && rc == 0; v++) {
		int64_t sum = read_request(p, t->spans[v], t->voxels_count != 0);

		if (sum != t->sums[v])
			rc = suite_wrong(s, "the values of text %zu sum up to %lld, not %lld", v,
					 (long long)sum, (long long)t->sums[v]);
	}
	if (rc < 0)
		parser_close(p);
	else
		*out = p;
	return rc;
}

static void close_parser(struct bench_state *s, void *local)
{
	(void)s;
	parser_close(local);
}

static void parse(struct bench_state *s)
{
	const struct parsing *what = bench_context(s);
	const struct text *t = what->text;
	struct parser *p = bench_local(s);
	size_t v = 0;

	BENCH_LOOP(s) {
		BENCH_KEEP(read_request(p, t->spans[v], t->voxels_count != 0));
		v = v + 1 == t->variants ? 0 : v + 1;
	}
	bench_bytes_processed(s, bench_iterations_done(s) * t->spans[0].len);
}

static void parse_oracle(struct bench_state *s)
{
	const struct parsing *what = bench_context(s);
	const struct text *t = what->text;
	size_t v = 0;

	if (t->oracle(t->spans[0].ptr, t->spans[0].len) == -EOPNOTSUPP)
		bench_skip_message(s, "simdjson is not installed");
	for (size_t i = 0; i < t->variants && !bench_is_skipped(s); i++)
		if (t->oracle(t->spans[i].ptr, t->spans[i].len) != t->sums[i])
			suite_wrong(s, "simdjson gets another sum for text %zu", i);
	BENCH_LOOP(s) {
		BENCH_KEEP(t->oracle(t->spans[v].ptr, t->spans[v].len));
		v = v + 1 == t->variants ? 0 : v + 1;
	}
	bench_bytes_processed(s, bench_iterations_done(s) * t->spans[0].len);
}

/* ---- what must be refused --------------------------------------------------------------- */

struct hostile {
	const char *name;
	const char *head;
	char fill; /* repeated up to HOSTILE_BYTES */
	const char *tail;
	struct span text;
};

static struct hostile hostiles[] = {
	{ .name = "deep", .head = "{\"a\":", .fill = '[', .tail = "" },
	{ .name = "bad_utf8", .head = "{\"a\":\"", .fill = 'x', .tail = "\xc3\x28\"}" },
	{ .name = "never_ends", .head = "[\"", .fill = 'x', .tail = "" },
	{ .name = "bad_number", .head = "[", .fill = '7', .tail = "e]" },
};

static void make_hostile(struct hostile *h)
{
	struct strbuf sb = { 0 };

	strbuf_add_str(&sb, h->head);
	while (sb.len < HOSTILE_BYTES)
		strbuf_add_char(&sb, h->fill);
	strbuf_add_str(&sb, h->tail);
	h->text = keep_text(&sb);
}

struct refusal {
	const struct parser_ops *ops;
	const struct hostile *hostile;
};

static void refuse(struct bench_state *s)
{
	const struct refusal *what = bench_context(s);
	struct err err = ERR_INIT;
	struct parse_fault fault;
	struct value root;
	struct parser *p;

	if (parser_open(what->ops->head.name, &p, &err) < 0) {
		suite_fail(s, -ENOMEM, "%s", err.msg);
		return;
	}
	BENCH_LOOP(s) {
		if (parser_parse(p, what->hostile->text, &root, &fault) != -EPROTO)
			suite_wrong(s, "accepted text that is not JSON");
		parser_reset(p);
	}
	parser_close(p);
	bench_bytes_processed(s, bench_iterations_done(s) * what->hostile->text.len);
}

static void add_parser(const struct parser_ops *ops)
{
	static const struct bench_fixture fixture = { .thread_setup = open_parser,
						      .thread_teardown = close_parser };
	struct parsing *what = suite_keep(3, sizeof(*what));
	struct refusal *refusals = suite_keep(4, sizeof(*refusals));

	for (size_t i = 0; i < 3; i++) {
		what[i] = (struct parsing){ ops, &texts[i] };
		suite_add(parse, &fixture, &what[i], "%s/%s", texts[i].name, ops->head.name);
	}
	bench_use_real_time(bench_threads(
		suite_add(parse, &fixture, &what[1], "json_parse_1k_contended/%s", ops->head.name),
		2));
	for (size_t i = 0; i < 4; i++) {
		refusals[i] = (struct refusal){ ops, &hostiles[i] };
		suite_add(refuse, NULL, &refusals[i], "json_refuse_100k/%s/%s", ops->head.name,
			  hostiles[i].name);
	}
}

static void add(void)
{
	struct parsing *what = suite_keep(3, sizeof(*what));

	for (size_t i = 0; i < 3; i++)
		make_text(&texts[i]);
	for (size_t i = 0; i < 4; i++)
		make_hostile(&hostiles[i]);
	for (size_t i = 0; parser_backends[i]; i++)
		add_parser(parser_backends[i]);
	for (size_t i = 0; i < 3; i++) {
		what[i] = (struct parsing){ NULL, &texts[i] };
		suite_add(parse_oracle, NULL, &what[i], "oracle/%s/simdjson", texts[i].name);
	}
}

const struct suite suite_json = {
	.name = "json",
	.summary = "requests read to the last value, hostile texts refused",
	.add = add,
};
