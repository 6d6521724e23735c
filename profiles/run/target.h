/* target.h - finds the target description that a name means. */
#ifndef PROFILES_RUN_TARGET_H
#define PROFILES_RUN_TARGET_H

struct err;
struct target_file;

/* which: the name of a shipped target (below root), or a file. Owns: target_file_deinit. */
int run_target_read(const char *which, const char *root, struct target_file *out, struct err *err);

#endif
