#!/bin/sh
# tidy.sh - runs clang-tidy on one file, unless the same text was found clean before.
#
#	scripts/tidy.sh 'COMPILER FLAGS' FILE
#
# The key is the preprocessed text with its comments (NOLINT), the flags and the configuration;
# build/lint/ keeps the hash of each clean file. One process per file: given several,
# clang-tidy 14 reports false va_list errors.
set -eu
flags=$1
file=$2
stamp=build/lint/$file.ok
# shellcheck disable=SC2086 # the flags are words
sum=$({ cat .clang-tidy && echo "$flags" && $flags -E -C "$file"; } | sha256sum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ]; then
	exit 0
fi
# Drops the count of suppressed warnings on stderr.
clang-tidy -quiet -p . "$file" 2>/dev/null
mkdir -p "$(dirname "$stamp")"
echo "$sum" >"$stamp"
