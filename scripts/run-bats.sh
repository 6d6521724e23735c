#!/usr/bin/env bash
# run-bats.sh - runs bats files. Skipped tests are listed in the file $SKIPPED, if that is set, as lines
# "TEST<tab>REASON" (scripts/skipped.sh).
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
