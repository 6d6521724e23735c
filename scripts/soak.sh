#!/usr/bin/env bash
# soak.sh - drives a daemon with every well-behaved client of the stress test for a long time; writes a
# run directory with measurements over time, and a picture of them.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() {
	cat <<'TXT'
Usage: scripts/soak.sh [options] [-- OPTIONS OF goxel-stress...]
Drives a daemon with many kinds of clients at a moderate rate and samples its
memory, descriptors, threads and errors, and the latencies of a probe client.

      --duration T     [default 10m]
      --preset NAME    v14 or v15 [default v15]
      --transport NAME [default: the preset's]
      --args WORDS     more options of the daemon
      --seed N         seed of the random numbers, to repeat a run
      --runs DIR       where the run directory goes [default profiles/runs]
      --stress PATH    the program [default build/release/test/goxel-stress]
  -h, --help           print this text
  -V, --version        print version and revision

DURATION, PRESET, TRANSPORT, ARGS, SEED and RUNS in the environment do the same.
The run directory <date_time>-soak-<preset> has soak.csv (a row per sample),
soak.json (the summary), soak.svg and soak.png, and log.txt.

Exit codes: 0 nothing failed, 1 something did: a wrong or missing reply, memory
that grows, something was left behind; 2 usage; 4 the run itself failed;
130 interrupted
TXT
}

duration=${DURATION:-10m}
preset=${PRESET:-v15}
transport=${TRANSPORT:-}
args=${ARGS:-}
seed=${SEED:-0}
runs=${RUNS:-$root/profiles/runs}
stress=${STRESS:-$root/build/release/test/goxel-stress}
more=()

while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage && exit 0 ;;
	-V | --version) print_version && exit 0 ;;
	--duration | --preset | --transport | --args | --seed | --runs | --stress)
		need_value "$1" $#
		printf -v "${1#--}" '%s' "$2"
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
duration_seconds "$duration" >/dev/null || die 2 "duration is '$duration'; write 30s, 10m or 1h"
[ -x "$stress" ] || die 2 "$stress is missing: run make soak"

out=$runs/$(date +%Y%m%d_%H%M%S)-soak-$preset
mkdir -p "$runs" || die 4 "cannot make $runs"
options=(--soak --duration "$duration" --preset "$preset" --seed "$seed" --out "$out")
[ -z "$transport" ] || options+=(--transport "$transport")
[ -z "$args" ] || options+=("--args=$args")

# The program ends its daemon when it gets a signal to end.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
code=0
pid=''
# shellcheck disable=SC2317 # called by traps
pass_on() {
	[ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || true
}
trap pass_on INT TERM HUP
"$stress" "${options[@]}" "${more[@]}" >"$log" 2>&1 &
pid=$!
tail --pid=$pid -n +1 -f "$log" 2>/dev/null &
tail_pid=$!
wait $pid || code=$?
while pid_lives $pid; do
	code=0
	wait $pid || code=$?
done
wait $tail_pid || true
[ -d "$out" ] || out=$out.partial
if [ -s "$out/soak.csv" ]; then
	cp "$log" "$out/log.txt"
	gnuplot -e "csv='$out/soak.csv'; base='$out/soak'; title='soak of $preset, $duration'" \
		"$root/scripts/soak.gp" 2>"$log" || {
		cat "$log" >&2
		warn "no picture"
	}
fi
say "run: $out"
exit $code
