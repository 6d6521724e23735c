/* skip.h - says why a test cannot run here; scripts/run-tests.sh reads the line. */
#ifndef DAEMON_TEST_SKIP_H
#define DAEMON_TEST_SKIP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Does not return. */
#define skip_because(why)                         \
	do {                                      \
		print_message("SKIP: %s\n", why); \
		skip();                           \
	} while (0)

#define NO_ALLOC_COUNTS "allocations are not counted in this build"

#endif
