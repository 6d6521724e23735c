/* list.h - `goxel-profile --list`: what this machine and this user can measure. */
#ifndef PROFILES_CAPTURE_LIST_H
#define PROFILES_CAPTURE_LIST_H

#include <stdbool.h>

/* events as for events_parse. Returns the program's exit code: 3 when nothing can be measured. */
int list_main(const char *events, bool as_json);

#endif
