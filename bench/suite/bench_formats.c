/*
 * bench_formats.c - writing and reading documents in memory: .gox saved and loaded, and every other
 * format that can be written or read.
 *
 * The document is a hollow sphere of 64^3. A format that can be loaded must give the same number of
 * voxels.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/suite/suite.h"
#include "daemon/base/err.h"
#include "daemon/formats/formats.h"
#include "daemon/voxel/shapes.h"

struct desk {
	struct document doc;
	struct strbuf file; /* the document, written */
	uint64_t voxels_count;
};

static void tear_down(struct bench_state *s, void *arg)
{
	struct desk *d = arg;

	(void)s;
	strbuf_deinit(&d->file);
	document_deinit(&d->doc);
	free(d);
}

static int build(struct desk *d)
{
	struct shape ball = {
		.kind = SHAPE_SPHERE, .size = { 64, 64, 64 }, .hollow = true, .thickness = 2
	};
	int rc;

	document_init(&d->doc);
	rc = document_add_defaults(&d->doc);
	return rc < 0 ? rc
		      : shape_draw(&document_active(&d->doc)->volume, &ball,
				   rgba_of(200, 60, 30, 255), &d->voxels_count);
}

static int load(const struct desk *d, const struct format *f, uint64_t *voxels_count,
		struct err *err)
{
	struct document doc;
	int rc;

	document_init(&doc);
	rc = f->read(strbuf_span(&d->file), &doc, err);
	if (rc == 0)
		*voxels_count = document_voxels_count(&doc);
	document_deinit(&doc);
	return rc;
}

static int check(struct bench_state *s, struct desk *d, const struct format *f)
{
	struct format_options options = { 0 };
	struct err err = ERR_INIT;
	uint64_t loaded = 0;
	int rc = f->write(&d->doc, &options, &d->file, &err);

	if (rc == 0 && f->read)
		rc = load(d, f, &loaded, &err);
	if (rc < 0)
		return suite_fail(s, rc, "%s", err.msg);
	if (d->file.failed || d->file.len < 16)
		return suite_wrong(s, "the file has %zu bytes", d->file.len);
	if (f->read && loaded != d->voxels_count)
		return suite_wrong(s, "%llu voxels were saved and %llu loaded",
				   (unsigned long long)d->voxels_count, (unsigned long long)loaded);
	return 0;
}

static int set_up(struct bench_state *s, void **out)
{
	struct desk *d = calloc(1, sizeof(*d));
	int rc;

	if (!d)
		return -ENOMEM;
	rc = build(d);
	if (rc == 0)
		rc = check(s, d, bench_context(s));
	if (rc < 0)
		tear_down(s, d);
	else
		*out = d;
	return rc;
}

static void save_file(struct bench_state *s)
{
	const struct format *f = bench_context(s);
	struct format_options options = { 0 };
	struct desk *d = bench_shared(s);
	struct strbuf file = { 0 };
	struct err err = ERR_INIT;

	BENCH_LOOP(s) {
		strbuf_clear(&file);
		if (f->write(&d->doc, &options, &file, &err) < 0) {
			suite_fail(s, err.code, "%s", err.msg);
			break;
		}
	}
	bench_counter(s, "file_bytes", (double)file.len, 0);
	bench_items_processed(s, bench_iterations_done(s) * d->voxels_count);
	strbuf_deinit(&file);
}

static void load_file(struct bench_state *s)
{
	const struct format *f = bench_context(s);
	struct desk *d = bench_shared(s);
	struct err err = ERR_INIT;
	uint64_t loaded;

	BENCH_LOOP(s) {
		if (load(d, f, &loaded, &err) < 0) {
			suite_fail(s, err.code, "%s", err.msg);
			break;
		}
	}
	bench_items_processed(s, bench_iterations_done(s) * d->voxels_count);
}

static void add(void)
{
	static const struct bench_fixture fixture = { .setup = set_up, .teardown = tear_down };

	for (size_t i = 0; formats[i]; i++) {
		const struct format *f = formats[i];

		if (!f->write)
			continue;
		bench_time_unit(suite_add(save_file, &fixture, f, "file_save/%s", f->name),
				BENCH_US);
		if (f->read)
			bench_time_unit(suite_add(load_file, &fixture, f, "file_load/%s", f->name),
					BENCH_US);
	}
}

const struct suite suite_formats = {
	.name = "formats",
	.summary = "a document saved and loaded, every format",
	.add = add,
};
