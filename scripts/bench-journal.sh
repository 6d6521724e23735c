#!/usr/bin/env bash
# bench-journal.sh - measures the cost of each policy of --journal-sync, as a ratio to the same daemon
# without a journal, in the same interleaved rounds; and of redis' appendfsync, if redis is installed.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() {
	cat <<'TXT'
Usage: scripts/bench-journal.sh [options]
Prints requests/s with each policy of --journal-sync as a fraction of those
without a journal: medians of the rounds' ratios, and their quartiles. 10
connections. If redis-server and redis-benchmark are installed (package
redis-server), it also measures SET with each appendfsync.

      --rounds N       [default 9]
      --duration T     of each measurement [default 1s]
      --bin DIR        the programs [default build/release/bin]
      --dir DIR        folder of the journals; its disk matters [default $TMPDIR or /tmp]
  -h, --help           print this text
  -V, --version        print version and revision

Exit codes: 0 measured; 2 wrong usage; 4 a server or generator failed; 130 interrupted
TXT
}

rounds=9
duration=1s
bin=$root/build/release/bin
dir=${TMPDIR:-/tmp}
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage && exit 0 ;;
	-V | --version) print_version && exit 0 ;;
	--rounds | --duration | --bin | --dir)
		need_value "$1" $#
		printf -v "${1#--}" '%s' "$2"
		shift
		;;
	*) die 2 "unknown option '$1' (see --help)" ;;
	esac
	shift
done
[[ $rounds =~ ^[1-9][0-9]*$ ]] || die 2 "rounds is '$rounds'; a number from 1 is needed"
seconds=$(duration_seconds "$duration") || die 2 "duration is '$duration'; a time like 1s is needed"
for program in goxel-load goxel-daemon goxel-start; do
	[ -x "$bin/$program" ] || die 2 "$bin/$program is missing: run make first"
done

work=
make_folder work "$dir/goxel-journal"
pids=()

clean_up_at_end

# start NAME COMMAND...: in the background; its socket is $work/NAME.sock
start() {
	local name=$1 ticks=500
	shift
	guarded --remove "$work" -- "$@" >"$work/$name.log" 2>&1 </dev/null &
	pids+=($!)
	until [ -S "$work/$name.sock" ]; do
		[ $((ticks--)) -gt 0 ] || die 4 "$name did not start in time: $(tail -n 1 "$work/$name.log")"
		sleep 0.02
	done
}

goxel=(none off interval always)
for policy in "${goxel[@]}"; do
	options=(--journal "$work/$policy" --journal-sync "$policy")
	[ "$policy" != none ] || options=()
	start "$policy" "$bin/goxel-daemon" --socket "$work/$policy.sock" "${options[@]}"
done
redis=()
if command -v redis-server redis-benchmark >/dev/null; then
	redis=(none no everysec always)
	for policy in "${redis[@]}"; do
		mkdir "$work/redis-$policy"
		start "redis-$policy" redis-server --port 0 --unixsocket "$work/redis-$policy.sock" \
			--dir "$work/redis-$policy" --save '' --daemonize no \
			--appendonly "$([ "$policy" = none ] && echo no || echo yes)" \
			--appendfsync "${policy/none/no}"
	done
fi

# rate NAME WORKLOAD DEPTH: requests/s in $value
rate() {
	local code=0
	"$bin/goxel-load" --unix "$work/$1.sock" --workload "$2" --connections 10 --depth "$3" \
		--duration "$duration" --warmup 100ms --progress off --json \
		>"$work/load.json" 2>"$work/load.err" || code=$?
	[ $code -eq 0 ] || [ $code -eq 3 ] || die 4 "goxel-load failed: $(tail -n 1 "$work/load.err")"
	value=$(jq .totals.throughput_per_s "$work/load.json")
}

# rate_redis POLICY DEPTH: the same for SET with random keys. It needs a count: a short run first
# shows how many fit the time.
rate_redis() {
	local run=(redis-benchmark -s "$work/redis-$1.sock" -t set -c 10 -P "$2" -r 262144 --csv)
	value=$("${run[@]}" -n 5000 | awk -F'"' '/SET/ { print $4 }')
	value=$("${run[@]}" -n "$(awk -v r="$value" -v s="$seconds" 'BEGIN { print int(r * s) + 1000 }')" |
		awk -F'"' '/SET/ { print $4 }')
	[ -n "$value" ] || die 4 "redis-benchmark failed"
}

# in_turn ROUND LABEL POLICY...: $measure NAME for each, in reverse order in even rounds.
in_turn() {
	local round=$1 label=$2 policy order=("${@:3}") i
	if [ $((round % 2)) -eq 0 ]; then
		order=()
		for ((i = $#; i > 2; i--)); do order+=("${!i}"); done
	fi
	for policy in "${order[@]}"; do
		"${measure[@]/POLICY/$policy}"
		printf '%s\t%s\t%s\t%s\n' "$label" "$policy" "$round" "$value" >>"$work/rows"
	done
}

for round in $(seq "$rounds"); do
	say "round $round of $rounds"
	measure=(rate POLICY mixed 1)
	in_turn "$round" 'goxel mixed, depth 1' "${goxel[@]}"
	measure=(rate POLICY mixed 16)
	in_turn "$round" 'goxel mixed, depth 16' "${goxel[@]}"
	measure=(rate POLICY batch 1)
	in_turn "$round" 'goxel batches of 100' "${goxel[@]}"
	[ ${#redis[@]} -gt 0 ] || continue
	measure=(rate_redis POLICY 1)
	in_turn "$round" 'redis SET, depth 1' "${redis[@]}"
	measure=(rate_redis POLICY 16)
	in_turn "$round" 'redis SET, depth 16' "${redis[@]}"
done

printf '%-22s %-9s %12s %8s  %s\n' workload policy 'requests/s' '/ none' quartiles
awk -F'\t' '
	$2 == "none" { none[$1, $3] = $4 }
	{ key = $1 SUBSEP $2; if (!(key in count)) keys[++n] = key; row[key, ++count[key]] = $4; turn[key, count[key]] = $3 }
	function sort(v, m,   i, k, t) {
		for (i = 2; i <= m; i++) for (k = i; k > 1 && v[k] < v[k - 1]; k--) { t = v[k]; v[k] = v[k - 1]; v[k - 1] = t }
	}
	function at(v, m, q) { return v[int((m - 1) * q + 0.5) + 1] }
	END {
		for (i = 1; i <= n; i++) {
			split(keys[i], part, SUBSEP)
			m = count[keys[i]]
			for (k = 1; k <= m; k++) { rate[k] = row[keys[i], k]; ratio[k] = rate[k] / none[part[1], turn[keys[i], k]] }
			sort(rate, m); sort(ratio, m)
			printf "%-22s %-9s %12.0f %8.3f  %.3f .. %.3f\n", part[1], part[2], at(rate, m, 0.5),
				at(ratio, m, 0.5), at(ratio, m, 0.25), at(ratio, m, 0.75)
		}
	}' "$work/rows"
printf '\n%s\n' "Disk of $dir; load of the machine, 1 min: $(cut -d ' ' -f 1 /proc/loadavg)."
