#!/usr/bin/env bash
# profile-ab.sh - runs two sides interleaved, A B B A A B ..., and compares all pairs (R-004): what a
# verdict should rest on.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() {
	cat <<'TXT'
Usage: scripts/profile-ab.sh [options] [-- OPTIONS OF profile-baseline.sh...]
Runs two sides in alternating order and compares them pair by pair.

      --a NAME|FILE    baseline: target [default goxel-v14]
      --b NAME|FILE    optimized: target [default goxel-v15]
      --a-args WORDS   more words for A's command, e.g. '--queue ring'
      --b-args WORDS   the same for B
      --pairs N        [default 9]; below 9 small changes cannot be told
      --duration T     measured load of each run [default 5s]
      --warmup T       before it [default 1s]
      --out DIR        reports and runs [default profiles/runs/<date_time>-ab]
      --bin DIR        the programs [default build/release/bin]
      --json           the comparison as JSON on stdout
  -h, --help           print this text
  -V, --version        print version and revision

A, B, A_ARGS, B_ARGS, PAIRS, DURATION, WARMUP, OUT and BIN in the environment do
the same.
To see what one axis brings: --b goxel-v14 --b-args '--queue ring'.

Exit codes: of goxel-report compare; of profile-baseline.sh when a run fails;
130 interrupted
TXT
}

# shellcheck disable=SC2034 # read by way of ${!side}
a=${A:-goxel-v14} a_args=${A_ARGS:-}
# shellcheck disable=SC2034
b=${B:-goxel-v15} b_args=${B_ARGS:-}
pairs=${PAIRS:-9}
duration=${DURATION:-5s}
warmup=${WARMUP:-1s}
runs=${RUNS:-$root/profiles/runs}
out=${OUT:-}
bin=${BIN:-$root/build/release/bin}
json=false
more=()

while [ $# -gt 0 ]; do
	case $1 in
	--json) json=true ;;
	-h | --help) usage && exit 0 ;;
	-V | --version) print_version && exit 0 ;;
	--a | --b | --a-args | --b-args | --pairs | --duration | --warmup | --out | --bin)
		need_value "$1" $#
		name=${1#--}
		printf -v "${name//-/_}" '%s' "$2"
		shift
		;;
	--)
		shift
		more=("$@")
		break
		;;
	*) die 2 "unknown option '$1' (see --help)" ;;
	esac
	shift
done
[[ $pairs =~ ^[1-9][0-9]*$ ]] || die 2 "pairs is '$pairs'; a number from 1 is needed"
for program in goxel-report goxel-start; do
	[ -x "$bin/$program" ] || die 2 "$bin/$program is missing: run make first"
done
[ -n "$out" ] || out=$runs/$(date +%Y%m%d_%H%M%S)-ab
# One label for all would hide which side a run is of.
unset LABEL TARGET ARGS PRESET

# ---- the runs -----------------------------------------------------------------

run_pid=''
# shellcheck disable=SC2317 # called by traps
stop_run() {
	[ -z "$run_pid" ] || stop_pid "$run_pid" 30 || true
	exit 130
}
trap stop_run INT TERM HUP

# run_side a|b PAIR
run_side() {
	local side=$1 args=$1_args code=0
	guarded -- "$root/scripts/profile-baseline.sh" --target "${!side}" --args "${!args}" \
		--label "$side$2" --duration "$duration" --warmup "$warmup" --runs "$out" --bin "$bin" \
		"${more[@]}" >"$out/last.log" 2>&1 &
	run_pid=$!
	wait $run_pid || code=$?
	run_pid=''
	# 1: the run is complete, and some requests failed; the report says so.
	if [ $code -gt 1 ]; then
		cat "$out/last.log" >&2
		exit $code
	fi
	warn "pair $2 of $pairs, $side: $(sed -n 's/^Throughput *//p' "$out/last.log")"
}

mkdir -p "$out" || die 4 "cannot make $out"
for pair in $(seq "$pairs"); do
	if [ $((pair % 2)) -eq 1 ]; then order='a b'; else order='b a'; fi
	for side in $order; do run_side "$side" "$pair"; done
done
rm -f "$out/last.log"

dirs=()
for pair in $(seq "$pairs"); do dirs+=("$out"/*-a"$pair" "$out"/*-b"$pair"); done
options=(--out "$out")
! $json || options+=(--json)
exec "$bin/goxel-report" compare "${dirs[@]}" "${options[@]}"
