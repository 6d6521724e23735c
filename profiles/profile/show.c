#include "profiles/profile/show.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/strbuf.h"
#include "profiles/profile/intern.h"
#include "profiles/profile/legacy.h"
#include "profiles/profile/pprof_read.h"

struct show_cfg {
	int64_t top;
	bool lines;
	const char *type;
	const char *legacy;
};

#define O(field) offsetof(struct show_cfg, field)
static const struct cli_opt show_opts[] = {
	{ .name = "top",
	  .type = CLI_INT,
	  .offset = O(top),
	  .preset = "20",
	  .min = 1,
	  .max = 100000,
	  .arg = "N",
	  .help = "rows to show" },
	{ .name = "lines",
	  .type = CLI_FLAG,
	  .offset = O(lines),
	  .help = "show a row per line instead of per function" },
	{ .name = "type",
	  .type = CLI_TEXT,
	  .offset = O(type),
	  .arg = "NAME",
	  .help = "sample type to show (default: the profile's own)" },
	{ .name = "legacy",
	  .type = CLI_TEXT,
	  .offset = O(legacy),
	  .arg = "FILE",
	  .help = "write it in gperftools' format, for google-pprof" },
	{ 0 },
};
#undef O

static const struct cli_prog show_prog = {
	.name = "goxel-profile show",
	.usage = "goxel-profile show FILE.pb.gz [options]",
	.summary = "Shows where a pprof profile spent its samples.",
	.opts = show_opts,
};

struct row {
	const char *function, *file;
	int64_t line; /* 0 = the whole function */
	int64_t flat, cumulative;
	size_t last_sample; /* number + 1 of the sample counted last, so that recursion counts once
			     */
};

struct table {
	struct intern keys;
	struct row *rows; /* [cap]: indexed by number of key */
	size_t cap;
	int64_t total;
};

static struct row *row_of(struct table *t, const struct pprof_profile *p, const Pprof__Line *line,
			  bool by_line)
{
	const Pprof__Function *f = p->functions[line->function_id];
	struct row row = { .function = pprof_text(p, f->name),
			   .file = pprof_text(p, f->filename),
			   .line = by_line ? line->line : 0 };
	struct strbuf key = { 0 };
	size_t known = t->keys.count;
	int64_t number;

	strbuf_addf(&key, "%s%c%s%c%lld", row.function, 0, row.file, 0, (long long)row.line);
	number = key.failed ? -ENOMEM : intern_add(&t->keys, key.ptr, key.len);
	strbuf_deinit(&key);
	if (number < 0)
		return NULL;
	if ((size_t)number == known) {
		if (known == t->cap) {
			size_t cap = t->cap ? 2 * t->cap : 256;
			struct row *more = realloc(t->rows, cap * sizeof(*more));

			if (!more)
				return NULL;
			t->rows = more;
			t->cap = cap;
		}
		t->rows[number] = row;
	}
	return &t->rows[number];
}

/* A location without lines is represented by its address. */
static int add_location(struct table *t, const struct pprof_profile *p, const Pprof__Location *l,
			bool by_line, size_t sample, int64_t value)
{
	for (size_t i = 0; i < l->n_line; i++) {
		struct row *row = row_of(t, p, l->line[i], by_line);

		if (!row)
			return -ENOMEM;
		if (row->last_sample != sample + 1)
			row->cumulative += value;
		row->last_sample = sample + 1;
	}
	return 0;
}

static int build(struct table *t, const struct pprof_profile *p, int type, bool by_line)
{
	for (size_t i = 0; i < p->msg->n_sample; i++) {
		const Pprof__Sample *s = p->msg->sample[i];

		t->total += s->value[type];
		for (size_t k = 0; k < s->n_location_id; k++) {
			const Pprof__Location *l = p->locations[s->location_id[k]];
			int rc = add_location(t, p, l, by_line, i, s->value[type]);

			if (rc < 0)
				return rc;
			if (k == 0 && l->n_line > 0)
				row_of(t, p, l->line[0], by_line)->flat += s->value[type];
		}
	}
	return 0;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->flat != y->flat)
		return x->flat < y->flat ? 1 : -1;
	if (x->cumulative != y->cumulative)
		return x->cumulative < y->cumulative ? 1 : -1;
	return strcmp(x->function, y->function);
}

static double percent(int64_t part, int64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print(const struct table *t, const struct pprof_profile *p, int type, int64_t top)
{
	const Pprof__ValueType *kind = p->msg->sample_type[type];

	printf("%s: %lld %s in %zu stacks\n", pprof_text(p, kind->type), (long long)t->total,
	       pprof_text(p, kind->unit), p->msg->n_sample);
	printf("%14s %6s %14s %6s  %s\n", "flat", "flat%", "cum", "cum%", "function");
	for (size_t i = 0; i < t->keys.count && (int64_t)i < top; i++) {
		const struct row *r = &t->rows[i];

		printf("%14lld %5.1f%% %14lld %5.1f%%  %s", (long long)r->flat,
		       percent(r->flat, t->total), (long long)r->cumulative,
		       percent(r->cumulative, t->total), r->function);
		if (r->file[0] && r->line)
			printf(" %s:%lld", r->file, (long long)r->line);
		else if (r->file[0])
			printf(" %s", r->file);
		putchar('\n');
	}
}

static int write_legacy(const struct pprof_profile *p, const char *path, struct err *err)
{
	struct strbuf out = { 0 };
	int rc = legacy_write(p, &out, err);

	if (rc == 0)
		rc = file_write_atomic(path, strbuf_span(&out), err);
	strbuf_deinit(&out);
	return rc;
}

static int show(const struct show_cfg *cfg, const char *path, struct err *err)
{
	struct pprof_profile p = { 0 };
	struct table t = { 0 };
	int rc = pprof_read(path, &p, err), type;

	if (rc < 0)
		return rc;
	type = pprof_find_type(&p, cfg->type);
	if (type < 0)
		rc = err_set(err, -EINVAL, "%s has no sample type '%s'", path, cfg->type);
	else if (cfg->legacy)
		rc = write_legacy(&p, cfg->legacy, err);
	else
		rc = build(&t, &p, type, cfg->lines);
	if (rc == 0 && !cfg->legacy) {
		if (t.keys.count)
			qsort(t.rows, t.keys.count, sizeof(*t.rows), compare_rows);
		print(&t, &p, type, cfg->top);
	}
	intern_deinit(&t.keys);
	free(t.rows);
	pprof_deinit(&p);
	return rc;
}

int show_main(int argc, char **argv)
{
	struct show_cfg cfg = { 0 };
	struct err err = ERR_INIT;
	int operand = argc, rc = cli_defaults(&show_prog, &cfg, &err);

	if (rc == 0)
		rc = cli_parse(&show_prog, &cfg, argc, argv, &operand, &err);
	if (rc > 0)
		return EXIT_OK;
	if (rc == 0 && operand != argc - 1)
		rc = err_set(&err, -EINVAL, "no profile given: name one file in pprof's format");
	if (rc < 0) {
		fprintf(stderr, "goxel-profile show: %s\n", err.msg);
		return EXIT_USAGE;
	}
	rc = show(&cfg, argv[operand], &err);
	if (rc == 0)
		return EXIT_OK;
	fprintf(stderr, "goxel-profile show: %s\n", err.msg);
	return rc == -EINVAL || rc == -ENOENT ? EXIT_USAGE : EXIT_FAILED;
}
