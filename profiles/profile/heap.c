#include "profiles/profile/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "profiles/profile/pprof.h"
#include "profiles/profile/symbols.h"

/* Reads an address such as "0x55d0..."; false for anything else. */
static bool take_hex(const json_t *value, uint64_t *out)
{
	const char *text = json_string_value(value);
	char *end;

	if (!text || strncmp(text, "0x", 2) != 0 || !text[2])
		return false;
	errno = 0;
	*out = strtoull(text + 2, &end, 16);
	return *end == '\0' && errno == 0;
}

static bool take_count(json_t *object, const char *key, uint64_t *out)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

static int parse_sample(json_t *sample, struct stacks *stacks)
{
	static const char *const keys[STACKS_VALUES_MAX] = {
		[HEAP_ALLOC_OBJECTS] = "alloc_objects",
		[HEAP_ALLOC_SPACE] = "alloc_bytes",
		[HEAP_INUSE_OBJECTS] = "inuse_objects",
		[HEAP_INUSE_SPACE] = "inuse_bytes",
	};
	json_t *frames = json_object_get(sample, "stack");
	uint64_t addrs[STACKS_DEPTH_MAX];
	double values[STACKS_VALUES_MAX];
	size_t depth = json_array_size(frames);

	if (!json_is_array(frames) || depth > STACKS_DEPTH_MAX)
		return -EPROTO;
	for (size_t i = 0; i < depth; i++) {
		if (!take_hex(json_array_get(frames, i), &addrs[i]) || addrs[i] == 0)
			return -EPROTO;
		addrs[i]--; /* from the return address to the call */
	}
	for (size_t i = 0; i < STACKS_VALUES_MAX; i++) {
		json_t *value = json_object_get(sample, keys[i]);

		if (!json_is_number(value) || !(json_number_value(value) >= 0) ||
		    json_number_value(value) > 1e18)
			return -EPROTO;
		values[i] = json_number_value(value);
	}
	return stacks_add(stacks, "", addrs, depth, values);
}

static int parse_mapping(json_t *mapping, struct symbols *symbols)
{
	const char *path = json_string_value(json_object_get(mapping, "path"));
	const char *build_id = json_string_value(json_object_get(mapping, "build_id"));
	uint64_t start, limit, offset;

	if (!path || !build_id || !take_hex(json_object_get(mapping, "start"), &start) ||
	    !take_hex(json_object_get(mapping, "limit"), &limit) ||
	    !take_hex(json_object_get(mapping, "offset"), &offset) || start >= limit)
		return -EPROTO;
	return symbols_map(symbols, start, limit, offset, path, build_id);
}

int heap_parse(json_t *json, struct symbols *symbols, struct heap_profile *out, struct err *err)
{
	struct heap_profile p = { .wall_ns = clock_wall_ns() };
	const char *schema = json_string_value(json_object_get(json, "schema"));
	uint64_t lost_stacks = 0, lost_live = 0;
	json_t *item;
	size_t i;
	int rc = 0;

	if (!schema || strcmp(schema, "goxel-heap/1") != 0)
		return err_set(err, -EPROTO, "heap profile: schema '%.40s', goxel-heap/1 is read",
			       schema ? schema : "(none)");
	if (!take_count(json, "mean_bytes", &p.mean_bytes) ||
	    !take_count(json, "samples_count", &p.samples_count) ||
	    !take_count(json, "lost_stacks_count", &lost_stacks) ||
	    !take_count(json, "lost_live_count", &lost_live) ||
	    !take_count(json, "allocs_count", &p.allocs_count) ||
	    !take_count(json, "frees_count", &p.frees_count) ||
	    !take_count(json, "allocated_bytes", &p.allocated_bytes))
		return err_set(err, -EPROTO, "heap profile: a count is missing or not a number");
	p.lost_count = lost_stacks + lost_live;
	json_array_foreach(json_object_get(json, "samples"), i, item)
	{
		rc = parse_sample(item, &p.stacks);
		if (rc < 0)
			break;
	}
	if (rc == 0) {
		json_array_foreach(json_object_get(json, "mappings"), i, item)
		{
			rc = parse_mapping(item, symbols);
			if (rc < 0)
				break;
		}
	}
	if (rc < 0) {
		heap_deinit(&p);
		return err_set(err, rc, "heap profile: entry %zu: %s", i,
			       rc == -EPROTO ? "not a sample or a mapping" : strerrordesc_np(-rc));
	}
	*out = p;
	return 0;
}

void heap_deinit(struct heap_profile *p)
{
	stacks_deinit(&p->stacks);
}

static bool ends_with(const char *text, const char *tail)
{
	size_t len = text ? strlen(text) : 0, tail_len = strlen(tail);

	return len >= tail_len && strcmp(text + len - tail_len, tail) == 0;
}

bool heap_is_own_frame(const char *function, const char *file)
{
	/* The sampler, and the functions between malloc or mmap and their caller. */
	static const char *const files[] = {
		"daemon/base/alloc_count.c",
		"daemon/base/budget_memory.c",
		"daemon/telemetry/heap_sampler.c",
		"daemon/voxel/slab.c",
	};
	bool is_own = strncmp(function, "__wrap_", 7) == 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		is_own |= ends_with(file, files[i]);
	return is_own;
}

/* Whether all functions at the address belong to the sampler. */
static bool is_own_place(struct symbols *symbols, uint64_t addr)
{
	const struct symbols_place *place = symbols_find(symbols, addr);

	for (size_t i = 0; place && i < place->count; i++) {
		if (!heap_is_own_frame(place->frames[i].function, place->frames[i].file))
			return false;
	}
	return place != NULL;
}

void heap_trim(struct heap_profile *p, struct symbols *symbols)
{
	for (size_t i = 0; i < p->stacks.count; i++) {
		struct stack *s = &p->stacks.items[i];
		size_t own = 0;

		while (own + 1 < s->depth && is_own_place(symbols, s->addrs[own]))
			own++;
		s->addrs += own;
		s->depth -= own;
	}
}

int heap_between(const struct heap_profile *before, const struct heap_profile *after,
		 struct heap_profile *out, struct err *err)
{
	struct heap_profile p = *after;
	int rc = 0;

	p.stacks = (struct stacks){ 0 };
	p.allocs_count -= before->allocs_count;
	p.frees_count -= before->frees_count;
	p.allocated_bytes -= before->allocated_bytes;
	p.samples_count -= before->samples_count;
	for (size_t i = 0; rc == 0 && i < after->stacks.count; i++) {
		const struct stack *s = &after->stacks.items[i];

		rc = stacks_add(&p.stacks, s->label, s->addrs, s->depth, s->values);
	}
	for (size_t i = 0; rc == 0 && i < before->stacks.count; i++) {
		const struct stack *s = &before->stacks.items[i];
		double minus[STACKS_VALUES_MAX] = {
			[HEAP_ALLOC_OBJECTS] = -s->values[HEAP_ALLOC_OBJECTS],
			[HEAP_ALLOC_SPACE] = -s->values[HEAP_ALLOC_SPACE],
		};

		rc = stacks_add(&p.stacks, s->label, s->addrs, s->depth, minus);
	}
	if (rc < 0) {
		stacks_deinit(&p.stacks);
		return err_set(err, rc, "heap profile: out of memory");
	}
	*out = p;
	return 0;
}

int heap_write_pprof(const struct heap_profile *p, struct symbols *symbols, const char *path,
		     struct err *err)
{
	static const struct pprof_type types[] = {
		[HEAP_ALLOC_OBJECTS] = { "alloc_objects", "count" },
		[HEAP_ALLOC_SPACE] = { "alloc_space", "bytes" },
		[HEAP_INUSE_OBJECTS] = { "inuse_objects", "count" },
		[HEAP_INUSE_SPACE] = { "inuse_space", "bytes" },
	};
	const struct pprof_cfg cfg = {
		.types = types,
		.types_count = 4,
		.period_type = { "space", "bytes" },
		.period = (int64_t)p->mean_bytes,
		.time_wall_ns = p->wall_ns,
		.default_type = HEAP_INUSE_SPACE,
	};

	return pprof_write(&cfg, &p->stacks, symbols, path, err);
}
