/* symbols_elf.h - the part of symbols.h that reads ELF files by libdw. Private to symbols.c. */
#ifndef PROFILES_PROFILE_SYMBOLS_ELF_H
#define PROFILES_PROFILE_SYMBOLS_ELF_H

#include <stddef.h>
#include <stdint.h>

#include "profiles/profile/symbols.h"

struct symbols_elf;

/* maps[count] is used during the call only. NULL when out of memory; files that cannot be read have
 * no names. */
struct symbols_elf *symbols_elf_open(const struct symbols_mapping *maps, size_t count);
void symbols_elf_close(struct symbols_elf *e);

/*
 * Fills place->frames (allocated; texts borrowed from e) and place->count.
 * Returns 0; 1 when the address is unknown; -ENOMEM.
 */
int symbols_elf_find(struct symbols_elf *e, const struct symbols_mapping *map, uint64_t addr,
		     struct symbols_place *place);

/* "[libc.so.6]": the name of a function of which only the file is known. Borrowed from e. */
const char *symbols_elf_label(struct symbols_elf *e, const struct symbols_mapping *map);

#endif
