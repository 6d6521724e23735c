# common.sh - what the scripts share: messages, exit codes, versions, target files. Sourced, by bash.
# shellcheck shell=bash
#
# Exit codes (the suite's): 0 ok, 1 the answer is no, 2 usage or missing dependency, 3 cannot
# measure here, 4 the run failed; 130 interrupted.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
prog=$(basename "$0")

# For people; --json moves it away from stdout.
say() {
	printf '%s\n' "$*" >&"${people_fd:-1}"
}

warn() {
	printf '%s: %s\n' "$prog" "$*" >&2
}

die() {
	local code=$1
	shift
	warn "$*"
	exit "$code"
}

print_version() {
	printf '%s (goxel-perf) %s %s\n' "$prog" \
		"$(sed -n 's/^#define GOXEL_PERF_VERSION *"\(.*\)"/\1/p' "$root/daemon/base/version.h")" \
		"$(git -C "$root" describe --always --dirty 2>/dev/null || echo unknown)"
}

# need_value OPTION VALUES_LEFT
need_value() {
	[ "$2" -ge 2 ] || die 2 "option $1 needs a value"
}

now_us() {
	local t=${EPOCHREALTIME/[.,]/}
	printf '%s' "$t"
}

# seconds_since MICROSECONDS
seconds_since() {
	awk -v us="$(($(now_us) - $1))" 'BEGIN { printf "%.3f", us / 1e6 }'
}

# "30s", "500ms", "1m30s" to seconds; the same words that the programs take.
duration_seconds() {
	awk -v text="$1" 'BEGIN {
		unit["ms"] = 0.001; unit["s"] = 1; unit["m"] = 60; unit["h"] = 3600
		if (text == "") exit 1
		while (text != "") {
			if (!match(text, /^[0-9]+(\.[0-9]+)?(ms|s|m|h)/)) exit 1
			part = substr(text, 1, RLENGTH); text = substr(text, RLENGTH + 1)
			match(part, /[a-z]+$/); sum += substr(part, 1, RSTART - 1) * unit[substr(part, RSTART)]
		}
		printf "%.3f", sum
	}' || return 1
}

# pid_lives PID: it runs and is no zombie.
pid_lives() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	[[ ${stat##*) } != Z* ]]
}

# how_ended CODE: what wait said of a process, in words.
how_ended() {
	if [ "$1" -gt 128 ]; then
		printf 'killed by SIG%s' "$(kill -l $(($1 - 128)))"
	else
		printf 'exit %d' "$1"
	fi
}

# Asks a process of ours to end; kills it after $2 seconds (default 10). Returns its exit code.
stop_pid() {
	local pid=$1 ticks=$((${2:-10} * 50))
	kill -TERM "$pid" 2>/dev/null || true
	while pid_lives "$pid" && [ $((ticks--)) -gt 0 ]; do sleep 0.02; done
	if pid_lives "$pid"; then
		warn "process $pid does not end: killing it"
		kill -KILL "$pid" 2>/dev/null || true
	fi
	wait "$pid" 2>/dev/null
}

# ---- target files -------------------------------------------------------------
#
# key = value lines, # comments. Keys:
#   name      what results call it
#   command   words of the command that starts it and stays in the foreground; {bin}, {dir}, {root}
#             are replaced; {args} is where --args goes
#   unix      its Unix socket; or
#   tcp       its HOST:PORT
#   request   what is sent to see that it is ready; any line back will do
#   status    request whose reply holds its axes, start-up phases and stages; absent: none
#   version   request whose reply holds its version, revision, variant, compiler, flags; absent: none
#   pid       command (the process started, default) or child (its only child) is profiled
#   workload  what goxel-load drives it with unless told otherwise
#   label     of the run directory unless told otherwise

declare -A target

# load_target FILE
load_target() {
	local file=$1 line key value number=0
	[ -f "$file" ] || die 2 "no target file '$file' (shipped ones: $(shipped_targets))"
	target=([name]='' [command]='' [unix]='' [tcp]='' [request]='' [status]='' [version]='' [pid]=command
		[workload]=mixed [label]='')
	while IFS= read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		[[ $line =~ ^[[:space:]]*(#|$) ]] && continue
		[[ $line =~ ^[[:space:]]*([a-z_]+)[[:space:]]*=[[:space:]]*(.*[^[:space:]])[[:space:]]*$ ]] ||
			die 2 "$file:$number: expected key = value"
		key=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
		[ -n "${target[$key]+known}" ] ||
			die 2 "$file:$number: unknown key '$key' (known: $(sorted "${!target[@]}"))"
		target[$key]=$value
	done <"$file"
	for key in name command request; do
		[ -n "${target[$key]}" ] || die 2 "$file: '$key' is missing"
	done
	if [ -z "${target[unix]}${target[tcp]}" ] || [ -n "${target[unix]}" ] && [ -n "${target[tcp]}" ]; then
		die 2 "$file: exactly one of 'unix' and 'tcp' is needed"
	fi
	case ${target[pid]} in
	command | child) ;;
	*) die 2 "$file: pid is '${target[pid]}'; command or child" ;;
	esac
	[ -n "${target[label]}" ] || target[label]=${target[name]}
}

sorted() {
	printf '%s\n' "$@" | sort | paste -sd ' '
}

shipped_targets() {
	local files=("$root"/profiles/targets/*.target)
	sorted "${files[@]#"$root"/}"
}

# target_file NAME|FILE
target_file() {
	if [ -f "$1" ] || [[ $1 == */* ]]; then
		printf '%s' "$1"
	else
		printf '%s' "$root/profiles/targets/${1%.target}.target"
	fi
}

# fill TEXT: replaces the places of a target's value.
fill() {
	local text=$1
	text=${text//\{bin\}/$bin}
	text=${text//\{dir\}/$socket_dir}
	text=${text//\{root\}/$root}
	printf '%s' "$text"
}
