#include "profiles/profile/symbols_elf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INLINE_DEPTH_MAX = 32 };

struct label {
	struct label *next;
	char text[];
};

struct symbols_elf {
	Dwfl *dwfl;
	char *debuginfo_path; /* libdwfl may change it */
	struct label *labels;
};

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

/* The address that the file gives to the byte at offset, by its loadable segments. */
static int vaddr_of(const char *path, uint64_t offset, uint64_t *vaddr)
{
	int rc = -ENOENT, fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t count = 0;
	Elf *elf;

	if (fd < 0)
		return -errno;
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_getphdrnum(elf, &count) == 0) {
		for (size_t i = 0; i < count && rc < 0; i++) {
			GElf_Phdr p;

			if (!gelf_getphdr(elf, (int)i, &p) || p.p_type != PT_LOAD)
				continue;
			/* Mappings start at the page that holds the segment's first byte. */
			if (p.p_flags & PF_X && offset + 4096 > p.p_offset &&
			    offset < p.p_offset + p.p_filesz) {
				*vaddr = p.p_vaddr - p.p_offset + offset;
				rc = 0;
			}
		}
	}
	elf_end(elf);
	close(fd);
	return rc;
}

static void report(Dwfl *dwfl, const struct symbols_mapping *map)
{
	const char *name = strrchr(map->path, '/');
	uint64_t vaddr = 0;

	if (map->path[0] != '/' || vaddr_of(map->path, map->offset, &vaddr) < 0)
		return;
	/* A file mapped in several parts is reported once per part; libdwfl refuses the second
	 * report. */
	dwfl_report_elf(dwfl, name + 1, map->path, -1, map->start - vaddr, true);
}

struct symbols_elf *symbols_elf_open(const struct symbols_mapping *maps, size_t count)
{
	struct symbols_elf *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	/* Otherwise libdwfl would fetch debug information from the servers named there. */
	unsetenv("DEBUGINFOD_URLS"); /* NOLINT(concurrency-mt-unsafe): one thread */
	elf_version(EV_CURRENT);
	e->dwfl = dwfl_begin(&callbacks);
	if (!e->dwfl) {
		free(e);
		return NULL;
	}
	dwfl_report_begin(e->dwfl);
	for (size_t i = 0; i < count; i++)
		report(e->dwfl, &maps[i]);
	dwfl_report_end(e->dwfl, NULL, NULL);
	return e;
}

void symbols_elf_close(struct symbols_elf *e)
{
	if (!e)
		return;
	while (e->labels) {
		struct label *next = e->labels->next;

		free(e->labels);
		e->labels = next;
	}
	dwfl_end(e->dwfl);
	free(e);
}

const char *symbols_elf_label(struct symbols_elf *e, const struct symbols_mapping *map)
{
	const char *name = strrchr(map->path, '/');
	struct label *label;
	size_t len;

	/* "[vdso]" has brackets already. */
	if (!name)
		return map->path[0] ? map->path : "[anonymous]";
	name++;
	len = strlen(name);
	for (label = e->labels; label; label = label->next) {
		if (strncmp(label->text + 1, name, len) == 0 && label->text[1 + len] == ']')
			return label->text;
	}
	len += 3;
	label = malloc(sizeof(*label) + len);
	if (!label)
		return "[unknown]";
	snprintf(label->text, len, "[%s]", name);
	label->next = e->labels;
	e->labels = label;
	return label->text;
}

static const char *die_name(Dwarf_Die *die)
{
	Dwarf_Attribute attr;

	return dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attr));
}

static void fill_start(struct symbols_frame *frame, Dwarf_Die *die)
{
	/* dwarf_decl_line follows the abstract origin of inlined and cloned functions. */
	dwarf_decl_line(die, &frame->start_line);
	frame->start_file = dwarf_decl_file(die);
}

/* The place from which an inlined call was made. */
static void fill_call(struct symbols_frame *frame, Dwarf_Die *cu, Dwarf_Die *inlined)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;
	Dwarf_Files *files;
	size_t count;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attr), &value) == 0)
		frame->line = (int)value;
	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attr), &value) == 0 &&
	    dwarf_getsrcfiles(cu, &files, &count) == 0)
		frame->file = dwarf_filesrc(files, (size_t)value, NULL, NULL);
}

/*
 * Walks from the innermost scope outwards. Each inlined call ends one frame, and its call site
 * starts the next one. Returns the number of frames, 0 when the functions are unknown.
 */
static size_t inlined_frames(Dwarf_Die *cu, Dwarf_Addr pc, struct symbols_frame *frames)
{
	Dwarf_Die *inner = NULL, *scopes = NULL;
	int inner_count = dwarf_getscopes(cu, pc, &inner);
	int count = inner_count > 0 ? dwarf_getscopes_die(&inner[0], &scopes) : 0;
	size_t used = 0;

	for (int i = 0; i < count && used < INLINE_DEPTH_MAX; i++) {
		int tag = dwarf_tag(&scopes[i]);
		const char *name;

		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
			continue;
		name = die_name(&scopes[i]);
		frames[used].function = name ? name : "[inlined]";
		fill_start(&frames[used], &scopes[i]);
		used++;
		if (tag == DW_TAG_subprogram)
			break;
		if (used < INLINE_DEPTH_MAX)
			fill_call(&frames[used], cu, &scopes[i]);
	}
	free(scopes);
	free(inner);
	return used;
}

int symbols_elf_find(struct symbols_elf *e, const struct symbols_mapping *map, uint64_t addr,
		     struct symbols_place *place)
{
	struct symbols_frame frames[INLINE_DEPTH_MAX] = { 0 };
	Dwfl_Module *module = dwfl_addrmodule(e->dwfl, addr);
	Dwarf_Addr bias = 0;
	Dwarf_Die *cu;
	Dwfl_Line *line;
	GElf_Off offset;
	GElf_Sym symbol;
	size_t count = 0;

	(void)map;
	if (!module)
		return 1;
	line = dwfl_module_getsrc(module, addr);
	if (line)
		frames[0].file = dwfl_lineinfo(line, NULL, &frames[0].line, NULL, NULL, NULL);
	cu = dwfl_module_addrdie(module, addr, &bias);
	if (cu)
		count = inlined_frames(cu, addr - bias, frames);
	if (count == 0) {
		frames[0].function =
			dwfl_module_addrinfo(module, addr, &offset, &symbol, NULL, NULL, NULL);
		if (!frames[0].function)
			return 1;
		count = 1;
	}
	place->frames = malloc(count * sizeof(frames[0]));
	if (!place->frames)
		return -ENOMEM;
	memcpy((void *)place->frames, frames, count * sizeof(frames[0]));
	place->count = count;
	return 0;
}
