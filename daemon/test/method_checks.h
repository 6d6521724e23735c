/* method_checks.h - calls of methods and what they must answer, for the tests of methods. */
#ifndef DAEMON_TEST_METHOD_CHECKS_H
#define DAEMON_TEST_METHOD_CHECKS_H

#include <stddef.h>

#include "daemon/test/caller.h"

#define SUCCESS "{\"success\":true"

struct CMUnitTest;

extern struct caller method_caller; /* open during a test */

/* The reply is, begins with or has; or is an error of that code whose sentence has `field`. */
void want(const char *method, const char *params, const char *result);
void want_start(const char *method, const char *params, const char *start);
void want_part(const char *method, const char *params, const char *part);
void want_code(const char *method, const char *params, int code, const char *field);

/* The color at a place, [r,g,b,a]; the place as JSON text. */
void want_color(const char *place, const char *color);

void fresh(void); /* an empty project becomes the default */

/* Runs the tests with each context and each parser. How many failed. */
int method_checks_run(const struct CMUnitTest *tests, size_t count);
int method_checks_run_with(const char *context, const char *parser, const struct CMUnitTest *tests,
			   size_t count);

#endif
