/*
 * bench_reply.c - writing results as text by each parser's reply builder: a short one, and a region
 * of 1,000 voxels. All builders must write the same bytes.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/suite/suite.h"
#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"
#include "daemon/json/outbuf.h"
#include "daemon/parser/parser.h"
#include "daemon/rpc/reply.h"

struct writer {
	struct parser *parser;
	struct reply *reply;
	struct outbuf out;
};

/* {"count":n,"voxels":[{"x":..,"y":..,"z":..,"color":"#rrggbb"},...]} */
static int write_reply(struct writer *w, int64_t voxels_count)
{
	struct reply *r = w->reply;

	w->out.len = 0;
	r->ops->begin(r, &w->out);
	reply_object(r);
	reply_key_integer(r, "count", voxels_count);
	reply_key_array(r, "voxels");
	for (int64_t i = 0; i < voxels_count; i++) {
		reply_object(r);
		reply_key_integer(r, "x", i % 64 - 32);
		reply_key_integer(r, "y", i / 64 % 64);
		reply_key_integer(r, "z", i * 7919);
		reply_key_string(r, "color", SPAN_LIT("#10a0ff"));
		reply_object_end(r);
	}
	reply_array_end(r);
	reply_object_end(r);
	return r->ops->end(r, SPAN_LIT("17"));
}

/* Writes the same text without a builder. */
static void expect(struct strbuf *sb, int64_t voxels_count)
{
	strbuf_addf(sb, "{\"jsonrpc\":\"2.0\",\"result\":{\"count\":%d,\"voxels\":[",
		    (int)voxels_count);
	for (int64_t i = 0; i < voxels_count; i++)
		strbuf_addf(sb, "%s{\"x\":%d,\"y\":%d,\"z\":%d,\"color\":\"#10a0ff\"}",
			    i ? "," : "", (int)(i % 64 - 32), (int)(i / 64 % 64), (int)(i * 7919));
	strbuf_add_str(sb, "]},\"id\":17}");
}

static void close_writer(struct bench_state *s, void *local)
{
	struct writer *w = local;

	(void)s;
	parser_reply_close(w->reply);
	parser_close(w->parser);
	free(w->out.ptr);
	free(w);
}

static int check(struct bench_state *s, struct writer *w)
{
	struct strbuf want = { 0 };
	int rc = write_reply(w, bench_range(s, 0));

	if (rc < 0)
		return suite_fail(s, rc, "the reply could not be written");
	expect(&want, bench_range(s, 0));
	if (!span_eq(span_of(w->out.ptr, w->out.len), strbuf_span(&want)))
		rc = suite_wrong(s, "the reply is not '%.60s...'", want.ptr);
	strbuf_deinit(&want);
	return rc;
}

static int open_writer(struct bench_state *s, void *shared, void **out)
{
	const struct parser_ops *ops = bench_context(s);
	struct writer *w = calloc(1, sizeof(*w));
	struct err err = ERR_INIT;
	int rc;

	(void)shared;
	if (!w)
		return -ENOMEM;
	w->out.grow = outbuf_grow_malloc;
	rc = parser_open(ops->head.name, &w->parser, &err);
	if (rc == 0)
		rc = parser_reply_open(w->parser, &w->reply, &err);
	if (rc < 0)
		suite_fail(s, rc, "%s", err.msg);
	if (rc == 0)
		rc = check(s, w);
	if (rc < 0)
		close_writer(s, w);
	else
		*out = w;
	return rc;
}

static void serialize(struct bench_state *s)
{
	struct writer *w = bench_local(s);
	int64_t count = bench_range(s, 0);

	BENCH_LOOP(s)
		BENCH_KEEP(write_reply(w, count));
	bench_bytes_processed(s, bench_iterations_done(s) * w->out.len);
}

static void add(void)
{
	static const struct bench_fixture fixture = { .thread_setup = open_writer,
						      .thread_teardown = close_writer };
	static const struct reply_ops *seen[16];
	size_t seen_count = 0;

	/* Several parsers share a builder, which is measured once, under its own name. */
	for (size_t i = 0; parser_backends[i]; i++) {
		const struct parser_ops *ops = parser_backends[i];
		size_t k = 0;

		while (k < seen_count && seen[k] != ops->reply)
			k++;
		if (k < seen_count || seen_count == 16)
			continue;
		seen[seen_count++] = ops->reply;
		bench_arg(bench_arg(suite_add(serialize, &fixture, ops, "serialize/%s",
					      ops->reply->name),
				    1),
			  1000);
	}
}

const struct suite suite_reply = {
	.name = "reply",
	.summary = "a reply's text, of 1 and of 1,000 voxels",
	.add = add,
};
