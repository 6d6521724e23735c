/*
 * places.h - where the pid file and the log are when nobody says: in $XDG_RUNTIME_DIR, which only
 * its user can enter, or else in /tmp, where others can take the names.
 */
#ifndef DAEMON_SERVER_PLACES_H
#define DAEMON_SERVER_PLACES_H

/* Paths to free; NULL: out of memory. */
char *places_default(const char *name);
char *places_in_tmp(const char *name);

/* Also NULL where the variable is not set, or its folder is not ours alone. */
char *places_in_runtime_dir(const char *name);

/* The path as it is from any directory. */
char *places_absolute(const char *path);

#endif
