/* show.h - `goxel-profile show FILE`: prints a pprof profile as a table, or converts it for older
 * tools. */
#ifndef PROFILES_PROFILE_SHOW_H
#define PROFILES_PROFILE_SHOW_H

/* Runs the subcommand; argv[0] is "show". Returns the program's exit code. */
int show_main(int argc, char **argv);

#endif
