/*
 * arch.h - the architecture table: the only list of switches between the old and the new way.
 *
 * A row is an axis, a switch or a number: its name, what the presets v14 and v15 choose, its key in
 * the configuration file, its help, and the field of struct axes that it sets. Options, presets,
 * --help, configuration keys, `status`, the first line of the log and the axes of results all come
 * from it. Who adds a switch adds a row and the code that obeys the field.
 */
#ifndef DAEMON_SERVER_ARCH_H
#define DAEMON_SERVER_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct backend_axis;
struct err;

enum {
	WORKERS_MAX = 64,
	AXES_CPUS_MAX = 256,
	ARCH_PRESETS = 2,
	ARCH_ROWS = 16,
	ARCH_TEXT_BYTES = 64, /* of a value as it is typed; longer lists are cut where shown */
};

struct workers_range {
	unsigned min;
	unsigned max;
};

/* What runs, or what a preset says. */
struct axes {
	const char *preset;
	const char *transport;
	const char *queue;
	const char *parser;
	const char *dispatch;
	const char *buffers;
	const char *context;
	const char *delivery;
	struct workers_range workers;
	unsigned stack_kib;
	bool has_fast_path;
	bool is_lazy;
	bool has_request_log;
	bool has_render_cache;
	bool has_huge_pages;
	bool is_numa_local;
	const char *affinity;    /* as asked for */
	int cpus[AXES_CPUS_MAX]; /* of the reading thread, then of the workers in turn */
	unsigned cpus_count;     /* 0: threads run where the kernel puts them */
};

enum arch_kind {
	ARCH_AXIS,   /* const char *: the name of a backend */
	ARCH_SWITCH, /* bool: one of two words */
	ARCH_NUMBER, /* unsigned */
	ARCH_RANGE,  /* struct workers_range: "4" or "2:16" */
	ARCH_TEXT,   /* const char *: read by preset.c */
};

struct arch_row {
	const char *name; /* of the option */
	char letter;      /* 0: none */
	enum arch_kind kind;
	size_t field;                    /* in struct axes */
	const struct backend_axis *axis; /* ARCH_AXIS */
	const char *const *words;        /* ARCH_SWITCH: off, on, NULL */
	unsigned max;                    /* ARCH_NUMBER, ARCH_RANGE; min is the least */
	unsigned min;
	const char *values[ARCH_PRESETS]; /* as they are typed, in the order of arch_presets */
	const char *group;                /* of the configuration file */
	const char *key;                  /* there */
	const char *arg;                  /* what --help calls the value; NULL: the words */
	const char *help;
};

struct arch_preset {
	const char *name;
	const char *summary;
};

extern const struct arch_row arch_rows[ARCH_ROWS];
extern const struct arch_preset arch_presets[ARCH_PRESETS];
extern const char *const preset_names[ARCH_PRESETS + 1]; /* the same names, NULL-terminated */

/* True for switches whose words are on and off: a boolean where values have types. */
bool arch_is_bool(const struct arch_row *row);

/* The row's key in status and results: its name with _ for -. out has ARCH_TEXT_BYTES. */
const char *arch_key(const struct arch_row *row, char *out);

/* Sets the row's field from a value as it is typed; the text must outlive a. -ENOENT: no such
 * name; -EINVAL. The message names the option. */
int arch_set(struct axes *a, const struct arch_row *row, const char *text, struct err *err);

/* The row's value as it would be typed; out has ARCH_TEXT_BYTES. */
const char *arch_show(const struct axes *a, const struct arch_row *row, char *out);
bool arch_bool(const struct axes *a, const struct arch_row *row);       /* ARCH_SWITCH */
unsigned arch_number(const struct axes *a, const struct arch_row *row); /* ARCH_NUMBER */

/* What the preset of that name chooses. -ENOENT. */
int arch_take_preset(struct axes *a, const char *name, struct err *err);

/* The presets and the backends of each axis, for --help. */
void arch_print(FILE *out);

#endif
