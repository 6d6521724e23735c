/* cmd_hlog.c - goxel-report hlog: prints the contents of an interval log, per tag and in total. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "daemon/base/json_out.h"
#include "reports/cmd.h"
#include "reports/doc/doc.h"
#include "reports/doc/fmt.h"
#include "reports/lib/hlog.h"
#include "reports/lib/quantiles.h"

enum { TAGS_MAX = 256 };

struct options {
	bool json;
	double unit_ns;
};

struct tag {
	char name[HLOG_TAG_BYTES_MAX + 1];
	struct hist *hist;
};

struct summary {
	struct tag tags[TAGS_MAX]; /* in order of appearance; "" = lines without a tag */
	size_t count;
	double start_s, end_s;
};

static const struct cli_opt opts[] = {
	{ .name = "json",
	  .type = CLI_FLAG,
	  .offset = offsetof(struct options, json),
	  .help = "print one JSON document" },
	{ .name = "unit-ns",
	  .type = CLI_REAL,
	  .offset = offsetof(struct options, unit_ns),
	  .preset = "1",
	  .min = 0.001,
	  .max = 1e9,
	  .arg = "N",
	  .help = "nanoseconds per recorded unit (wrk2 and others: 1000)" },
	{ 0 },
};

static const struct cli_prog prog = {
	.name = "goxel-report hlog",
	.usage = "goxel-report hlog FILE [options]",
	.summary = "Prints the percentiles of an HdrHistogram "
		   "interval log (formats 1.0 to 1.3), per tag.",
	.opts = opts,
};

static int visit(void *arg, const struct hlog_entry *entry, struct err *err)
{
	struct summary *s = arg;
	size_t i = 0;

	while (i < s->count && !span_is(entry->tag, s->tags[i].name))
		i++;
	if (i == s->count) {
		if (i == TAGS_MAX)
			return err_set(err, -EMSGSIZE, "more than %d tags", TAGS_MAX);
		s->tags[i].hist = hist_new();
		if (!s->tags[i].hist)
			return err_set(err, -ENOMEM, "out of memory");
		snprintf(s->tags[i].name, sizeof(s->tags[i].name), "%.*s", SPAN_ARG(entry->tag));
		s->count++;
	}
	hist_add(s->tags[i].hist, entry->hist);
	if (s->end_s == 0 || entry->start_s < s->start_s)
		s->start_s = entry->start_s;
	if (entry->start_s + entry->length_s > s->end_s)
		s->end_s = entry->start_s + entry->length_s;
	return 0;
}

static void print_text(const char *path, const struct summary *s, const struct hlog_info *info)
{
	struct strbuf head = { 0 }, out = { 0 };
	struct doc d;

	doc_init(&d, path);
	doc_para(&d, "format %s, %zu lines, %.3f s", info->version[0] ? info->version : "unknown",
		 info->lines_count, s->end_s - s->start_s);
	strbuf_add_str(&head, "Tag|>Count|>Mean");
	for (size_t q = 0; q < QUANTILES_COUNT; q++)
		if (quantiles[q].uses & QUANTILE_SHORT)
			strbuf_addf(&head, "|>%s", quantiles[q].name);
	doc_table(&d, strbuf_span(&head).ptr);
	for (size_t i = 0; i < s->count; i++) {
		const struct hist *h = s->tags[i].hist;

		doc_cell(&d, TONE_NONE, "%s", s->tags[i].name[0] ? s->tags[i].name : "(no tag)");
		doc_cell(&d, TONE_NONE, "%s", fmt_count((double)h->total).s);
		doc_cell(&d, TONE_NONE, "%s", fmt_ns(hist_mean_ns(h)).s);
		for (size_t q = 0; q < QUANTILES_COUNT; q++)
			if (quantiles[q].uses & QUANTILE_SHORT)
				doc_cell(&d, TONE_NONE, "%s",
					 fmt_ns((double)hist_quantile_ns(h, quantiles[q].q)).s);
	}
	doc_text(&d, &out);
	fputs(strbuf_span(&out).ptr, stdout);
	strbuf_deinit(&head);
	strbuf_deinit(&out);
	doc_deinit(&d);
}

static void print_json(const char *path, const struct summary *s, const struct hlog_info *info)
{
	struct strbuf out = { 0 };
	struct json_out j = { .sb = &out, .indent = 2 };
	char key[32];

	json_object_open(&j, NULL);
	json_str(&j, "schema", "goxel-hlog/1");
	json_str(&j, "file", path);
	json_str(&j, "format", info->version[0] ? info->version : NULL);
	json_f64(&j, "start_s", info->start_s);
	json_u64(&j, "lines_count", info->lines_count);
	json_array_open(&j, "tags");
	for (size_t i = 0; i < s->count; i++) {
		const struct hist *h = s->tags[i].hist;

		json_object_open(&j, NULL);
		json_str(&j, "tag", s->tags[i].name[0] ? s->tags[i].name : NULL);
		json_u64(&j, "count", h->total);
		json_f64(&j, "mean_ns", hist_mean_ns(h));
		json_f64(&j, "stddev_ns", hist_stddev_ns(h));
		for (size_t q = 0; q < QUANTILES_COUNT; q++) {
			snprintf(key, sizeof(key), "%s_ns", quantiles[q].key);
			json_u64(&j, key, hist_quantile_ns(h, quantiles[q].q));
		}
		json_close(&j);
	}
	json_close(&j);
	json_close(&j);
	puts(strbuf_span(&out).ptr);
	strbuf_deinit(&out);
}

int cmd_hlog(int argc, char **argv)
{
	struct options o = { 0 };
	struct summary *s = calloc(1, sizeof(*s));
	struct hlog_info info = { 0 };
	struct err err = ERR_INIT;
	int at = 0;
	int rc = s ? cli_defaults(&prog, &o, &err) : err_set(&err, -ENOMEM, "out of memory");

	if (rc == 0)
		rc = cli_parse(&prog, &o, argc, argv, &at, &err);
	if (rc == 0 && argc - at != 1)
		rc = err_set(&err, -EINVAL, "%d files given, not 1; see --help", argc - at);
	if (rc == 0)
		rc = hlog_read(argv[at], o.unit_ns, visit, s, &info, &err);
	if (rc == 0 && s)
		(o.json ? print_json : print_text)(argv[at], s, &info);
	for (size_t i = 0; s && i < s->count; i++)
		hist_free(s->tags[i].hist);
	free(s);
	return rc < 0 ? cmd_fail(argv[0], &err, cmd_exit_code(rc)) : EXIT_OK;
}
