/* method_checks.h - calls methods and checks their answers, for the tests of methods. */
#ifndef DAEMON_TEST_METHOD_CHECKS_H
#define DAEMON_TEST_METHOD_CHECKS_H

#include <stddef.h>

#include "daemon/test/caller.h"

#define SUCCESS "{\"success\":true"

struct CMUnitTest;

extern struct caller method_caller; /* open during a test */

/* Assert that the reply equals result, begins with start or contains part, or is an error with that
 * code whose message contains `field`. */
void want(const char *method, const char *params, const char *result);
void want_start(const char *method, const char *params, const char *start);
void want_part(const char *method, const char *params, const char *part);
void want_code(const char *method, const char *params, int code, const char *field);

/* Asserts the color at a position, [r,g,b,a]; place is JSON text. */
void want_color(const char *place, const char *color);

void fresh(void); /* makes an empty project the default one */

/* Runs the tests with each context and each parser. Returns how many failed. */
int method_checks_run(const struct CMUnitTest *tests, size_t count);
int method_checks_run_with(const char *context, const char *parser, const struct CMUnitTest *tests,
			   size_t count);

#endif
