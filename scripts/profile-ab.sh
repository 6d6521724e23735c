#!/usr/bin/env bash
# profile-ab.sh - compares two servers in pairs (R-004): what a verdict should rest on. In slices of
# milliseconds, both alive (goxel-pair), or in whole runs, one after the other: A B B A A B ...
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() {
	cat <<'TXT'
Usage: scripts/profile-ab.sh [options] [-- OPTIONS OF goxel-pair...]
Compares two servers in pairs.

      --mode slices    both live side by side and take turns of milliseconds
                       under one generator, with fresh servers in each block
                       (goxel-pair) [default]
      --mode runs      whole runs in the order A B B A A B ..., for servers that
                       do not idle; -- OPTIONS are those of profile-baseline.sh
      --a ARM          baseline [default v14]
      --b ARM          what is compared with it [default v15]
      --c ARM          slices: a third one
      --a-args WORDS   more words for A's command, e.g. '--queue ring'
      --b-args WORDS   the same for B
      --out DIR        results [default profiles/runs/<date_time>-ab]
      --bin DIR        the programs [default build/release/bin]
      --json           the comparison as JSON on stdout
  -h, --help           print this text
  -V, --version        print version and revision
Slices:
      --blocks N       [default 40]
      --realtime       go before all normal processes: for busy machines
      --resume         go on with the comparison in --out
Runs:
      --pairs N        [default 9]; below 9 small changes cannot be told
      --duration T     measured load of each run [default 5s]
      --warmup T       before it [default 1s]

An ARM is a preset ("v15") or another file of profiles/targets, a target file
or, in slices, a build directory or a git ref, which is built in build/ab/COMMIT
and kept; these two may say a preset ("HEAD~3:v14", else v15). "twin" is A
linked in another order, from the same objects: what layout alone does.
More words for its command may follow: "v15 --queue mutex".

A, B, C, A_ARGS, B_ARGS, MODE, BLOCKS, REALTIME=1, PAIRS, DURATION, WARMUP, OUT,
SEED, WORKLOAD, RATE and BIN in the environment do the same.
To see what one axis brings: --a v14 --b 'v14 --queue ring'.

Exit codes: of goxel-pair; in runs of goxel-report compare, or of
profile-baseline.sh when a run fails; 130 interrupted
TXT
}

# shellcheck disable=SC2034 # read by way of ${!side}
a=${A:-v14} a_args=${A_ARGS:-}
# shellcheck disable=SC2034
b=${B:-v15} b_args=${B_ARGS:-}
# shellcheck disable=SC2034
c=${C:-}
mode=${MODE:-slices}
blocks=${BLOCKS:-}
pairs=${PAIRS:-9}
duration=${DURATION:-5s}
warmup=${WARMUP:-1s}
runs=${RUNS:-$root/profiles/runs}
out=${OUT:-}
bin=${BIN:-$root/build/release/bin}
json=false
resume=false
more=()

while [ $# -gt 0 ]; do
	case $1 in
	--json) json=true ;;
	--resume) resume=true ;;
	--realtime) REALTIME=1 ;;
	-h | --help) usage && exit 0 ;;
	-V | --version) print_version && exit 0 ;;
	--a | --b | --c | --a-args | --b-args | --mode | --blocks | --pairs | --duration | --warmup | --out | --bin)
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
[[ $mode == slices || $mode == runs ]] || die 2 "mode is '$mode'; slices or runs"
[[ $pairs =~ ^[1-9][0-9]*$ ]] || die 2 "pairs is '$pairs'; a number from 1 is needed"
needed=(goxel-start goxel-pair)
[ "$mode" = slices ] || needed=(goxel-start goxel-report)
for program in "${needed[@]}"; do
	[ -x "$bin/$program" ] || die 2 "$bin/$program is missing: run make first"
done
$resume && [ -z "$out" ] && die 2 "--resume needs --out DIR"
[ -n "$out" ] || out=$runs/$(date +%Y%m%d_%H%M%S)-ab
# One label for all would hide which side a run is of.
unset LABEL TARGET ARGS PRESET

# ---- slices ---------------------------------------------------------------------

# twin_of ARM: prints the same arm with its daemon linked in another order.
twin_of() {
	local what=${1%%[[:space:]]*} rest='' as='' folder=$bin variant
	[ "$what" = "$1" ] || rest=" ${1#*[[:space:]]}"
	if is_shipped "$what"; then
		as=:$what
	else
		folder=${what%:*}
		as=${what#"$folder"}
		[ -x "$folder/goxel-daemon" ] || folder=$folder/bin
	fi
	folder=$(cd "$folder" && pwd)
	variant=${folder%/bin} variant=${variant##*/}
	[[ $folder == */build/$variant/bin ]] || die 2 "a twin of '$1' is not possible: no build directory"
	env -u O -u OPT -u BIN make -C "${folder%/build/*}" --no-print-directory BUILD="$variant" OPT= \
		"build/$variant/twin-${SEED:-1}/bin/goxel-daemon" >&2 || die 4 "cannot link a twin of '$1'"
	printf '%s' "${folder%/bin}/twin-${SEED:-1}/bin$as$rest"
}

run_slices() {
	local options=(--bin "$bin" --out "$out/pairs.json" --slices "$out/slices.csv") arm first=''
	for side in a b c; do
		[ -n "${!side}" ] || continue
		if [ "${!side}" = twin ]; then
			arm=$(twin_of "$first") || exit $?
		else
			arm=$(resolve "${!side}") || exit $?
		fi
		case $side in
		a) arm+=${a_args:+ $a_args} ;;
		b) arm+=${b_args:+ $b_args} ;;
		esac
		first=${first:-$arm}
		options+=("--$side" "$arm")
	done
	[ -z "$blocks" ] || options+=(--blocks "$blocks")
	[ -z "${SEED:-}" ] || options+=(--seed "$SEED")
	[ -z "${WORKLOAD:-}" ] || options+=(--workload "$WORKLOAD")
	[ -z "${RATE:-}" ] || options+=(--rate "$RATE")
	[ -z "${REALTIME:-}" ] || options+=(--realtime)
	! $json || options+=(--json)
	! $resume || options+=(--resume)
	mkdir -p "$out" || die 4 "cannot make $out"
	warn "results go to $out"
	exec "$bin/goxel-pair" "${options[@]}" "${more[@]}"
}

[ "$mode" = runs ] || run_slices

# ---- runs -----------------------------------------------------------------------

# split_arm a|b: a preset's name is its target's without "goxel-"; further words are for the command.
split_arm() {
	local side=$1 what=${!1%%[[:space:]]*} args=$1_args
	[ "$what" = "${!side}" ] || printf -v "$args" '%s' "${!side#*[[:space:]]} ${!args}"
	[ -e "$(target_file "$what")" ] || what=goxel-$what
	printf -v "$side" '%s' "$what"
}
split_arm a
split_arm b

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
