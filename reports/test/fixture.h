/* fixture.h - temporary directories and outside data for the tests of reports/lib. */
#ifndef REPORTS_TEST_FIXTURE_H
#define REPORTS_TEST_FIXTURE_H

#include <stddef.h>

/*
 * Name of a file among the measurements that live beside the checkout (GOXEL_PERF_DATA, else
 * ../shared/data or ../../shared/data); NULL when absent: the test says SKIP. Static storage, one
 * at a time.
 */
const char *fixture_data(const char *name);

/* A fresh directory under TMPDIR; static storage of the caller (cap >= 64). */
void fixture_dir(char *out, size_t cap);

/* Removes a directory made by fixture_dir with the files in it (two levels). */
void fixture_remove(const char *dir);

void fixture_write(const char *path, const char *text);

#endif
