#!/usr/bin/env bash
# skipped.sh - lists the skipped tests with their reasons. A missing package that bootstrap installs is
# not a valid reason, and a test without a reason is none: such tests must run.
#
#	scripts/skipped.sh FILE...	lines "TEST<tab>REASON", as written by run-tests.sh and run-bats.sh
#
# Exit codes: 0 ok; 1 a test was skipped for a package that should be there, or without a reason
set -euo pipefail

[ $# -gt 0 ] || {
	echo "usage: scripts/skipped.sh FILE..." >&2
	exit 2
}
"$(dirname "$0")/bootstrap.sh" --names build run test | awk -F '\t' '
	# The package or command that a reason names: "no X", "X is not installed", "... (package X)".
	function named(reason) {
		if (match(reason, /\(package [^ )]+/))
			return substr(reason, RSTART + 9, RLENGTH - 9)
		if (match(reason, /[^ ]+ is not installed/))
			return substr(reason, RSTART, RLENGTH - 17)
		if (match(reason, /^no [^ ]+/))
			return substr(reason, 4, RLENGTH - 3)
		return ""
	}
	BEGIN { unsaid = "no reason is given" } # as run-tests.sh says, too
	NR == FNR { known[$1] = 1; next }
	{
		reason = $2 == "" ? unsaid : $2
		if (!(reason in tests))
			order[++reasons] = reason
		tests[reason] = tests[reason] "\n        " $1
		count++
		if (named(reason) in known)
			missing[reason] = named(reason)
	}
	END {
		if (count == 0)
			print "no test was skipped"
		else
			printf "%d tests were skipped:\n", count
		for (i = 1; i <= reasons; i++) {
			reason = order[i]
			printf "    %s%s\n", reason, tests[reason]
			if (reason in missing)
				text = text "\n    " missing[reason]
		}
		if (text != "")
			print "skipped for packages that scripts/bootstrap.sh test installs:" text
		if (unsaid in tests)
			print "skipped without a reason:" tests[unsaid]
		exit text != "" || unsaid in tests
	}' - "$@"
