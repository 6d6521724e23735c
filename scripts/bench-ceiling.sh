#!/usr/bin/env bash
# bench-ceiling.sh - the speed targets of the daemon, the generator and the capture, each as a ratio
# of two things measured in turn in the same rounds, against the kernel's ceiling: a bare echo server.
#
# Blocks taken one after the other differ by a quarter here without any cause; so every round
# measures both sides of every ratio, in alternating order. The values of all rounds go to
# goxel-report targets, which judges them by reports/targets/speed.json.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() {
	cat <<'TXT'
Usage: scripts/bench-ceiling.sh [options] [PART...]
Measures the speed targets in interleaved rounds and judges them: figure, 95 %
interval, limit (goxel-report targets --targets speed lists them all).

Parts (default: all):
  micro     goxel-bench: the shim against C++, v15's parser against simdjson,
            dispatch, queue, buffers and histogram, with the floor of measuring
            beside them
  ping      v15 against the echo server: 50 connections depth 1, 10 connections
            depth 16 and 64
  edits     add_voxel and get_voxel of v15 against the echo server, at the same
            three points; SET too if redis-server and redis-benchmark are
            installed
  mixed     v15 against v14, 90 % writes, 10 connections
  start     v15's exec to first reply against the echo server's; its memory
  memory    resident bytes per voxel of a dense cube of 64 x 64 x 64 (one round)
  generator goxel-load against the echo server, 10 connections, depth 1 and 16
  capture   v15 with 99 Hz sampling and heap sampling against without; the same
            with counters and tracepoints, as the main job has them; pinned
  batch     100,000 voxels in one request over the socket against v15's parser
            alone with the same text
  gox       .gox saved and loaded by the daemon: 60,000 voxels, with preview
  render    p99 of add_voxel at 1000/s while another connection has pictures of
            2048 x 2048 drawn one after the other, against the same without

      --rounds N       [default 7]
      --duration T     of each measurement [default 1s]
      --bin DIR        the programs [default build/release/bin]
      --out DIR        keep the values there; goxel-report targets judges them
                       again, also those of several runs
      --json           one JSON document on stdout, goxel-judged/1
  -h, --help           print this text
  -V, --version        print version and revision

Exit codes: 0 no target is missed; 1 one is, its whole interval lies beyond the
limit; 2 wrong usage; 4 a server or the generator failed; 130 interrupted
TXT
}

rounds=${ROUNDS:-7}
duration=${DURATION:-1s}
bin=${BIN:-$root/build/release/bin}
out=
json=false
parts=()
while [ $# -gt 0 ]; do
	case $1 in
	--json) json=true ;;
	-h | --help) usage && exit 0 ;;
	-V | --version) print_version && exit 0 ;;
	--rounds | --duration | --bin | --out)
		need_value "$1" $#
		printf -v "${1#--}" '%s' "$2"
		shift
		;;
	micro | ping | edits | mixed | start | memory | generator | capture | batch | gox | render) parts+=("$1") ;;
	*) die 2 "unknown part or option '$1' (see --help)" ;;
	esac
	shift
done
[ ${#parts[@]} -gt 0 ] || parts=(micro ping edits mixed start memory generator capture batch gox render)
[[ $rounds =~ ^[1-9][0-9]*$ ]] || die 2 "rounds is '$rounds'; a number from 1 is needed"
duration_seconds "$duration" >/dev/null || die 2 "duration is '$duration'; a time like 1s is needed"
for program in goxel-bench goxel-start goxel-load goxel-daemon goxel-profile goxel-report; do
	[ -x "$bin/$program" ] || die 2 "$bin/$program is missing: run make first"
done
command -v jq >/dev/null || die 2 "jq is missing: run scripts/bootstrap.sh"
people_fd=1
if $json; then
	people_fd=2
fi

# ---- servers --------------------------------------------------------------------

work=
make_folder work "${TMPDIR:-/tmp}/goxel-ceiling"
rows=$work/rows # figure and value, one line for each measurement
: >"$rows"
declare -A pids

clean_up_at_end

# start NAME COMMAND...: its socket is $work/NAME.sock; leaves $work/NAME.json
start() {
	local name=$1 ticks=500
	shift
	rm -f "$work/$name.json"
	guarded --remove "$work" --unix "$work/$name.sock" --out "$work/$name.json" -- "$@" \
		>"$work/$name.log" 2>&1 </dev/null &
	pids[$name]=$!
	while [ ! -s "$work/$name.json" ]; do
		[ $((ticks--)) -gt 0 ] || die 4 "$name does not come up"
		sleep 0.02
	done
	[ "$(jq .answered "$work/$name.json")" = true ] ||
		die 4 "$name does not answer: $(jq -r .error "$work/$name.json"); $(tail -n 1 "$work/$name.log")"
}

stop() {
	stop_pid "${pids[$1]}" 20 || true
	unset "pids[$1]"
}

start_named() {
	case $1 in
	echo) start echo "$bin/goxel-load" --serve-echo --unix "$work/echo.sock" ;;
	v14) start v14 "$bin/goxel-daemon" --preset v14 --socket "$work/v14.sock" ;;
	v15) start v15 "$bin/goxel-daemon" --preset v15 --socket "$work/v15.sock" ;;
	plain)
		start plain "$bin/goxel-daemon" --preset v15 --socket "$work/plain.sock" --affinity 1
		;;
	sampled)
		start sampled "$bin/goxel-daemon" --preset v15 --socket "$work/sampled.sock" \
			--affinity 1 --heap-sample 512KiB
		;;
	esac
}

# Measurements leave their figure in $value: in a subshell, what they start could outlive us.

# rate SERVER WORKLOAD CONNECTIONS DEPTH [OPTION...]: requests/s
rate() {
	local code=0
	"$bin/goxel-load" --unix "$work/$1.sock" --workload "$2" --connections "$3" --depth "$4" \
		--threads 1 --duration "$duration" --warmup 200ms --progress off --json "${@:5}" \
		>"$work/load.json" 2>"$work/load.err" || code=$?
	# 3: the generator was the limit, which against the echo server it may well be.
	[ $code -eq 0 ] || [ $code -eq 3 ] ||
		die 4 "goxel-load against $1 failed (exit $code): $(tail -n 1 "$work/load.err")"
	value=$(jq .totals.throughput_per_s "$work/load.json")
}

add_row() {
	printf '%s %s\n' "$1" "$2" >>"$rows"
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.5f", a / b }'
}

# pair METRIC ROUND COMMAND_A -- COMMAND_B: odd rounds measure A first, even ones B.
pair() {
	local metric=$1 round=$2 a b
	shift 2
	local first=() second=()
	while [ "$1" != -- ]; do
		first+=("$1")
		shift
	done
	shift
	second=("$@")
	if [ $((round % 2)) -eq 1 ]; then
		"${first[@]}"
		a=$value
		"${second[@]}"
		b=$value
	else
		"${second[@]}"
		b=$value
		"${first[@]}"
		a=$value
	fi
	add_row "$metric" "$(ratio "$a" "$b")"
	add_row "$metric.a" "$a"
	add_row "$metric.b" "$b"
}

# ---- parts: each measures one round ------------------------------------------------

# One process a round, in which the repetitions of all are mixed at random; goxel-report takes medians.
round_micro() {
	goxel_bench "$work/bench-$1.json" --min-time 50ms --repetitions 5 \
		--benchmark_enable_random_interleaving=true "$(micro_filter)"
}

# goxel_bench FILE OPTION...
goxel_bench() {
	"$bin/goxel-bench" --counters '' --out "$@" >"$work/bench.log" 2>&1 ||
		die 4 "goxel-bench failed: $(grep -m 1 -i error "$work/bench.log")"
}

# What the targets need, by a first result, which says what v15's implementations are.
micro_filter() {
	[ -s "$work/first.json" ] || goxel_bench "$work/first.json" --min-time 1ms '^hdr/record$'
	"$bin/goxel-report" targets --targets speed --benchmarks "$work/first.json"
}

round_ping() {
	pair ping_n50_p1 "$1" rate v15 ping 50 1 -- rate echo ping 50 1
	pair ping_n10_p16 "$1" rate v15 ping 10 16 -- rate echo ping 10 16
	pair ping_n10_p64 "$1" rate v15 ping 10 64 -- rate echo ping 10 64
}

# One operation of the mixed workload: workload_of NAME
workload_of() {
	[ -s "$work/$1.wl" ] || awk -v op="$1" '/^\[/ { wanted = !/^\[op / || $0 == "[op " op "]" } wanted' \
		"$root/loadgen/workloads/mixed.wl" >"$work/$1.wl"
}

start_redis() {
	local ticks=500
	guarded --remove "$work" -- redis-server --port 0 --unixsocket "$work/redis.sock" --dir "$work" \
		--save '' --appendonly no --daemonize no >"$work/redis.log" 2>&1 </dev/null &
	pids[redis]=$!
	until [ -S "$work/redis.sock" ]; do
		[ $((ticks--)) -gt 0 ] || die 4 "redis-server does not come up: $(tail -n 1 "$work/redis.log")"
		sleep 0.02
	done
}

# rate_redis CONNECTIONS DEPTH: SET with random keys. It takes a count: first a few, to see how many
# fit the time.
rate_redis() {
	local run=(redis-benchmark -s "$work/redis.sock" -t set -c "$1" -P "$2" -r 262144 --csv)
	value=$("${run[@]}" -n 20000 | awk -F'"' '/SET/ { print $4 }')
	value=$("${run[@]}" -n "$(awk -v r="$value" -v s="$(duration_seconds "$duration")" \
		'BEGIN { print int(r * s) + 1000 }')" | awk -F'"' '/SET/ { print $4 }')
	[ -n "$value" ] || die 4 "redis-benchmark failed"
}

round_edits() {
	local at op
	for at in '50 1' '10 16' '10 64'; do
		set -- "$1" "${at% *}" "${at#* }"
		for op in add_voxel get_voxel; do
			workload_of $op
			pair "${op}_n$2_p$3" "$1" rate v15 "$work/$op.wl" "$2" "$3" -- rate echo ping "$2" "$3"
		done
		command -v redis-server redis-benchmark >/dev/null || continue
		[ -n "${pids[redis]:-}" ] || start_redis
		pair "redis_set_n$2_p$3" "$1" rate_redis "$2" "$3" -- rate echo ping "$2" "$3"
	done
}

round_mixed() {
	pair mixed_n10 "$1" rate v15 mixed 10 1 -- rate v14 mixed 10 1
}

first_reply() {
	local from=$1 name=cold_$1
	case $from in
	echo) start "$name" "$bin/goxel-load" --serve-echo --unix "$work/$name.sock" ;;
	v15) start "$name" "$bin/goxel-daemon" --preset v15 --socket "$work/$name.sock" ;;
	esac
	stop "$name"
	value=$(jq .first_reply_ns "$work/$name.json")
}

round_start() {
	local i
	for i in 1 2 3 4; do
		pair start_to_reply "$i" first_reply v15 -- first_reply echo
		add_row rss_start_bytes "$(jq .rss_bytes "$work/cold_v15.json")"
	done
}

# One request fills one block of 16 x 16 x 16 whose corner is the argument.
fill_block() {
	local reply
	awk -v x0="$1" -v y0="$2" -v z0="$3" 'BEGIN {
		printf "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"add_voxels\",\"params\":{\"voxels\":["
		for (x = 0; x < 16; x++) for (y = 0; y < 16; y++) for (z = 0; z < 16; z++)
			printf "%s{\"x\":%d,\"y\":%d,\"z\":%d,\"r\":%d,\"g\":9,\"b\":9}", n++ ? "," : "",
				x0 + x, y0 + y, z0 + z, x
		print "]}}" }' >"$work/block"
	reply=$("$bin/goxel-start" --unix "$work/cube.sock" --request "@$work/block")
	[ "$(jq .result.added <<<"$reply")" = 4096 ] || die 4 "add_voxels answered: ${reply:0:200}"
}

resident_bytes() {
	awk '/^VmRSS:/ { print $2 * 1024 }' "/proc/$1/status"
}

round_memory() {
	local before after x y z
	[ "$1" -eq 1 ] || return 0
	start cube "$bin/goxel-daemon" --preset v15 --socket "$work/cube.sock"
	"$bin/goxel-start" --unix "$work/cube.sock" \
		--request '{"jsonrpc":"2.0","id":1,"method":"create_project"}' >"$work/created"
	# The first requests pay for the buffers of each worker, which stay.
	for x in 1 2 3 4 5 6 7 8; do fill_block $((x * 4096)) 4096 4096; done
	before=$(resident_bytes "${pids[cube]}")
	for x in 0 16 32 48; do
		for y in 0 16 32 48; do
			for z in 0 16 32 48; do fill_block $x $y $z; done
		done
	done
	after=$(resident_bytes "${pids[cube]}")
	add_row bytes_a_voxel "$(awk -v a="$before" -v b="$after" \
		'BEGIN { printf "%.4f", (b - a) / 64 ^ 3 }')"
	stop cube
}

round_generator() {
	rate echo ping 10 1
	add_row generator_n10_p1 "$value"
	rate echo ping 10 16
	add_row generator_n10_p16 "$value"
}

# with_capture [OPTION...]: of goxel-profile
with_capture() {
	local out=$work/profile
	rm -rf "$out"
	mkdir "$out"
	# Longer than the measurement, so that none of it is without capture; then ended by us.
	guarded -- "$bin/goxel-profile" --pid "${pids[sampled]}" --out "$out" --duration 600s "$@" \
		>"$work/profile.log" 2>&1 &
	pids[profile]=$!
	sleep 0.5
	rate sampled mixed 10 1 --affinity 0
	pid_lives "${pids[profile]}" || die 4 "goxel-profile ended early: $(tail -n 1 "$work/profile.log")"
	stop profile
}

# The effect that is looked for is smaller than the scatter of one pair: several short pairs a round,
# with server and generator each on a processor of its own. Where the kernel moves them at will, two
# runs of the same differ three times as much.
round_capture() {
	local i name all=$duration
	duration=400ms
	for name in plain sampled; do
		# Anew each round: where two processes' memory lies makes them differ for as long as
		# they live, which no number of pairs would average out.
		[ -z "${pids[$name]:-}" ] || stop $name
		start_named $name
	done
	for i in 1 2 3 4; do
		pair capture "$i" with_capture --no-counters -- rate plain mixed 10 1 --affinity 0
	done
	for i in 1 2; do
		pair capture_all "$i" with_capture -- rate plain mixed 10 1 --affinity 0
	done
	duration=$all
}

# bench NAME: nanoseconds of an iteration, by the clock
bench() {
	goxel_bench "$work/one.json" --min-time 300ms "^$1/real_time$"
	value=$(jq '.benchmarks[0] | .real_time * {ns: 1, us: 1e3, ms: 1e6}[.time_unit]' "$work/one.json")
}

round_batch() {
	pair batch_100k "$1" bench batch_100k/v15 -- bench batch_100k/parse
	pair batch_scattered "$1" bench batch_100k_scattered/v15 -- bench batch_100k_scattered/parse
}

round_gox() {
	bench gox_60k/save/v15
	add_row gox_save_ns "$value"
	bench gox_60k/load/v15
	add_row gox_load_ns "$value"
}

# A house-sized model; each picture from another side, so that none is known already.
model_for_pictures() {
	local request
	cat >"$work/edits.wl" <<'WL'
[workload]
description = single voxels, at places of their own
[var x]
random = 200..327
[var y]
random = 0..127
[var z]
random = 0..127
[var shade]
random = 0..255
[op add_voxel]
method = add_voxel
params = {"position":[${x},${y},${z}],"color":[${shade},20,30,255]}
WL
	cat >"$work/pictures.wl" <<'WL'
[workload]
description = large pictures
[var yaw]
sequence = 0..359
step = 7
[op render_scene]
method = render_scene
params = {"width":2048,"height":2048,"return_mode":"file_path","yaw":${yaw},"pitch":40}
kind = read
WL
	for request in create_project \
		'procedural_shape","params":{"shape_type":"sphere","size_x":64,"size_y":64,"size_z":64,"center_x":64,"center_y":64,"center_z":64,"r":200,"g":90,"b":30}' \
		'procedural_shape","params":{"shape_type":"torus","size_x":120,"size_y":120,"size_z":24,"center_x":64,"center_y":64,"center_z":64,"r":40,"g":90,"b":200}'; do
		[ "$request" != create_project ] || request='create_project","params":{}'
		"$bin/goxel-start" --unix "$work/pictured.sock" \
			--request "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$request}" >"$work/made"
		[ "$(jq -r .result.success "$work/made")" = true ] || die 4 "$(head -c 200 "$work/made")"
	done
}

# p99 of edits in nanoseconds, latency from the intended start. Other voxels each time: what is there
# already would change nothing, and pictures of it would be known.
edits_seed=0
edits_p99() {
	local code=0
	edits_seed=$((edits_seed + 1))
	"$bin/goxel-load" --unix "$work/pictured.sock" --workload "$work/edits.wl" --connections 1 \
		--seed $edits_seed --rate 1000 --duration "$duration" --warmup 200ms --progress off --json \
		>"$work/load.json" 2>"$work/load.err" || code=$?
	[ $code -eq 0 ] || [ $code -eq 3 ] ||
		die 4 "goxel-load against pictured failed (exit $code): $(tail -n 1 "$work/load.err")"
	value=$(jq .operations.add_voxel.response_time_ns.p99 "$work/load.json")
}

edits_p99_with_pictures() {
	guarded -- "$bin/goxel-load" --unix "$work/pictured.sock" --workload "$work/pictures.wl" \
		--connections 1 --duration 600s --warmup 0s --timeout 60s --progress off \
		--json >"$work/pictures.json" 2>"$work/pictures.log" &
	pids[pictures]=$!
	sleep 0.5
	edits_p99
	pid_lives "${pids[pictures]}" || die 4 "no pictures: $(tail -n 1 "$work/pictures.log")"
	stop pictures
	sleep 0.2 # the last picture ends when its client has gone
	add_row pictures_per_s "$(jq .totals.throughput_per_s "$work/pictures.json")"
}

round_render() {
	local i
	if [ -z "${pids[pictured]:-}" ]; then
		GOXEL_RENDER_DIR=$work/pictured.files start pictured "$bin/goxel-daemon" --preset v15 \
			--socket "$work/pictured.sock"
		model_for_pictures
	fi
	for i in 1 2; do pair edits_under_render $((i + $1)) edits_p99_with_pictures -- edits_p99; done
}

# ---- figures -----------------------------------------------------------------------

# The values of all rounds, which goxel-report judges by reports/targets/speed.json.
write_values() {
	jq -n --arg revision "$(print_version | cut -d ' ' -f 4)" --argjson rounds "$rounds" \
		--arg duration "$duration" --rawfile rows "$rows" '
		{schema: "goxel-ceiling/1", revision: $revision, rounds_count: $rounds, duration: $duration,
		 values: ($rows | split("\n") | map(select(. != "") | split(" ") | {(.[0]): (.[1] | tonumber)})
			| reduce .[] as $r ({}; reduce ($r | keys[]) as $k (.; .[$k] += [$r[$k]])))}' \
		>"$work/values.json"
}

# keep FILE...: where --out says, if it says so.
keep() {
	[ -n "$out" ] || return 0
	if ! mkdir -p "$out" || ! cp "$@" "$out"; then die 4 "cannot write to $out"; fi
}

# An exit code: 1 when a target is missed.
judge() {
	local code=0 json_option=()
	if $json; then json_option=(--json); fi
	"$bin/goxel-report" targets --targets speed "${json_option[@]}" "$@" || code=$?
	[ $code -le 1 ] || die 4 "goxel-report failed (exit $code)"
	if ! $json; then
		printf '\n%s\n' "Client and server share the machine's $(nproc) processors; only capture pins them."
		printf '%s\n' "Load of the machine, 1 min: $(cut -d ' ' -f 1 /proc/loadavg)."
	fi
	return $code
}

servers_needed() {
	case " ${parts[*]} " in *" ping "* | *" edits "* | *" generator "*) echo echo ;; esac
	case " ${parts[*]} " in *" ping "* | *" edits "* | *" mixed "*) echo v15 ;; esac
	case " ${parts[*]} " in *" mixed "*) echo v14 ;; esac
}

wants() {
	case " ${parts[*]} " in *" $1 "*) ;; *) return 1 ;; esac
}

for server in $(servers_needed); do start_named "$server"; done
for round in $(seq "$rounds"); do
	say "round $round of $rounds: ${parts[*]}"
	for part in micro ping edits mixed start memory generator capture batch gox render; do
		if wants $part; then "round_$part" "$round"; fi
	done
done
write_values
figures=("$work/values.json")
for round in $(seq "$rounds"); do
	[ ! -s "$work/bench-$round.json" ] || figures+=("$work/bench-$round.json")
done
keep "${figures[@]}"
judge "${figures[@]}" || exit 1
