#!/usr/bin/env bash
# bench-ceiling.sh - the speed targets of the daemon, the generator and the capture, each as a ratio
# of two things measured in turn in the same rounds, against the kernel's ceiling: a bare echo server.
#
# Blocks taken one after the other differ by a quarter here without any cause; so every round
# measures both sides of every ratio, in alternating order, and what is judged is the median of the
# rounds' ratios. Its interval comes from the order of the ratios alone (sign test), so it holds
# whatever their distribution is.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() {
	cat <<'TXT'
Usage: scripts/bench-ceiling.sh [options] [PART...]
Measures the speed targets in interleaved rounds and prints medians of ratios.

Parts (default: all):
  micro     goxel-bench: the shim against C++, v15's parser against simdjson,
            dispatch, queue, buffers and histogram, with the floor of measuring
            beside them
  ping      v15 against the echo server: 50 connections depth 1, 10 connections
            depth 16 and 64
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
      --json           one JSON document on stdout, goxel-ceiling/1
  -h, --help           print this text
  -V, --version        print version and revision

Exit codes: 0 no target is shown to be missed; 1 one is, its whole interval lies
beyond it; 2 wrong usage; 4 a server or the generator failed; 130 interrupted
TXT
}

rounds=${ROUNDS:-7}
duration=${DURATION:-1s}
bin=${BIN:-$root/build/release/bin}
json=false
parts=()
while [ $# -gt 0 ]; do
	case $1 in
	--json) json=true ;;
	-h | --help) usage && exit 0 ;;
	-V | --version) print_version && exit 0 ;;
	--rounds | --duration | --bin)
		need_value "$1" $#
		printf -v "${1#--}" '%s' "$2"
		shift
		;;
	micro | ping | mixed | start | memory | generator | capture | batch | gox | render) parts+=("$1") ;;
	*) die 2 "unknown part or option '$1' (see --help)" ;;
	esac
	shift
done
[ ${#parts[@]} -gt 0 ] || parts=(micro ping mixed start memory generator capture batch gox render)
[[ $rounds =~ ^[1-9][0-9]*$ ]] || die 2 "rounds is '$rounds'; a number from 1 is needed"
duration_seconds "$duration" >/dev/null || die 2 "duration is '$duration'; a time like 1s is needed"
for program in goxel-bench goxel-start goxel-load goxel-daemon goxel-profile; do
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
rows=$work/rows # metric, ratio or value; one line a round
declare -A pids

# shellcheck disable=SC2317 # called by traps
clean_up() {
	local code=$? name
	trap - EXIT TERM HUP
	trap '' INT USR1
	! is_broken_trap "$code" || code=130
	for name in "${!pids[@]}"; do stop_pid "${pids[$name]}" 5 || true; done
	rm -rf "$work"
	exit "$code"
}
trap clean_up EXIT
trap 'exit 130' TERM HUP
on_interrupt 'exit 130'

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

# Metric, benchmark, and the one it is a ratio to ("/"), a difference from ("-"), or a divisor of its ns.
micro_metrics() {
	cat <<'TXT'
micro_loop         floor/empty_loop            - floor/empty_loop_cxx
micro_keep         floor/keep_value            - floor/keep_value_cxx
micro_register_ms  floor/register_1000/iterations:1 / 1e6
micro_json_1k      json_parse_1k/simd          / oracle/json_parse_1k/simdjson
micro_json_ping    json_parse_ping/simd        / oracle/json_parse_ping/simdjson
micro_json_1k_ns   json_parse_1k/simd          / 1
micro_json_ping_ns json_parse_ping/simd        / 1
micro_simdjson_1k_ns oracle/json_parse_1k/simdjson / 1
micro_dispatch     method_dispatch/hash        / 1
micro_queue        queue_operations/ring       / 1
micro_pool_512     memory_allocate/pool/512    / 1
micro_pool_4k      memory_allocate/pool/4096   / 1
micro_pool_64k     memory_allocate/pool/65536  / 1
micro_hdr          hdr/record                  / 1
micro_floor        floor/empty_loop            / 1
micro_clock        floor/clock_read            / 1
micro_indirect     floor/indirect_call         / 1
micro_cas          floor/compare_and_swap      / 1
TXT
}

# One process a round, in which the repetitions of all are mixed at random; medians of CPU time.
round_micro() {
	local names
	names=$(micro_metrics | awk '{ print $2; if ($4 ~ /[a-z].*\//) print $4 }' | sort -u | paste -sd '|')
	"$bin/goxel-bench" --counters '' --min-time 50ms --repetitions 5 --out "$work/bench.json" \
		--benchmark_enable_random_interleaving=true "^($names)\$" \
		>"$work/bench.log" 2>&1 || die 4 "goxel-bench failed: $(grep -m 1 -i error "$work/bench.log")"
	jq -r '.benchmarks[] | select(.aggregate_name == "median") | "\(.run_name) \(.cpu_time)"' \
		"$work/bench.json" >"$work/medians"
	micro_metrics | awk 'NR == FNR { ns[$1] = $2; next }
		($4 in ns ? 1 : $4 + 0) && $2 in ns {
			to = $4 in ns ? ns[$4] : $4
			printf "%s %.5f\n", $1, $3 == "-" ? ns[$2] - to : ns[$2] / to
		}' "$work/medians" - >>"$rows"
}

round_ping() {
	pair ping_n50_p1 "$1" rate v15 ping 50 1 -- rate echo ping 50 1
	pair ping_n10_p16 "$1" rate v15 ping 10 16 -- rate echo ping 10 16
	pair ping_n10_p64 "$1" rate v15 ping 10 64 -- rate echo ping 10 64
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
		add_row rss_mib "$(jq '.rss_bytes / 1048576' "$work/cold_v15.json")"
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

# bench NAME: milliseconds of an iteration, by the clock
bench() {
	"$bin/goxel-bench" --counters '' --min-time 300ms --out "$work/bench.json" "^$1/real_time$" \
		>"$work/bench.log" 2>&1 || die 4 "goxel-bench failed: $(grep -m 1 -i error "$work/bench.log")"
	value=$(jq '.benchmarks[0] | .real_time / {ns: 1e6, us: 1e3, ms: 1}[.time_unit]' "$work/bench.json")
}

round_batch() {
	pair batch_100k "$1" bench batch_100k/v15 -- bench batch_100k/parse
	pair batch_scattered "$1" bench batch_100k_scattered/v15 -- bench batch_100k_scattered/parse
}

round_gox() {
	bench gox_60k/save/v15
	add_row gox_save_ms "$value"
	bench gox_60k/load/v15
	add_row gox_load_ms "$value"
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
	rm -rf "$work/pictures"
	guarded -- "$bin/goxel-load" --unix "$work/pictured.sock" --workload "$work/pictures.wl" \
		--connections 1 --duration 600s --warmup 0s --timeout 60s --progress off \
		--out "$work/pictures" >"$work/pictures.log" 2>&1 &
	pids[pictures]=$!
	sleep 0.5
	edits_p99
	pid_lives "${pids[pictures]}" || die 4 "no pictures: $(tail -n 1 "$work/pictures.log")"
	stop pictures
	sleep 0.2 # the last picture ends when its client has gone
	add_row pictures_a_second "$(jq .totals.throughput_per_s "$work/pictures/load-test-results.json")"
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

# ---- judgement -----------------------------------------------------------------------

# metric, relation, target, what it is
targets() {
	cat <<'TXT'
micro_loop        <= 0.05    shim: its loop - C++'s, ns an iteration
micro_keep        <= 0.05    shim: the same with a value kept
micro_register_ms <= 10      shim: 1,000 registrations, ms
micro_json_1k     <= 0.6     json_parse_1k: v15 / simdjson on demand
micro_json_ping   <= 0.8     ping: v15 / simdjson on demand
micro_dispatch    <= 10      method_dispatch v15, ns
micro_queue       <= 20      queue v15: push + pop, ns
micro_pool_512    <= 10      pool v15: get + put of 512 B, ns
micro_pool_4k     <= 10      pool v15: get + put of 4 KiB, ns
micro_pool_64k    <= 10      pool v15: get + put of 64 KiB, ns
micro_hdr         <= 5       HDR record, ns
micro_json_1k_ns  -  0       json_parse_1k v15, ns
micro_json_ping_ns - 0       ping v15, ns
micro_simdjson_1k_ns - 0     json_parse_1k simdjson, ns
micro_floor       -  0       floor: an empty loop, ns an iteration
micro_clock       -  0       floor: a clock read, ns
micro_indirect    -  0       floor: an indirect call, ns
micro_cas         -  0       floor: a compare-and-swap, ns
ping_n50_p1       >= 0.85    v15 ping / echo, 50 connections, depth 1
ping_n10_p16      >= 0.40    v15 ping / echo, 10 connections, depth 16
ping_n10_p64      >= 0.30    v15 ping / echo, 10 connections, depth 64
mixed_n10         >= 2       v15 mixed / v14 mixed, 10 connections
start_to_reply    <= 4       v15 exec to first reply / echo's
rss_mib           <= 4.768   v15 resident MiB after the start (5 MB)
bytes_a_voxel     <= 5       v15 resident bytes a voxel, dense 64x64x64
generator_n10_p1  >= 250000  goxel-load against echo, requests/s, depth 1
generator_n10_p16 >= 2000000 goxel-load against echo, requests/s, depth 16
capture           >= 0.97    v15 mixed with 99 Hz + heap sampling / without
capture_all       -  0       v15 mixed with the main job's capture / without
batch_100k        <= 3       v15 100,000 voxels in a request / parsing it
batch_scattered   -  0       the same with voxels in no order
gox_save_ms       <= 50      v15 save_project of 60,000 voxels, ms
gox_load_ms       <= 50      v15 load_project of the same file, ms
edits_under_render <= 3      p99 of add_voxel under 2048 x 2048 renders / without
pictures_a_second -  0       such pictures a second meanwhile
TXT
}

# Tab-separated: metric, relation, target, median, interval's ends, its confidence, pairs, verdict,
# what. The interval is the narrowest symmetric pair of ranks that holds the median with 95 %, or all
# there is.
judge() {
	targets | while read -r metric relation target what; do
		awk -v metric="$metric" '$1 == metric { print $2 }' "$rows" | sort -g |
			awk -v metric="$metric" -v relation="$relation" -v target="$target" -v what="$what" '
			{ v[NR] = $1 }
			END {
				if (!NR) exit
				median = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
				# below[k] = P(the median lies below the k-th of NR values)
				p = 0.5 ^ NR
				for (k = 1; k <= NR; k++) { sum += p; below[k] = sum; p *= (NR - k + 1) / k }
				rank = 1
				while (rank < NR / 2 && below[rank + 1] <= 0.025) rank++
				low = v[rank]; high = v[NR + 1 - rank]
				verdict = "shown"
				if (relation == ">=") verdict = median >= target ? "met" : "missed"
				if (relation == "<=") verdict = median <= target ? "met" : "missed"
				if (relation != "-" && low < target && target < high)
					verdict = verdict ", not settled"
				printf "%s\t%s\t%s\t%.6g\t%.6g\t%.6g\t%.4f\t%d\t%s\t%s\n", metric, relation,
					target, median, low, high, 1 - 2 * below[rank], NR, verdict, what
			}'
	done
}

show() {
	local tab=$'\t'
	printf '\n%-48s %9s  %-20s %6s %5s  %-10s\n' "" median "interval" "conf." pairs target
	while IFS=$tab read -r _ relation target median low high confidence count verdict what; do
		[ "$relation" != - ] || relation='' target=''
		printf '%-48s %9.4g  %-20s %4.0f %% %5d  %-10s %s\n' "$what" "$median" \
			"$(printf '%.4g .. %.4g' "$low" "$high")" \
			"$(awk -v c="$confidence" 'BEGIN { print 100 * c }')" "$count" "$relation $target" "$verdict"
	done
	if grep -q 'not settled' "$work/judged"; then
		printf '\n%s\n' "Not settled: the interval holds the target; --rounds $((2 * rounds)) tells more."
	fi
	printf '\n%s\n' "Client and server share the machine's $(nproc) processors; only capture pins them."
	printf '%s\n' "Load of the machine, 1 min: $(cut -d ' ' -f 1 /proc/loadavg)."
}

to_json() {
	jq -Rn --arg revision "$(print_version | cut -d ' ' -f 4)" --argjson rounds "$rounds" \
		--arg duration "$duration" --rawfile rows "$rows" '
		{schema: "goxel-ceiling/1", revision: $revision, rounds_count: $rounds, duration: $duration,
		 metrics: [inputs | split("\t") | {name: .[0], relation: .[1], target: (.[2] | tonumber),
			median: (.[3] | tonumber), interval: [.[4], .[5] | tonumber],
			confidence: (.[6] | tonumber), pairs_count: (.[7] | tonumber),
			verdict: .[8], what: .[9]}],
		 values: ($rows | split("\n") | map(select(. != "") | split(" ") | {(.[0]): (.[1] | tonumber)})
			| reduce .[] as $r ({}; reduce ($r | keys[]) as $k (.; .[$k] += [$r[$k]])))}'
}

servers_needed() {
	case " ${parts[*]} " in *" ping "* | *" generator "*) echo echo ;; esac
	case " ${parts[*]} " in *" ping "* | *" mixed "*) echo v15 ;; esac
	case " ${parts[*]} " in *" mixed "*) echo v14 ;; esac
}

wants() {
	case " ${parts[*]} " in *" $1 "*) ;; *) return 1 ;; esac
}

for server in $(servers_needed); do start_named "$server"; done
for round in $(seq "$rounds"); do
	say "round $round of $rounds: ${parts[*]}"
	for part in micro ping mixed start memory generator capture batch gox render; do
		if wants $part; then "round_$part" "$round"; fi
	done
done
judge >"$work/judged"
if $json; then to_json <"$work/judged"; else show <"$work/judged"; fi
# What the rounds cannot settle is no regression: more of them may.
! grep -q $'\tmissed\t' "$work/judged" || exit 1
