#include "daemon/server/arch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/backend.h"
#include "daemon/base/err.h"
#include "daemon/buffers/buffers.h"
#include "daemon/context/context.h"
#include "daemon/delivery/delivery.h"
#include "daemon/dispatch/dispatch.h"
#include "daemon/parser/parser.h"
#include "daemon/queue/queue.h"
#include "daemon/transport/transport.h"

static const char *const off_on[] = { "off", "on", NULL };
static const char *const starts[] = { "eager", "lazy", NULL };
static const char *const numa_words[] = { "off", "local", NULL };
static const char *const huge_words[] = { "off", "try", NULL };

const struct arch_preset arch_presets[ARCH_PRESETS] = {
	{ "v14", "creates everything at start, copies every request to a worker" },
	{ "v15", "creates everything on first use, runs short requests in the reading thread" },
};

const char *const preset_names[ARCH_PRESETS + 1] = { "v14", "v15", NULL };

/* clang-format off */
#define FIELD(name) .field = offsetof(struct axes, name)
#define PERFORMANCE(k) .group = "performance", .key = k

const struct arch_row arch_rows[ARCH_ROWS] = {
	{ .name = "transport", .kind = ARCH_AXIS, .axis = &transport_axis, FIELD(transport),
	  .values = { "poll", "auto" }, PERFORMANCE("transport"), .arg = "NAME",
	  .help = "input and output of bytes; auto selects the best" },
	{ .name = "queue", .kind = ARCH_AXIS, .axis = &queue_axis, FIELD(queue),
	  .values = { "mutex", "ring" }, PERFORMANCE("queue"), .arg = "NAME",
	  .help = "queue from the reading thread to the workers" },
	{ .name = "parser", .kind = ARCH_AXIS, .axis = &parser_axis, FIELD(parser),
	  .values = { "dom", "simd" }, PERFORMANCE("parser"), .arg = "NAME",
	  .help = "converts JSON text to values, and replies to text" },
	{ .name = "dispatch", .kind = ARCH_AXIS, .axis = &dispatch_axis, FIELD(dispatch),
	  .values = { "linear", "hash" }, PERFORMANCE("dispatch"), .arg = "NAME",
	  .help = "finds a method by its name" },
	{ .name = "buffers", .kind = ARCH_AXIS, .axis = &buffers_axis, FIELD(buffers),
	  .values = { "malloc", "pool" }, PERFORMANCE("buffers"), .arg = "NAME",
	  .help = "memory of requests and replies" },
	{ .name = "context", .kind = ARCH_AXIS, .axis = &context_axis, FIELD(context),
	  .values = { "per-worker", "shared" }, PERFORMANCE("context"), .arg = "NAME",
	  .help = "access of threads to projects" },
	{ .name = "delivery", .kind = ARCH_AXIS, .axis = &delivery_axis, FIELD(delivery),
	  .values = { "copied", "whole" }, PERFORMANCE("delivery"), .arg = "NAME",
	  .help = "passes requests to the thread that answers them" },
	{ .name = "workers", .letter = 'j', .kind = ARCH_RANGE, FIELD(workers), .min = 1, .max = WORKERS_MAX,
	  .values = { "8:8", "2:16" }, .group = "daemon", .key = "worker_threads", .arg = "MIN:MAX",
	  .help = "worker threads (MIN:MAX), 1..64; one number sets both" },
	{ .name = "stack-kib", .kind = ARCH_NUMBER, FIELD(stack_kib), .min = 64, .max = 65536,
	  .values = { "8192", "256" }, PERFORMANCE("stack_kib"), .arg = "N",
	  .help = "stack size of each thread, 64..65536" },
	{ .name = "fast-path", .kind = ARCH_SWITCH, .words = off_on, FIELD(has_fast_path),
	  .values = { "off", "on" }, PERFORMANCE("fast_path"),
	  .help = "short methods run in the reading thread" },
	{ .name = "start", .kind = ARCH_SWITCH, .words = starts, FIELD(is_lazy),
	  .values = { "eager", "lazy" }, PERFORMANCE("start"),
	  .help = "create workers and their memory at start, or when first needed" },
	{ .name = "request-log", .kind = ARCH_SWITCH, .words = off_on, FIELD(has_request_log),
	  .values = { "on", "off" }, PERFORMANCE("request_log"),
	  .help = "format a log line for each edit; printed with --verbose" },
	{ .name = "render-cache", .kind = ARCH_SWITCH, .words = off_on, FIELD(has_render_cache),
	  .values = { "off", "on" }, PERFORMANCE("render_cache"),
	  .help = "keep up to 32 MiB of pictures for repeated requests" },
	{ .name = "affinity", .kind = ARCH_TEXT, FIELD(affinity),
	  .values = { "off", "off" }, PERFORMANCE("affinity"), .arg = "off|auto|LIST",
	  .help = "processors of all threads: the first for reading, the others for "
		  "workers; a single one is shared by all" },
	{ .name = "numa", .kind = ARCH_SWITCH, .words = numa_words, FIELD(is_numa_local),
	  .values = { "off", "off" }, PERFORMANCE("numa"),
	  .help = "allocate memory of a thread on its own node" },
	{ .name = "huge-pages", .kind = ARCH_SWITCH, .words = huge_words, FIELD(has_huge_pages),
	  .values = { "off", "off" }, PERFORMANCE("huge_pages"),
	  .help = "use huge pages for the buffer pool" },
};
/* clang-format on */

static const void *field_of(const struct axes *a, const struct arch_row *row)
{
	return (const char *)a + row->field;
}

const char *arch_key(const struct arch_row *row, char *out)
{
	snprintf(out, ARCH_TEXT_BYTES, "%s", row->name);
	for (char *c = out; *c; c++)
		if (*c == '-')
			*c = '_';
	return out;
}

bool arch_is_bool(const struct arch_row *row)
{
	return row->words == off_on;
}

bool arch_bool(const struct axes *a, const struct arch_row *row)
{
	return *(const bool *)field_of(a, row);
}

unsigned arch_number(const struct axes *a, const struct arch_row *row)
{
	return *(const unsigned *)field_of(a, row);
}

static int set_switch(bool *field, const struct arch_row *row, const char *text, struct err *err)
{
	for (int i = 0; i < 2; i++) {
		if (strcmp(row->words[i], text) != 0)
			continue;
		*field = i == 1;
		return 0;
	}
	return err_set(err, -EINVAL, "--%s: '%s' is not one of %s, %s", row->name, text,
		       row->words[0], row->words[1]);
}

/* "4", or with has_range "2:16". */
static bool read_range(const char *text, bool has_range, struct workers_range *out)
{
	char *end;
	unsigned long min = strtoul(text, &end, 10);
	unsigned long max = min;

	if (end == text || text[0] == '-' || min > UINT_MAX)
		return false;
	if (has_range && *end == ':') {
		const char *second = end + 1;

		max = strtoul(second, &end, 10);
		if (end == second || *second == '-' || max > UINT_MAX)
			return false;
	}
	*out = (struct workers_range){ (unsigned)min, (unsigned)max };
	return *end == '\0';
}

static int set_number(void *field, const struct arch_row *row, const char *text, struct err *err)
{
	bool has_range = row->kind == ARCH_RANGE;
	struct workers_range range;

	if (!read_range(text, has_range, &range))
		return err_set(err, -EINVAL, "--%s: '%s' is %s", row->name, text,
			       has_range ? "neither N nor MIN:MAX" : "not a whole number");
	if (range.min < row->min || range.max > row->max || range.min > range.max)
		return err_set(err, -EINVAL, "--%s: '%s' is not within %u <= %s <= %u", row->name,
			       text, row->min, has_range ? "MIN <= MAX" : "N", row->max);
	if (has_range)
		*(struct workers_range *)field = range;
	else
		*(unsigned *)field = range.min;
	return 0;
}

int arch_set(struct axes *a, const struct arch_row *row, const char *text, struct err *err)
{
	void *field = (char *)a + row->field;
	const struct backend *b;

	switch (row->kind) {
	case ARCH_AXIS:
		b = backend_find(row->axis, text);
		if (!b && (!row->axis->also || strcmp(row->axis->also, text) != 0))
			return backend_unknown(row->axis, text, err);
		*(const char **)field = b ? b->name : row->axis->also;
		return 0;
	case ARCH_SWITCH:
		return set_switch(field, row, text, err);
	case ARCH_NUMBER:
	case ARCH_RANGE:
		return set_number(field, row, text, err);
	case ARCH_TEXT:
		*(const char **)field = text;
		return 0;
	}
	return 0;
}

const char *arch_show(const struct axes *a, const struct arch_row *row, char *out)
{
	const struct workers_range *range = field_of(a, row);

	switch (row->kind) {
	case ARCH_AXIS:
	case ARCH_TEXT:
		snprintf(out, ARCH_TEXT_BYTES, "%s", *(const char *const *)field_of(a, row));
		break;
	case ARCH_SWITCH:
		snprintf(out, ARCH_TEXT_BYTES, "%s", row->words[arch_bool(a, row)]);
		break;
	case ARCH_NUMBER:
		snprintf(out, ARCH_TEXT_BYTES, "%u", arch_number(a, row));
		break;
	case ARCH_RANGE:
		snprintf(out, ARCH_TEXT_BYTES, "%u:%u", range->min, range->max);
		break;
	}
	return out;
}

int arch_take_preset(struct axes *a, const char *name, struct err *err)
{
	int rc = 0;

	for (int p = 0; p < ARCH_PRESETS; p++) {
		if (strcmp(arch_presets[p].name, name) != 0)
			continue;
		*a = (struct axes){ .preset = arch_presets[p].name };
		for (int i = 0; rc == 0 && i < ARCH_ROWS; i++)
			rc = arch_set(a, &arch_rows[i], arch_rows[i].values[p], err);
		return rc;
	}
	return err_set(err, -ENOENT, "unknown preset '%s'", name);
}

void arch_print(FILE *out)
{
	fprintf(out, "\nPresets:\n  %-12s", "");
	for (int p = 0; p < ARCH_PRESETS; p++)
		fprintf(out, " %-12s", arch_presets[p].name);
	fputc('\n', out);
	for (int i = 0; i < ARCH_ROWS; i++) {
		fprintf(out, "  %-12s", arch_rows[i].name);
		for (int p = 0; p < ARCH_PRESETS; p++)
			fprintf(out, " %-12s", arch_rows[i].values[p]);
		fputc('\n', out);
	}
	for (int p = 0; p < ARCH_PRESETS; p++)
		fprintf(out, "  %s: %s\n", arch_presets[p].name, arch_presets[p].summary);
	for (int i = 0; i < ARCH_ROWS; i++) {
		if (arch_rows[i].kind != ARCH_AXIS)
			continue;
		fprintf(out, "\n--%s:\n", arch_rows[i].name);
		backend_print(arch_rows[i].axis, out);
	}
}
