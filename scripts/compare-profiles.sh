#!/usr/bin/env bash
# compare-profiles.sh - finds two runs and lets goxel-report compare them (R-003).
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() {
	cat <<'TXT'
Usage: scripts/compare-profiles.sh [options]
Compares two run directories; writes a report as Markdown, HTML and JSON.

      --baseline DIR    [default: the newest complete v14 run in --runs]
      --optimized DIR   [default: the newest complete v15 run in --runs]
      --out DIR         where reports go [default: OPTIMIZED/compare/<BASELINE>]
      --bench FILE      result of make benchmark-all [default: bench.json in
                        --runs, if there is one]
      --runs DIR        [default profiles/runs]
      --bin DIR         the programs [default build/release/bin]
      --json            the comparison as JSON on stdout
  -h, --help            print this text
  -V, --version         print version and revision

BASELINE, OPTIMIZED, OUT, BENCH, RUNS and BIN in the environment do the same.

Exit codes: of goxel-report compare: 0 done, 2 no such run, 3 the runs cannot be
compared, 4 a file could not be read or written
TXT
}

baseline=${BASELINE:-}
optimized=${OPTIMIZED:-}
out=${OUT:-}
bench=${BENCH:-}
runs=${RUNS:-$root/profiles/runs}
bin=${BIN:-$root/build/release/bin}
json=false

while [ $# -gt 0 ]; do
	case $1 in
	--json) json=true ;;
	-h | --help) usage && exit 0 ;;
	-V | --version) print_version && exit 0 ;;
	--baseline | --optimized | --out | --bench | --runs | --bin)
		need_value "$1" $#
		printf -v "${1#--}" '%s' "$2"
		shift
		;;
	*) die 2 "unknown option '$1' (see --help)" ;;
	esac
	shift
done

# pick VARIABLE WORD PRESET COMMAND
pick() {
	local found
	if [ -n "${!1}" ]; then
		[ -d "${!1}" ] || die 2 "$2=${!1}: there is no such directory"
		return 0
	fi
	found=$("$bin/goxel-report" newest "$3" --runs "$runs" 2>/dev/null) ||
		die 2 "no complete $3 run in $runs: run $4 first, or name one with $2=DIR"
	printf -v "$1" '%s' "$found"
}

[ -x "$bin/goxel-report" ] || die 2 "$bin/goxel-report is missing: run make first"
pick baseline BASELINE v14 "make profile-baseline"
pick optimized OPTIMIZED v15 "make profile-optimized"

[ -n "$bench" ] || [ ! -f "$runs/bench.json" ] || bench=$runs/bench.json
options=()
[ -z "$bench" ] || options+=(--bench "$bench")
[ -z "$out" ] || options+=(--out "$out")
! $json || options+=(--json)
exec "$bin/goxel-report" compare "$baseline" "$optimized" "${options[@]}"
