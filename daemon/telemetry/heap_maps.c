#include "daemon/telemetry/heap_maps.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/json_out.h"
#include "daemon/base/proc_maps.h"

enum { BUILD_ID_BYTES_MAX = 64 };

struct build_id_search {
	uintptr_t addr;                        /* in: an address in the object to find */
	char text[2 * BUILD_ID_BYTES_MAX + 1]; /* out: hexadecimal */
};

/* A note is {name size, description size, type}, followed by both, each padded to 4 bytes. */
static void read_notes(struct build_id_search *search, const char *at, size_t len)
{
	while (len >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
		size_t name_bytes = (note->n_namesz + 3u) & ~(size_t)3;
		size_t desc_bytes = (note->n_descsz + 3u) & ~(size_t)3;
		const unsigned char *desc = (const unsigned char *)(note + 1) + name_bytes;

		if (sizeof(*note) + name_bytes + desc_bytes > len)
			return;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
		    memcmp(note + 1, "GNU", 4) == 0 && note->n_descsz <= BUILD_ID_BYTES_MAX) {
			for (size_t i = 0; i < note->n_descsz; i++)
				snprintf(search->text + 2 * i, 3, "%02x", desc[i]);
			return;
		}
		at += sizeof(*note) + name_bytes + desc_bytes;
		len -= sizeof(*note) + name_bytes + desc_bytes;
	}
}

static int visit_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct build_id_search *search = arg;
	bool is_it = false;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + p->p_vaddr;

		if (p->p_type == PT_LOAD && search->addr >= start &&
		    search->addr < start + p->p_memsz)
			is_it = true;
	}
	if (!is_it)
		return 0;
	for (int i = 0; i < info->dlpi_phnum && !search->text[0]; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_NOTE)
			read_notes(search, (const char *)(info->dlpi_addr + p->p_vaddr),
				   p->p_filesz);
	}
	return 1;
}

static void put_hex(struct json_out *j, const char *key, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%jx", (uintmax_t)value);
	json_str(j, key, text);
}

static void write_line(struct json_out *j, const char *line)
{
	struct build_id_search search = { 0 };
	struct proc_mapping m;

	if (!proc_maps_parse(line, &m) || m.perms[2] != 'x')
		return;
	search.addr = (uintptr_t)m.start;
	dl_iterate_phdr(visit_object, &search);
	json_object_open(j, NULL);
	put_hex(j, "start", m.start);
	put_hex(j, "limit", m.limit);
	put_hex(j, "offset", m.offset);
	json_span(j, "path", m.path);
	json_str(j, "build_id", search.text);
	json_close(j);
}

int heap_maps_write(struct json_out *j, const char *key, struct err *err)
{
	FILE *in = fopen("/proc/self/maps", "re");
	char *line = NULL;
	size_t cap = 0;

	if (!in)
		return err_set(err, -errno, "open /proc/self/maps");
	json_array_open(j, key);
	while (getline(&line, &cap, in) > 0)
		write_line(j, line);
	json_close(j);
	free(line);
	fclose(in);
	return 0;
}
