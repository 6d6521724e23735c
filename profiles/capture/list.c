#include "profiles/capture/list.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/json_out.h"
#include "profiles/capture/counters.h"
#include "profiles/capture/events.h"
#include "profiles/capture/permit.h"
#include "reports/lib/envelope.h"

struct listing {
	struct permit permit;
	struct event events[EVENTS_MAX];
	size_t count, ok_count;
};

/* Opens every event on this process; for one that fails the reason is stored. */
static int gather(const char *events, struct listing *l, struct err *err)
{
	struct counters *counters = NULL;
	struct counters_cfg cfg;
	int rc;

	permit_probe(&l->permit);
	rc = events_parse(events, l->permit.tracefs, l->events, EVENTS_MAX, err);
	if (rc < 0)
		return rc;
	l->count = (size_t)rc;
	cfg = (struct counters_cfg){
		.pid = getpid(),
		.events = l->events,
		.count = l->count,
		.with_kernel = l->permit.items[PERMIT_COUNT_KERNEL].is_ok,
	};
	if (l->permit.items[PERMIT_COUNT_USER].is_ok && counters_open(&cfg, &counters, NULL) == 0)
		counters_close(counters);
	for (size_t i = 0; i < l->count; i++) {
		if (!l->permit.items[PERMIT_COUNT_USER].is_ok && !l->events[i].missing[0])
			snprintf(l->events[i].missing, sizeof(l->events[i].missing), "%s",
				 "counting is not permitted");
		l->ok_count += !l->events[i].missing[0];
	}
	return 0;
}

static void print_text(const struct listing *l)
{
	printf("permitted here (kernel.perf_event_paranoid = %d):\n", l->permit.paranoid);
	for (unsigned i = 0; i < PERMIT_ITEMS_COUNT; i++)
		printf("  %-4s %-24s %s\n", l->permit.items[i].is_ok ? "yes" : "no",
		       permit_name((enum permit_item)i), l->permit.items[i].why);
	printf("events (%zu of %zu can be counted):\n", l->ok_count, l->count);
	for (size_t i = 0; i < l->count; i++)
		printf("  %-4s %-24s %-10s %s\n", l->events[i].missing[0] ? "no" : "yes",
		       l->events[i].name, event_kind_name(l->events[i].kind), l->events[i].missing);
}

static int print_json(const struct listing *l)
{
	const struct envelope envelope = { .schema = "goxel-profile-list/1",
					   .tool = "goxel-profile" };
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb, .indent = 1 };
	int rc;

	json_object_open(&j, NULL);
	envelope_write(&j, &envelope);
	json_array_open(&j, "permitted");
	for (unsigned i = 0; i < PERMIT_ITEMS_COUNT; i++) {
		json_object_open(&j, NULL);
		json_str(&j, "name", permit_name((enum permit_item)i));
		json_bool(&j, "ok", l->permit.items[i].is_ok);
		json_str(&j, "why", l->permit.items[i].why);
		json_close(&j);
	}
	json_close(&j);
	json_array_open(&j, "events");
	for (size_t i = 0; i < l->count; i++) {
		json_object_open(&j, NULL);
		json_str(&j, "name", l->events[i].name);
		json_str(&j, "kind", event_kind_name(l->events[i].kind));
		json_bool(&j, "ok", !l->events[i].missing[0]);
		json_str(&j, "why", l->events[i].missing);
		json_close(&j);
	}
	json_close(&j);
	json_close(&j);
	rc = sb.failed ? -1 : puts(sb.ptr);
	strbuf_deinit(&sb);
	return rc < 0 ? EXIT_FAILED : EXIT_OK;
}

int list_main(const char *events, bool as_json)
{
	struct listing l = { 0 };
	struct err err = ERR_INIT;

	if (gather(events, &l, &err) < 0) {
		fprintf(stderr, "goxel-profile: %s\n", err.msg);
		return EXIT_USAGE;
	}
	if (as_json && print_json(&l) != EXIT_OK)
		return EXIT_FAILED;
	if (!as_json)
		print_text(&l);
	return l.ok_count || l.permit.items[PERMIT_SAMPLE].is_ok ? EXIT_OK : EXIT_UNFIT;
}
