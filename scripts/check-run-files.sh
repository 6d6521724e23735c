#!/bin/sh
# Fails when a program or a script has the name of a file of a run directory in a string: names are
# said in reports/lib/runfiles.def, and everything else asks runfile_name(). Tests may name files:
# they look at runs from outside. Reports and benchmarks are written elsewhere, too, and a script may
# call its own logs as it likes.
set -eu
root=${1:-.}
names=$(sed -n 's/^RUNFILE([A-Z_]*, "\(.*\)")$/\1/p' "$root/reports/lib/runfiles.def" |
	grep -v -e '^report' -e '^bench' | sed 's/\./[.]/g')
[ -n "$names" ] || { echo "check-run-files: no names in runfiles.def" >&2 && exit 1; }
in_c=$(echo "$names" | paste -sd '|')
in_shell=$(echo "$names" | grep -v 'log$' | paste -sd '|')
found=$(
	cd "$root"
	find bench daemon loadgen profiles reports scripts \( -name test -o -name fuzz \) -prune -o \
		\( -name '*.[ch]' -o -name '*.cc' \) \
		-exec grep -nE "\"([^\"]*[^\"a-z_-])?($in_c)\b" /dev/null {} + || true
	# Not in comments.
	find scripts -name test -prune -o -name '*.sh' ! -name check-run-files.sh \
		-exec grep -nE "^[^#]*\b($in_shell)\b" /dev/null {} + || true
)
[ -z "$found" ] || { echo "$found" && echo "check-run-files: use runfile_name() of reports/lib/runfile.h" && exit 1; } >&2
