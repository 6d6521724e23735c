#include "daemon/base/version.h"

#define TEXT_OF(x)         #x
#define TEXT(x)            TEXT_OF(x)
#define VERSION_3(a, b, c) TEXT(a) "." TEXT(b) "." TEXT(c)

#ifdef __clang__
#define COMPILER "clang " VERSION_3(__clang_major__, __clang_minor__, __clang_patchlevel__)
#else
#define COMPILER "gcc " VERSION_3(__GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__)
#endif

/* Linters and editors compile this file without the Makefile's definitions. */
#ifndef VERSION_REVISION
#define VERSION_REVISION "unknown"
#define VERSION_VARIANT  "unknown"
#define VERSION_FLAGS    "unknown"
#endif

/* The Makefile defines these for this file only, so a new commit rebuilds one object. */
const char *version_revision(void)
{
	return VERSION_REVISION;
}

const char *version_variant(void)
{
	return VERSION_VARIANT;
}

const char *version_flags(void)
{
	return VERSION_FLAGS;
}

const char *version_compiler(void)
{
	return COMPILER;
}
