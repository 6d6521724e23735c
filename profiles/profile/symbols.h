/*
 * symbols.h - converts addresses to functions, files and lines, including inlined calls.
 *
 * Gets the mappings of a process, which may have ended meanwhile; reads the ELF files and their
 * debug information from disk (libdw), and the kernel's names from /proc/kallsyms. Never uses the
 * network. Results are cached, so each address is looked up once.
 */
#ifndef PROFILES_PROFILE_SYMBOLS_H
#define PROFILES_PROFILE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct symbols;

/* Executable part of a mapped file. */
struct symbols_mapping {
	uint64_t start, limit, offset;
	char *path;                    /* may be "[vdso]" or similar */
	char *build_id;                /* hexadecimal, "" = unknown */
	bool has_functions, has_lines; /* set by lookups that found some */
};

struct symbols_frame {
	const char *function; /* never NULL; "[libc.so.6]" when only the file is known */
	const char *file;     /* NULL = unknown */
	int line;             /* 0 = unknown */
	int start_line;       /* of the function; 0 = unknown */
	const char *start_file;
};

/* The functions at an address: innermost inlined function first, the real function last. */
struct symbols_place {
	uint64_t addr;
	const struct symbols_frame *frames; /* [count], count >= 1 */
	size_t count;
	const struct symbols_mapping *mapping; /* NULL: the kernel, or nowhere */
	bool is_kernel;
	bool is_known; /* in a mapping or in the kernel */
};

struct symbols *symbols_new(void); /* NULL when out of memory */
void symbols_free(struct symbols *s);

/* Adds a mapping; one that overlaps an earlier one replaces it. build_id may be "". -ENOMEM. */
int symbols_map(struct symbols *s, uint64_t start, uint64_t limit, uint64_t offset,
		const char *path, const char *build_id);

/* Adds all executable mappings of /proc/PID/maps. -errno of opening it. */
int symbols_map_process(struct symbols *s, pid_t pid);

/* mappings[*count], ordered by address; valid until the next symbols_map. */
const struct symbols_mapping *symbols_mappings(const struct symbols *s, size_t *count);

/*
 * Looks an address up. For a return address pass it minus one, so that the call is found and not
 * the instruction after it. Borrowed until symbols_free or the next symbols_map; NULL when out of
 * memory.
 */
const struct symbols_place *symbols_find(struct symbols *s, uint64_t addr);

#endif
