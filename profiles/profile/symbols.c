#include "profiles/profile/symbols.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/proc_maps.h"
#include "profiles/profile/kallsyms.h"
#include "profiles/profile/symbols_elf.h"

struct symbols {
	struct symbols_mapping *maps; /* ordered by start, no overlaps */
	size_t maps_count, maps_cap;
	struct symbols_elf *elf;       /* opened by the first lookup after a change of maps */
	struct kallsyms *kernel;       /* opened by the first kernel address */
	struct symbols_place **places; /* hash table of places_cap, open addressing */
	size_t places_count, places_cap;
};

struct symbols *symbols_new(void)
{
	return calloc(1, sizeof(struct symbols));
}

static void forget_places(struct symbols *s)
{
	for (size_t i = 0; i < s->places_cap; i++) {
		if (!s->places[i])
			continue;
		free((void *)s->places[i]->frames);
		free(s->places[i]);
	}
	free(s->places);
	s->places = NULL;
	s->places_count = s->places_cap = 0;
	symbols_elf_close(s->elf);
	s->elf = NULL;
}

static void drop_mapping(struct symbols *s, size_t at)
{
	free(s->maps[at].path);
	free(s->maps[at].build_id);
	memmove(&s->maps[at], &s->maps[at + 1], (--s->maps_count - at) * sizeof(*s->maps));
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	forget_places(s);
	while (s->maps_count)
		drop_mapping(s, s->maps_count - 1);
	free(s->maps);
	kallsyms_close(s->kernel);
	free(s);
}

int symbols_map(struct symbols *s, uint64_t start, uint64_t limit, uint64_t offset,
		const char *path, const char *build_id)
{
	struct symbols_mapping m = { .start = start, .limit = limit, .offset = offset };
	size_t at = 0;

	forget_places(s);
	while (at < s->maps_count) {
		if (s->maps[at].start < limit && start < s->maps[at].limit) {
			/* A mapping that is reported twice must keep its build id. */
			if (!build_id[0] && strcmp(s->maps[at].path, path) == 0 &&
			    s->maps[at].start == start)
				return 0;
			drop_mapping(s, at);
		} else if (s->maps[at].start < start) {
			at++;
		} else {
			break;
		}
	}
	if (s->maps_count == s->maps_cap) {
		size_t cap = s->maps_cap ? 2 * s->maps_cap : 32;
		struct symbols_mapping *more = realloc(s->maps, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->maps = more;
		s->maps_cap = cap;
	}
	m.path = strdup(path);
	m.build_id = strdup(build_id);
	if (!m.path || !m.build_id) {
		free(m.path);
		free(m.build_id);
		return -ENOMEM;
	}
	memmove(&s->maps[at + 1], &s->maps[at], (s->maps_count++ - at) * sizeof(*s->maps));
	s->maps[at] = m;
	return 0;
}

int symbols_map_process(struct symbols *s, pid_t pid)
{
	char file[64], *line = NULL;
	size_t cap = 0;
	int rc = 0;
	FILE *in;

	snprintf(file, sizeof(file), "/proc/%d/maps", (int)pid);
	in = fopen(file, "re");
	if (!in)
		return -errno;
	while (rc == 0 && getline(&line, &cap, in) > 0) {
		struct proc_mapping m;
		char path[4096];

		if (!proc_maps_parse(line, &m) || m.perms[2] != 'x')
			continue;
		snprintf(path, sizeof(path), "%.*s", SPAN_ARG(m.path));
		rc = symbols_map(s, m.start, m.limit, m.offset, path, "");
	}
	free(line);
	fclose(in);
	return rc;
}

const struct symbols_mapping *symbols_mappings(const struct symbols *s, size_t *count)
{
	*count = s->maps_count;
	return s->maps;
}

static struct symbols_mapping *find_mapping(struct symbols *s, uint64_t addr)
{
	size_t low = 0, high = s->maps_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->maps[middle].limit <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->maps_count && s->maps[low].start <= addr ? &s->maps[low] : NULL;
}

static int one_frame(struct symbols_place *place, const char *function)
{
	struct symbols_frame *frame = calloc(1, sizeof(*frame));

	if (!frame)
		return -ENOMEM;
	frame->function = function;
	place->frames = frame;
	place->count = 1;
	return 0;
}

static int look_up(struct symbols *s, struct symbols_place *place)
{
	struct symbols_mapping *map = find_mapping(s, place->addr);
	const char *name;
	int rc;

	place->mapping = map;
	place->is_known = map != NULL;
	/* The upper half of the address space belongs to the kernel. */
	if (!map && place->addr >> 63) {
		if (!s->kernel)
			s->kernel = kallsyms_open();
		name = s->kernel ? kallsyms_find(s->kernel, place->addr) : NULL;
		place->is_kernel = true;
		place->is_known = true;
		return one_frame(place, name ? name : "[kernel]");
	}
	if (!map)
		return one_frame(place, "[unknown]");
	if (!s->elf)
		s->elf = symbols_elf_open(s->maps, s->maps_count);
	if (!s->elf)
		return -ENOMEM;
	rc = symbols_elf_find(s->elf, map, place->addr, place);
	if (rc < 0)
		return rc;
	if (rc > 0)
		return one_frame(place, symbols_elf_label(s->elf, map));
	map->has_functions = true;
	map->has_lines |= place->frames[0].line > 0;
	return 0;
}

static size_t slot_of(const struct symbols *s, uint64_t addr)
{
	size_t at = (size_t)(addr * 0x9e3779b97f4a7c15ull >> 20) & (s->places_cap - 1);

	while (s->places[at] && s->places[at]->addr != addr)
		at = (at + 1) & (s->places_cap - 1);
	return at;
}

static int grow_places(struct symbols *s)
{
	struct symbols_place **old = s->places;
	size_t old_cap = s->places_cap;

	s->places_cap = old_cap ? 2 * old_cap : 1024;
	s->places = calloc(s->places_cap, sizeof(struct symbols_place *));
	if (!s->places) {
		s->places = old;
		s->places_cap = old_cap;
		return -ENOMEM;
	}
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i])
			s->places[slot_of(s, old[i]->addr)] = old[i];
	}
	free(old);
	return 0;
}

const struct symbols_place *symbols_find(struct symbols *s, uint64_t addr)
{
	struct symbols_place *place;
	size_t at;

	if (2 * s->places_count >= s->places_cap && grow_places(s) < 0)
		return NULL;
	at = slot_of(s, addr);
	if (s->places[at])
		return s->places[at];
	place = calloc(1, sizeof(*place));
	if (!place)
		return NULL;
	place->addr = addr;
	if (look_up(s, place) < 0) {
		free(place);
		return NULL;
	}
	s->places[at] = place;
	s->places_count++;
	return place;
}
