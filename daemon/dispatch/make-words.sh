#!/bin/sh
# Reads method names, one per line, and writes the C text that dispatch_hash.c includes: gperf's
# perfect hash over them and the list of words by slot.
set -eu
names=$(cat)
words=$(printf '%s\n' "$names" | awk '
	!/^[a-z][a-z0-9_]*$/ { print "make-words: bad method name \"" $0 "\"" > "/dev/stderr"; exit 1 }
	seen[$0]++ { print "make-words: method name " $0 " stands twice" > "/dev/stderr"; exit 1 }
	{ printf "%s, %d\n", $0, NR - 1 }')
count=$(printf '%s\n' "$names" | wc -l)
echo '/* Made by daemon/dispatch/make-words.sh. */'
echo "enum { METHOD_WORDS_COUNT = $count };"
echo 'static const char *const method_words_all[METHOD_WORDS_COUNT] = {'
printf '%s\n' "$names" | sed 's/.*/	"&",/'
echo '};'
# -l compares lengths first; then memcmp needs no NUL at the end of what came from the network.
# By way of a variable: a pipe would hide that gperf failed.
table=$(printf 'struct method_word;\n%%%%\n%s\n' "$words" |
	gperf --language=ANSI-C --struct-type --omit-struct-type --readonly-tables \
		--compare-lengths --compare-strncmp --initializer-suffix=,0 --lookup-function-name=method_word_find \
		--hash-function-name=method_word_hash)
# clang does not read comments
printf '%s\n' "$table" | sed 's,/\*FALLTHROUGH\*/,__attribute__((fallthrough));,'
