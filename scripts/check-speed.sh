#!/bin/sh
# check-speed.sh - checks that an up-to-date build compiles nothing and ends at once.
#
# usage: check-speed.sh MAKE [ARGUMENT...], after a complete build with the same arguments
#
# A rule whose target is never created, or whose flags differ from run to run, is detected here.
# The limit is CPU time, so that a busy machine cannot fail it.
set -eu
limit_ms=1000

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$@" V=0 --no-print-directory > "$work/out"
if grep -E '^  [A-Z]+ +[^ ]' "$work/out" >&2; then
	echo "check-speed: the second build did the above again" >&2
	exit 1
fi
times > "$work/times"
# The second line is "user system" of the children, each as 0m0.012s.
spent_ms=$(awk 'NR == 2 {
	for (i = 1; i <= 2; i++) {
		split($i, part, /[ms]/)
		ms += (part[1] * 60 + part[2]) * 1000
	}
	printf "%d", ms
}' "$work/times")
if [ "$spent_ms" -gt "$limit_ms" ]; then
	echo "check-speed: a build with nothing to do took $spent_ms ms of CPU time," \
		"the limit is $limit_ms ms" >&2
	exit 1
fi
echo "check-speed: nothing to do in $spent_ms ms of CPU time"
