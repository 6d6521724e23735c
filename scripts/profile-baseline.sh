#!/usr/bin/env bash
# profile-baseline.sh - the main job (R-002): start a target, drive it, capture its profile, and
# leave a run directory that explains itself.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() {
	cat <<'TXT'
Usage: scripts/profile-baseline.sh [options]
Starts a server, drives it with goxel-load, captures its profile with
goxel-profile and leaves profiles/runs/<date_time>-<label>/.

What is measured:
      --preset v14|v15    shipped target goxel-<preset> [default v14]
      --target NAME|FILE  another target description (profiles/targets/*.target)
      --args 'WORDS'      more words for its command, e.g. '--queue ring'
      --workload NAME|FILE  of goxel-load [default: the target's]

How much:
      --duration T        measured load, e.g. 30s [default 30s]
      --warmup T          before it, not measured [default 2s]
      --workers N         connections of the load [default 10]
      --depth N           requests in flight on each [default 1]
      --threads N         of the load generator [default 1]
      --rate R            open loop at R requests/s, e.g. 20k; else closed
      --seed N            same seed, same requests [default 1]

Where:
      --label TEXT        last part of the directory's name; else the target's
      --runs DIR          [default profiles/runs]
      --bin DIR           the programs [default build/release/bin]

      --json              run.json on stdout, everything else on stderr
  -h, --help              print this text
  -V, --version           print version and revision

Every option can be given as an environment variable, too: PRESET, TARGET,
WORKLOAD, DURATION, WORKERS, RATE, LABEL and so on; make passes them on.

Exit codes: 0 complete; 1 complete, but requests failed; 2 wrong usage or a
program is missing; 3 cannot measure here; 4 the run failed (the target died, no
reply, the load generator or the capture failed or was killed); 130 interrupted.
A run that did not complete stays as <directory>.partial, marked so, and is not
compared. What the script starts ends with it, also when it is killed.
TXT
}

# ---- what was asked for ---------------------------------------------------------

preset=${PRESET:-v14}
target_name=${TARGET:-}
args=${ARGS:-}
workload=${WORKLOAD:-}
duration=${DURATION:-30s}
warmup=${WARMUP:-2s}
workers=${WORKERS:-10}
depth=${DEPTH:-1}
threads=${THREADS:-1}
rate=${RATE:-}
seed=${SEED:-1}
label=${LABEL:-}
runs=${RUNS:-$root/profiles/runs}
bin=${BIN:-$root/build/release/bin}
json=false

while [ $# -gt 0 ]; do
	case $1 in
	--json) json=true ;;
	-h | --help) usage && exit 0 ;;
	-V | --version) print_version && exit 0 ;;
	--preset | --target | --args | --workload | --duration | --warmup | --workers | --depth | \
		--threads | --rate | --seed | --label | --runs | --bin)
		need_value "$1" $#
		name=${1#--}
		[ "$name" != target ] || name=target_name
		printf -v "$name" '%s' "$2"
		shift
		;;
	*) die 2 "unknown option '$1' (see --help)" ;;
	esac
	shift
done

people_fd=1
if $json; then
	people_fd=2
fi

check_asked() {
	local name program sentence
	if [ -z "$target_name" ]; then
		case $preset in
		v14 | v15) target_name=goxel-$preset ;;
		*) die 2 "preset is '$preset'; v14 or v15" ;;
		esac
	fi
	duration_s=$(duration_seconds "$duration") ||
		die 2 "duration is '$duration'; a time with its unit is needed, e.g. 30s"
	warmup_s=$(duration_seconds "$warmup") ||
		die 2 "warmup is '$warmup'; a time with its unit is needed, e.g. 2s"
	for name in workers depth threads seed; do
		[[ ${!name} =~ ^[1-9][0-9]*$ ]] || die 2 "$name is '${!name}'; a number from 1 is needed"
	done
	[ "$threads" -le "$workers" ] || die 2 "$threads threads cannot share $workers connections"
	[[ $label =~ ^[A-Za-z0-9._-]*$ ]] || die 2 "label '$label': letters, digits, . _ - only"
	for program in goxel-start goxel-load goxel-profile goxel-report; do
		[ -x "$bin/$program" ] || die 2 "$bin/$program is missing: run make first"
	done
	command -v jq >/dev/null || die 2 "jq is missing: run scripts/bootstrap.sh"
	load_target "$(target_file "$target_name")"
	[ -n "$label" ] || label=${target[label]}
	[ -n "$workload" ] || workload=${target[workload]}
	load_options=(--workload "$workload" --connections "$workers" --depth "$depth"
		--threads "$threads" --duration "$duration" --warmup "$warmup" --seed "$seed")
	[ -z "$rate" ] || load_options+=(--rate "$rate")
	sentence=$("$bin/goxel-load" --unix none "${load_options[@]}" --dry-run 2>&1 >/dev/null) ||
		die 2 "the load generator refused: $(tail -n 1 <<<"$sentence")"
}

# ---- the run directory ------------------------------------------------------------

warnings=()
phases=()
reason=''

note_warning() {
	warnings+=("$*")
	warn "$*"
}

make_directory() {
	local stamp number=2 base=${TMPDIR:-/tmp}
	# A socket's path has 107 bytes.
	[ ${#base} -le 70 ] || base=/tmp
	make_folder socket_dir "$base/goxel-run"
	stamp=$(date +%Y%m%d_%H%M%S)
	start_wall_ns=$(date +%s%N)
	start_time=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	mkdir -p "$runs" || die 4 "cannot make $runs"
	final=$runs/$stamp-$label
	# mkdir decides when two start in the same second.
	while [ -e "$final" ] || ! mkdir "$final.partial" 2>/dev/null; do
		[ -e "$final" ] || [ -e "$final.partial" ] || die 4 "cannot make $final.partial"
		final=$runs/$stamp-$label-$((number++))
	done
	dir=$final.partial
}

# phase NAME START_US: notes that it lasted from then until now. No process is started for it: on a
# busy machine that takes long enough to be missing from the profile.
phase() {
	local start=$(($2 - run_us)) length=$(($(now_us) - $2)) text
	printf -v text '{"name":"%s","start_s":%d.%06d,"duration_s":%d.%06d}' "$1" \
		$((start / 1000000)) $((start % 1000000)) $((length / 1000000)) $((length % 1000000))
	phases+=("$text")
}

# The machine's stolen share since the start of the run, its load and its pressure.
machine_after() {
	local ticks load_1m pressure
	read -r ticks </proc/stat
	read -r load_1m _ </proc/loadavg
	pressure=$(sed -n 's/^some avg10=\([0-9.]*\).*/\1/p' /proc/pressure/cpu 2>/dev/null) || true
	awk -v before="$ticks_before" -v after="$ticks" -v load_1m="$load_1m" -v pressure="$pressure" '
	BEGIN {
		split(before, b); n = split(after, a)
		for (i = 2; i <= n && i <= 9; i++) total += a[i] - b[i]
		printf "{\"steal_pct\":%s,\"load_1m\":%s,\"pressure_cpu_pct\":%s}",
			(total > 0 ? 100 * (a[9] - b[9]) / total : "null"), load_1m,
			(pressure == "" ? "null" : pressure)
	}'
}

json_lines() {
	jq -Rnc '[inputs]' < <([ $# -eq 0 ] || printf '%s\n' "$@")
}

# A file that jq can slurp, also where the tool never wrote it.
or_empty() {
	if [ -s "$1" ]; then printf '%s' "$1"; else printf /dev/null; fi
}

# write_run STATE. One command substitution a command: see is_broken_trap.
write_run() {
	local load status about after warnings_json command_json phases_text files
	local version revision variant=${bin%/*}
	load=$(or_empty "$dir/load-test-results.json")
	status=$(or_empty "$socket_dir/status.json")
	about=$(or_empty "$socket_dir/version.json")
	read -r _ _ version revision < <(print_version)
	after=$(machine_after)
	warnings_json=$(json_lines "${warnings[@]}")
	command_json=$(json_lines "${command[@]}")
	phases_text=$(IFS=, && printf '%s' "${phases[*]}")
	files=$(cd "$dir" && printf '%s\n' * run.json | sort -u | jq -Rnc '[inputs]')
	jq -n --slurpfile load "$load" --slurpfile status "$status" --slurpfile about "$about" \
		--arg tool profile-baseline.sh --arg version "$version" --arg revision "$revision" \
		--arg variant "${variant##*/}" \
		--arg start_time "$start_time" --argjson start_wall_ns "$start_wall_ns" \
		--arg state "$1" --arg reason "$reason" --arg run_label "${final##*/}" \
		--arg target "${target[name]}" --argjson machine_after "$after" \
		--argjson warnings "$warnings_json" --argjson command "$command_json" \
		--argjson phases "[$phases_text]" --argjson files "$files" \
		--arg workload "$workload" --arg duration "$duration" --arg warmup "$warmup" \
		--arg workers "$workers" --arg rate "$rate" \
		-f "$root/scripts/run.jq" >"$dir/.run.json" &&
		mv "$dir/.run.json" "$dir/run.json" && return
	rm -f "$dir/.run.json"
	return 1
}

# ---- what runs beside us, and how it ends -------------------------------------------

server_pid='' load_pid='' profile_pid='' tee_pid=''
dir='' socket_dir='' is_complete=false

# end_target SECONDS: with what a wrapper around it may have left. Its exit code.
end_target() {
	local pid=$server_pid code=0
	server_pid=''
	stop_pid "$pid" "$1" || code=$?
	kill -KILL -- "-$pid" 2>/dev/null || true
	return $code
}

# Every way out passes here: nothing of ours stays behind, and the directory says what it is.
# shellcheck disable=SC2317 # called by traps
clean_up() {
	local code=$? pid
	trap - EXIT TERM HUP
	trap '' INT USR1 # it ends soon; what is started here is not to be interrupted either
	if is_broken_trap "$code"; then
		code=130 reason="interrupted by SIGINT"
	fi
	for pid in $load_pid $profile_pid; do
		stop_pid "$pid" 5 || true
	done
	[ -z "$server_pid" ] || end_target 5 || true
	[ -z "$tee_pid" ] || wait "$tee_pid" 2>/dev/null || true
	if [ -n "$dir" ] && ! $is_complete; then
		[ -n "$reason" ] || reason="ended with code $code"
		write_run incomplete 2>/dev/null || true
		warn "the run is incomplete ($reason); what there is: $dir"
	fi
	[ -z "$socket_dir" ] || rm -rf "$socket_dir"
	exit "$code"
}

# shellcheck disable=SC2317 # called by traps
interrupted() {
	reason="interrupted by SIG$1"
	printf '\n' >&2
	exit 130
}

# fail_run CODE SENTENCE: with the end of the target's log.
fail_run() {
	local code=$1
	is_told=true
	shift
	reason=$*
	warn "$*"
	if [ -s "$dir/daemon.log" ]; then
		warn "last lines of daemon.log:"
		tail -n 10 "$dir/daemon.log" | sed 's/^/    /' >&2
	fi
	exit "$code"
}

server_must_live() {
	local code=0
	pid_lives "$server_pid" && return 0
	wait "$server_pid" || code=$?
	server_pid=''
	[ "$code" -le 128 ] || fail_run 4 "the target died $1: $(how_ended "$code")"
	case $code in
	2 | 3) fail_run "$code" "the target refused to start (exit $code)" ;;
	esac
	fail_run 4 "the target ended $1 with exit code $code"
}

# ---- the steps ----------------------------------------------------------------------

endpoint_options() {
	if [ -n "${target[unix]}" ]; then
		printf '%s\n' --unix "$(fill "${target[unix]}")"
	else
		printf '%s\n' --tcp "$(fill "${target[tcp]}")"
	fi
}

start_server() {
	local word from ticks=600
	from=$(now_us)
	command=()
	for word in ${target[command]}; do
		if [ "$word" = '{args}' ]; then
			read -ra words <<<"$args"
			command+=("${words[@]}")
		else
			command+=("$(fill "$word")")
		fi
	done
	mapfile -t endpoint < <(endpoint_options)
	guarded --remove "$socket_dir" "${endpoint[@]}" --request "${target[request]}" \
		--timeout 10s --out "$socket_dir/start.json" -- "${command[@]}" \
		>"$dir/daemon.log" 2>&1 </dev/null &
	server_pid=$!
	while [ ! -s "$socket_dir/start.json" ]; do
		server_must_live "before it answered"
		[ $((ticks--)) -gt 0 ] || fail_run 4 "the target does not come up"
		sleep 0.02
	done
	if [ "$(jq -r .answered "$socket_dir/start.json")" != true ]; then
		server_must_live "before it answered"
		fail_run 4 "the target does not answer: $(jq -r .error "$socket_dir/start.json")"
	fi
	profiled_pid=$server_pid
	if [ "${target[pid]}" = child ]; then
		profiled_pid=$(pgrep --parent "$server_pid" | head -n 1)
		[ -n "$profiled_pid" ] || fail_run 4 "the target has no child to profile"
	fi
	phase start "$from"
	say "$(jq -r --arg name "${target[name]}" \
		'"\($name): first reply after \(.first_reply_ns / 1e6 * 100 | round / 100) ms, " +
		"\(.rss_bytes / 1048576 * 10 | round / 10) MiB resident"' "$socket_dir/start.json")"
}

# ask WHAT: the target's request of that name; the reply goes to $socket_dir/WHAT.json.
ask() {
	local reply=$socket_dir/$1.reply
	[ -n "${target[$1]}" ] || return 0
	if ! "$bin/goxel-start" "${endpoint[@]}" --request "${target[$1]}" --timeout 10s \
		>"$reply" 2>"$socket_dir/ask.err"; then
		note_warning "the target does not say its $1: $(tail -n 1 "$socket_dir/ask.err")"
	elif ! jq -e .result "$reply" >/dev/null 2>&1; then
		note_warning "the target's $1 is no JSON-RPC result: $(head -c 200 "$reply")"
	else
		mv "$reply" "$socket_dir/$1.json"
	fi
}

start_load() {
	mkfifo "$socket_dir/load.fifo"
	# Twice: where the run's disk is full, the generator's last words are about that.
	tee --ignore-interrupts "$dir/load.log" "$socket_dir/load.log" <"$socket_dir/load.fifo" >&"$people_fd" &
	tee_pid=$!
	guarded -- "$bin/goxel-load" "${endpoint[@]}" "${load_options[@]}" --progress on \
		--out "$dir" >"$socket_dir/load.fifo" 2>&1 &
	load_pid=$!
}

# Before the load, and told when to begin: it gets ready during the warm-up, and what it captures
# ends before the load does.
start_profile() {
	local delay=$warmup
	[ "$warmup_s" != 0.000 ] || delay=1ms
	guarded -- "$bin/goxel-profile" --pid "$profiled_pid" --out "$dir" --delay "$delay" \
		--duration "$duration" >"$socket_dir/profile.log" 2>&1 &
	profile_pid=$!
}

# Waits for the load and the profile, and sees to it that the target lives.
drive() {
	local from load_code=0 is_warm=false warm_us
	from=$(now_us)
	warm_us=$(awk -v s="$warmup_s" 'BEGIN { printf "%d", s * 1e6 }')
	start_profile
	start_load
	while pid_lives "$load_pid"; do
		server_must_live "during the load"
		judge_profile_if_ended
		if ! $is_warm && [ $(($(now_us) - from)) -ge "$warm_us" ]; then
			phase warmup "$from"
			from=$(now_us) is_warm=true
		fi
		sleep 0.05
	done
	server_must_live "during the load"
	wait "$load_pid" || load_code=$?
	load_pid=''
	wait "$tee_pid" || true
	tee_pid=''
	phase measure "$from"
	judge_load "$load_code"
	from=$(now_us)
	while judge_profile_if_ended && [ -n "$profile_pid" ]; do
		server_must_live "during the capture"
		sleep 0.05
	done
	phase capture "$from"
	say_missing
}

judge_load() {
	local how last
	how=$(how_ended "$1")
	last=$(tail -n 1 "$socket_dir/load.log")
	case $1 in
	0) ;;
	1) note_warning "the load generator counted failed operations (exit 1): see load.log" ;;
	3) note_warning "the load generator says that it was the bottleneck or could not measure (exit 3)" ;;
	2) fail_run 2 "the load generator refused: $last" ;;
	*) fail_run 4 "the load generator failed ($how): $last" ;;
	esac
	[ -s "$dir/load-test-results.json" ] || fail_run 4 "the load generator left no results"
	load_judgement=$1
}

# A capture that is not permitted here does not spoil the run: it goes on and says what is missing.
# One that failed or was killed does: what it would have shown is not known to be absent.
judge_profile_if_ended() {
	local code=0 how last
	if [ -z "$profile_pid" ] || pid_lives "$profile_pid"; then return 0; fi
	wait "$profile_pid" || code=$?
	profile_pid=''
	how=$(how_ended "$code")
	last=$(tail -n 1 "$socket_dir/profile.log")
	# Not written there: where the run's disk is full, its last words are about that.
	cp "$socket_dir/profile.log" "$dir" 2>/dev/null || true
	case $code in
	0) ;;
	3) note_warning "the profile is not complete ($how): $last" ;;
	*) fail_run 4 "the capture failed ($how): $last" ;;
	esac
}

say_missing() {
	if [ -s "$dir/profile.json" ]; then
		say "$(jq -r '(.missing // []) | group_by(.reason)[] |
			"not captured: \(map(.name) | join(", ")): \(.[0].reason)"' "$dir/profile.json")"
	fi
}

stop_server() {
	local from code=0
	from=$(now_us)
	ask version
	ask status
	end_target 10 || code=$?
	[ "$code" -eq 0 ] || [ "$code" -eq 143 ] || note_warning "the target ended with exit code $code"
	phase stop "$from"
}

# startup.json and stages.json (reports/lib/rundir.h).
write_status_files() {
	jq -n --slurpfile status "$(or_empty "$socket_dir/status.json")" \
		--slurpfile start "$socket_dir/start.json" '
		($status[0].result.startup // {}) as $s
		| $s + {schema: "goxel-startup/1", phases: ($s.phases // []), ready_ns: $s.ready_ns,
			first_connect_ns: $start[0].first_connect_ns,
			first_reply_ns: $start[0].first_reply_ns,
			rss_bytes: $start[0].rss_bytes, pss_bytes: $start[0].pss_bytes}' \
		>"$dir/startup.json"
	jq -n --slurpfile status "$(or_empty "$socket_dir/status.json")" \
		'{schema: "goxel-stages/1", stages: ($status[0].result.stages // {})}' >"$dir/stages.json"
}

draw_flame_graph() {
	[ -s "$dir/cpu.folded" ] || return 0
	"$bin/goxel-report" flamegraph "$dir/cpu.folded" --out "$dir/cpu.svg" 2>"$socket_dir/flame.err" ||
		note_warning "no flame graph: $(tail -n 1 "$socket_dir/flame.err")"
}

finish() {
	write_run complete
	mv "$dir" "$final"
	dir=$final is_complete=true
	"$bin/goxel-report" profile "$final" >/dev/null 2>"$socket_dir/report.err" ||
		warn "no report: $(tail -n 1 "$socket_dir/report.err")"
	if $json; then
		cat "$final/run.json"
	else
		summary
	fi
}

# The load generator has shown its own summary.
summary() {
	say ""
	[ ${#warnings[@]} -eq 0 ] || say "$(printf 'warning: %s\n' "${warnings[@]}")"
	[ ! -f "$final/report.html" ] || say "report: ${final#"$PWD"/}/report.html"
	say "run: ${final#"$PWD"/}"
}

trap clean_up EXIT
trap 'interrupted TERM' TERM
trap 'interrupted HUP' HUP
check_asked
on_interrupt 'interrupted INT'
run_us=$(now_us)
read -r ticks_before </proc/stat
command=()
make_directory
write_run incomplete
say "profiling ${target[name]}: $workload, $workers connections, $duration after $warmup" \
	"(about $(awk -v a="$duration_s" -v b="$warmup_s" 'BEGIN { printf "%d", a + b + 3 }') s)"
start_server
drive
stop_server
write_status_files
draw_flame_graph
finish
exit "$load_judgement"
