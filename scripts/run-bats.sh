#!/usr/bin/env bash
# run-bats.sh - runs bats files. What was skipped goes into the file $SKIPPED, if that is set: a line
# "TEST<tab>REASON" each (scripts/skipped.sh).
#
#	scripts/run-bats.sh FILE.bats...
set -euo pipefail

[ $# -gt 0 ] || {
	echo "usage: scripts/run-bats.sh FILE.bats..." >&2
	exit 2
}
report=$(mktemp -d)
trap 'rm -rf "$report"' EXIT
code=0
bats --report-formatter tap --output "$report" "$@" || code=$?
sed -n 's/^ok [0-9]* \(.*\) # skip *\(.*\)$/\1\t\2/p' "$report/report.tap" >"${SKIPPED:-/dev/null}"
exit $code
