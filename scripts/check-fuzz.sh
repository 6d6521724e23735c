#!/usr/bin/env bash
# check-fuzz.sh - runs every fuzz target for a given time, several at once, and lists at the end those
# that failed. A target that fails does not stop the others.
#
#	FUZZ_SECONDS=20 FUZZ_JOBS=2 scripts/check-fuzz.sh OUTPUT-FOLDER TARGET...
#
# OUTPUT-FOLDER/corpus/NAME grows from run to run, and starts from the corpus in the source tree;
# OUTPUT-FOLDER/found/NAME-* are the failing inputs: such a file, given as an argument to
# its target, reproduces the fault.
set -euo pipefail

[ $# -ge 2 ] || {
	echo "usage: scripts/check-fuzz.sh OUTPUT-FOLDER TARGET..." >&2
	exit 2
}
seconds=${FUZZ_SECONDS:-20} jobs=${FUZZ_JOBS:-2}

# run_one OUTPUT-FOLDER TARGET
run_one() {
	local out=$1 target=$2 name=${2##*/} code=0 seeds
	local log=$out/found/$name.log
	mkdir -p "$out/corpus/$name" "$out/found"
	mapfile -t seeds < <(ls -d ./*/fuzz/corpus/"$name" ./*/test/corpus/"$name" 2>/dev/null)
	"$target" -max_total_time="$seconds" -rss_limit_mb=4096 -artifact_prefix="$out/found/$name-" \
		"$out/corpus/$name" "${seeds[@]}" >"$log" 2>&1 </dev/null || code=$?
	if [ "$code" -eq 0 ]; then
		printf '%-16s %s\n' "$name" "$(sed -n 's/^Done \([0-9]* runs in [0-9]* second(s)\)$/\1/p' "$log")"
		return 0
	fi
	# In one write, since other targets print at the same time.
	printf '%s\n%s: FAILED (exit %d), full output in %s\n' "$(tail -n 40 "$log")" "$name" "$code" "$log"
	return 1
}

if [ "$1" = --one ]; then
	run_one "$2" "$3"
	exit
fi

out=$1
shift
results=$(mktemp)
trap 'rm -f "$results"' EXIT
# xargs continues after a failure, and exits with 123 if there was one.
code=0
printf '%s\n' "$@" | FUZZ_SECONDS=$seconds xargs -P "$jobs" -I{} "$0" --one "$out" {} | tee "$results" || code=$?
mapfile -t failed < <(sed -n 's/^\([a-z_0-9]*\): FAILED .*/\1/p' "$results")
if [ ${#failed[@]} -gt 0 ]; then
	printf '%d of %d fuzz targets failed: %s\n' ${#failed[@]} $# "${failed[*]}"
	exit 1
fi
[ $code -eq 0 ] || exit $code
printf 'all %d fuzz targets ran %s s each without a finding\n' $# "$seconds"
