/*
 * bench_served.c - large requests to a real daemon over its socket: batches of 100,000 voxels, with
 * the time that the SIMD parser alone takes for the same text for comparison; files saved and
 * loaded.
 *
 * Ordered: x fastest, as scripts write a model. Scattered: in random order within a cube of 128.
 * The files have about 60,000 voxels, a hollow box in many blocks, including the drawn preview.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/suite/launch.h"
#include "bench/suite/suite.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/rng.h"
#include "daemon/parser/parser.h"
#include "daemon/server/preset.h"

enum { VOXELS = 100000, EDGE = 50, SCATTER = 128, DEADLINE_S = 10 };

enum kind { BATCH_ORDERED, BATCH_SCATTERED, GOX_SAVE, GOX_LOAD, KINDS };

static const char *const kind_names[KINDS] = { "batch_100k", "batch_100k_scattered", "gox_60k/save",
					       "gox_60k/load" };

struct served {
	const char *preset;
	enum kind kind;
};

struct desk {
	struct launch launch;
	int fd;
	struct strbuf request; /* what is timed */
	struct strbuf reply;
	char expected[64]; /* expected in the reply */
};

static void write_batch(struct strbuf *sb, bool scattered)
{
	struct rng rng;

	rng_init(&rng, 1, 0);
	strbuf_add_str(
		sb, "{\"jsonrpc\":\"2.0\",\"method\":\"add_voxel_batch\",\"params\":{\"voxels\":[");
	for (uint32_t i = 0; i < VOXELS; i++) {
		uint32_t x = scattered ? (uint32_t)rng_below(&rng, SCATTER) : i % EDGE;
		uint32_t y = scattered ? (uint32_t)rng_below(&rng, SCATTER) : i / EDGE % EDGE;
		uint32_t z = scattered ? (uint32_t)rng_below(&rng, SCATTER) : i / (EDGE * EDGE);

		strbuf_addf(sb,
			    "%s{\"x\":%u,\"y\":%u,\"z\":%u,\"r\":%u,\"g\":%u,\"b\":%u,\"a\":255}",
			    i ? "," : "", x, y, z, (unsigned)rng_below(&rng, 256),
			    (unsigned)rng_below(&rng, 256), (unsigned)rng_below(&rng, 256));
	}
	strbuf_add_str(sb, "]},\"id\":1}\n");
}

/* ---- the parser alone ------------------------------------------------------------------------ */

static int make_text(struct bench_state *s, void **out)
{
	const struct served *what = bench_context(s);
	struct strbuf *sb = calloc(1, sizeof(*sb));

	if (!sb)
		return -ENOMEM;
	write_batch(sb, what->kind == BATCH_SCATTERED);
	for (int i = 0; i < PARSER_PADDING_BYTES; i++)
		strbuf_add_char(sb, '\0');
	if (sb->failed) {
		strbuf_deinit(sb);
		free(sb);
		return -ENOMEM;
	}
	*out = sb;
	return 0;
}

static void drop_text(struct bench_state *s, void *arg)
{
	(void)s;
	strbuf_deinit(arg);
	free(arg);
}

static void parse(struct bench_state *s)
{
	const struct strbuf *sb = bench_shared(s);
	struct span text = span_of(sb->ptr, sb->len - PARSER_PADDING_BYTES);
	struct err err = ERR_INIT;
	struct parser *p;

	if (parser_open("simd", &p, &err) < 0) {
		suite_fail(s, err.code, "%s", err.msg);
		return;
	}
	BENCH_LOOP(s) {
		struct rpc_request request;
		struct parse_fault fault;
		struct value root;

		if (parser_parse(p, text, &root, &fault) < 0 ||
		    parser_envelope(p, root, &request) < 0)
			suite_wrong(s, "the batch is refused");
		parser_reset(p);
	}
	bench_items_processed(s, bench_iterations_done(s) * VOXELS);
	parser_close(p);
}

/* ---- the daemon
 * ---------------------------------------------------------------------------------- */

static void tear_down(struct bench_state *s, void *arg)
{
	struct desk *d = arg;

	(void)s;
	if (d->fd >= 0)
		close(d->fd);
	launch_deinit(&d->launch);
	strbuf_deinit(&d->request);
	strbuf_deinit(&d->reply);
	free(d);
}

static int ask(struct desk *d, struct span request, const char *expected, struct err *err)
{
	int rc = launch_ask(d->fd, request, &d->reply, err);

	if (rc < 0 || strstr(d->reply.ptr, expected))
		return rc;
	return err_set(err, -EBADMSG, "the daemon answers '%.100s'", d->reply.ptr);
}

/* A hollow box and a ball in it: 100^3 - 98^3 voxels and about 1,200. */
static int build(struct desk *d, struct err *err)
{
	static const char *const calls[] = {
		"{\"jsonrpc\":\"2.0\",\"method\":\"create_project\",\"id\":1}\n",
		"{\"jsonrpc\":\"2.0\",\"method\":\"procedural_shape\",\"params\":{\"shape_type\":"
		"\"box\",\"size\":100,\"hollow\":true,\"color\":\"#c06030\"},\"id\":1}\n",
		"{\"jsonrpc\":\"2.0\",\"method\":\"procedural_shape\",\"params\":{\"shape_type\":"
		"\"sphere\",\"size\":13,\"color\":\"#3060c0\"},\"id\":1}\n",
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(calls) / sizeof(calls[0]); i++)
		rc = ask(d, span_str(calls[i]), "\"success\":true", err);
	return rc;
}

static void write_request(struct desk *d, enum kind kind)
{
	static const char *const methods[KINDS] = {
		[GOX_SAVE] = "save_project", [GOX_LOAD] = "load_project"
	};

	if (methods[kind])
		strbuf_addf(&d->request,
			    "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":[\"%s/model.gox\"],"
			    "\"id\":1}\n",
			    methods[kind], d->launch.dir);
	else
		write_batch(&d->request, kind == BATCH_SCATTERED);
}

static int prepare(struct desk *d, const struct served *what, struct err *err)
{
	bool is_file = what->kind == GOX_SAVE || what->kind == GOX_LOAD;
	int rc = launch_start(&d->launch, what->preset, err);

	if (rc < 0)
		return rc;
	d->fd = launch_connect(&d->launch, clock_ns() + DEADLINE_S * NSEC_PER_SEC, err);
	if (d->fd < 0)
		return d->fd;
	rc = build(d, err);
	if (rc == 0 && what->kind == GOX_LOAD) {
		write_request(d, GOX_SAVE);
		rc = ask(d, strbuf_span(&d->request), "\"success\":true", err);
		strbuf_clear(&d->request);
	}
	write_request(d, what->kind);
	snprintf(d->expected, sizeof(d->expected), "%s",
		 is_file ? "\"success\":true" : "\"added\":100000,\"failed\":0");
	return rc;
}

static int set_up(struct bench_state *s, void **out)
{
	struct desk *d = calloc(1, sizeof(*d));
	struct err err = ERR_INIT;
	int rc;

	if (!d)
		return -ENOMEM;
	d->fd = -1;
	rc = launch_init(&d->launch, &err);
	if (rc < 0) {
		free(d);
		return suite_fail(s, rc, "%s", err.msg);
	}
	rc = prepare(d, bench_context(s), &err);
	if (rc == 0)
		rc = ask(d, strbuf_span(&d->request), d->expected, &err);
	if (rc < 0) {
		tear_down(s, d);
		return suite_fail(s, rc, "%s", err.msg);
	}
	*out = d;
	return 0;
}

static void serve(struct bench_state *s)
{
	struct desk *d = bench_shared(s);
	struct err err = ERR_INIT;

	BENCH_LOOP(s) {
		if (ask(d, strbuf_span(&d->request), d->expected, &err) < 0) {
			suite_fail(s, err.code, "%s", err.msg);
			break;
		}
	}
}

/* The wall clock counts, since most of the time passes in the daemon. */
static void add_one(const struct bench_fixture *fixture, bench_body *body, const char *preset,
		    enum kind kind)
{
	struct served *what = suite_keep(1, sizeof(*what));

	*what = (struct served){ preset, kind };
	bench_time_unit(bench_use_real_time(
				suite_add(body, fixture, what, "%s/%s", kind_names[kind], preset)),
			BENCH_US);
}

static void add(void)
{
	static const struct bench_fixture parsing = { .setup = make_text, .teardown = drop_text };
	static const struct bench_fixture serving = { .setup = set_up, .teardown = tear_down };

	for (enum kind kind = BATCH_ORDERED; kind <= BATCH_SCATTERED; kind++)
		add_one(&parsing, parse, "parse", kind);
	for (size_t i = 0; preset_names[i]; i++)
		for (enum kind kind = BATCH_ORDERED; kind < KINDS; kind++)
			add_one(&serving, serve, preset_names[i], kind);
}

const struct suite suite_served = {
	.name = "served",
	.summary = "large requests to a real daemon over its socket: batches, files",
	.add = add,
};
