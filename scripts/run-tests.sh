#!/usr/bin/env bash
# run-tests.sh - runs test programs one after another and shows the last lines of each, or all of the
# output if it fails. Continues after a failure, and fails at the end. Skipped tests are listed in the
# file $SKIPPED, if that is set, as lines "TEST<tab>REASON" (scripts/skipped.sh).
#
# $TEST_RUNNER is the command that runs a program, if it needs one (an emulator).
#
#	scripts/run-tests.sh PROGRAM...
set -euo pipefail

[ $# -gt 0 ] || {
	echo "usage: scripts/run-tests.sh PROGRAM..." >&2
	exit 2
}
export ASAN_OPTIONS=${ASAN_OPTIONS:-halt_on_error=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1}
skipped=${SKIPPED:-/dev/null}
read -ra runner <<<"${TEST_RUNNER:-}"
: >"$skipped"
failed=()
for program in "$@"; do
	log=$program.log
	code=0
	timeout --kill-after=10 "${TEST_TIMEOUT:-600}" "${runner[@]}" "$program" >"$log" 2>&1 </dev/null || code=$?
	# cmocka prints "[  SKIPPED ] test" when a test is over, and lists them again at the end.
	awk -v name="${program##*/}" -v code="$code" '
		function note(why) { print (test == "" ? name : name ": " test) "\t" why; noted = 1 }
		/^\[ RUN  / { test = $NF; noted = 0 }
		/^SKIP: / { note(substr($0, 7)) }
		/^\[  SKIPPED \]/ && !noted { note("no reason is given") }
		/^\[==========\].* run\./ { exit }
		{ last = $0 }
		END { if (code == 77 && !noted) note(last) }' "$log" >>"$skipped"
	if [ "$code" -eq 0 ] || [ "$code" -eq 77 ]; then
		# From cmocka's "... test(s) run." on; the last line of others.
		awk -v name="${program##*/}" -v skipped=$((code == 77)) '
			/^\[==========\].* run\./ { text = ""; keep = 1 }
			keep { text = text "\n    " $0 }
			{ last = $0 }
			END { printf "%s%s%s\n", name, skipped ? " (skipped)" : "",
				text != "" ? text : "\n    " last }' "$log"
	else
		cat "$log"
		echo "FAILED: $program (exit $code)"
		failed+=("$program")
	fi
done
if [ ${#failed[@]} -gt 0 ]; then
	printf '%d of %d test programs failed:\n' ${#failed[@]} $#
	printf '    %s\n' "${failed[@]}"
	exit 1
fi
printf 'all %d test programs passed\n' $#
