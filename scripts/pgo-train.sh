#!/usr/bin/env bash
# pgo-train.sh - the training load of `make pgo`: the compiler optimizes the programs of build/pgo for
# what the instrumented programs do here.
#
# v14 and v15 get the same load, so that both gain from the optimization and comparing them still
# compares architectures.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() {
	cat <<'TXT'
Usage: scripts/pgo-train.sh [options]
Drives the daemon, built with -fprofile-generate, in both presets: ping, mixed,
read and batch at depth 1 and 16, a picture, files, a script.

      --bin DIR       the programs [default build/pgo-train/bin]
      --duration T    of each load [default 1s]
  -h, --help          print this text
  -V, --version       print version and revision

Exit codes: 0 done; 2 wrong usage; 4 a program failed; 130 interrupted
TXT
}

bin=$root/build/pgo-train/bin
duration=1s
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage && exit 0 ;;
	-V | --version) print_version && exit 0 ;;
	--bin | --duration)
		need_value "$1" $#
		printf -v "${1#--}" '%s' "$2"
		shift
		;;
	*) die 2 "unknown option '$1' (see --help)" ;;
	esac
	shift
done
for program in goxel-daemon goxel-load goxel-start; do
	[ -x "$bin/$program" ] || die 2 "$bin/$program is missing: run make pgo"
done

pids=() work=''
clean_up_at_end
make_folder work "${TMPDIR:-/tmp}/goxel-pgo"

start() {
	local ticks=1000
	rm -f "$work/start.json"
	guarded --remove "$work" --unix "$work/s" --out "$work/start.json" -- \
		"$bin/goxel-daemon" --preset "$1" --socket "$work/s" >"$work/log" 2>&1 &
	pids=($!)
	while [ ! -s "$work/start.json" ]; do
		if ! pid_lives "${pids[0]}" || [ $((ticks--)) -eq 0 ]; then
			die 4 "the daemon does not start: $(tail -n 1 "$work/log")"
		fi
		sleep 0.02
	done
}

# Its counts are written at the end of the process.
stop() {
	local code=0
	stop_pid "${pids[0]}" 30 || code=$?
	pids=()
	[ "$code" -eq 0 ] || die 4 "the daemon ended with exit code $code: $(tail -n 1 "$work/log")"
}

# load WORKLOAD CONNECTIONS DEPTH
load() {
	local code=0
	"$bin/goxel-load" --unix "$work/s" --workload "$1" --connections "$2" --depth "$3" \
		--duration "$duration" --warmup 0s --progress off >"$work/load.log" 2>&1 || code=$?
	# 3: the generator was the bottleneck, as an instrumented one may be.
	[ "$code" -eq 0 ] || [ "$code" -eq 3 ] ||
		die 4 "goxel-load $1: exit $code: $(tail -n 1 "$work/load.log")"
}

# call METHOD PARAMS
call() {
	"$bin/goxel-start" --unix "$work/s" --timeout 60s \
		--request "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":$2}" >"$work/reply" ||
		die 4 "$1: no reply"
	! grep -q '"error"' "$work/reply" || die 4 "$1: $(head -c 200 "$work/reply")"
}

one_of_everything() {
	local shape
	call create_project '{"name":"pgo"}'
	for shape in sphere cube cylinder torus; do
		call procedural_shape "{\"shape_type\":\"$shape\",\"size_x\":48,\"size_y\":48,\"size_z\":24,\"center_x\":0,\"center_y\":0,\"center_z\":0,\"r\":200,\"g\":90,\"b\":30}"
	done
	call render_scene '{"width":512,"height":512}'
	call save_project "[\"$work/p.gox\"]"
	call load_project "[\"$work/p.gox\"]"
	call export_model "[\"$work/p.vox\"]"
	call execute_script '{"script":"var n = 0; for (var i = 0; i < 1e5; i++) n += i; n"}'
	call undo '{}'
}

for preset in v14 v15; do
	say "training $preset"
	start $preset
	for workload in ping mixed read batch; do
		load $workload 10 1
		load $workload 10 16
	done
	one_of_everything
	stop
done
