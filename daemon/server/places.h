/*
 * places.h - default places of the pid file and the log: in $XDG_RUNTIME_DIR, which only its user
 * can access, or else in /tmp, where others can create files of the same name.
 */
#ifndef DAEMON_SERVER_PLACES_H
#define DAEMON_SERVER_PLACES_H

/* Return paths to free; NULL: out of memory. */
char *places_default(const char *name);
char *places_in_tmp(const char *name);

/* Also NULL when the variable is not set, or others can access its folder. */
char *places_in_runtime_dir(const char *name);

/* The path in absolute form. */
char *places_absolute(const char *path);

#endif
