# common.sh - shared by the scripts: messages, exit codes, versions, target files. Sourced, by bash.
# shellcheck shell=bash
#
# Exit codes (the suite's): 0 ok, 1 the answer is no, 2 usage or missing dependency, 3 cannot
# measure here, 4 the run failed; 130 interrupted.

# Default until a script sets its own trap.
trap 'exit 130' INT TERM HUP

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
prog=$(basename "$0")

# Prints a message for the user; --json moves it away from stdout.
say() {
	printf '%s\n' "$*" >&"${people_fd:-1}"
}

warn() {
	printf '%s: %s\n' "$prog" "$*" >&2
}

is_told=false # the reason for the script's end was printed

die() {
	local code=$1
	is_told=true
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

# "30s", "500ms", "1m30s" to seconds; units as in the programs, but not us and d.
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

# pid_lives PID: true when it runs and is not a zombie.
pid_lives() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	[[ ${stat##*) } != Z* ]]
}

# how_ended CODE: describes an exit code from wait.
how_ended() {
	if [ "$1" -gt 128 ]; then
		printf 'killed by SIG%s' "$(kill -l $(($1 - 128)))"
	else
		printf 'exit %d' "$1"
	fi
}

# Ends one of our processes; kills it after $2 seconds (default 10). Returns its exit code.
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

# ---- processes that end with the script ---------------------------------------------------

# guarded [OPTION OF goxel-start...] -- COMMAND...: call it with & after it. The command ends when
# the script has ended, in whatever way. It has its own process group: Ctrl-C reaches only the
# script, which then ends the others.
guarded() {
	# shellcheck disable=SC2154 # of the script
	exec "$bin/goxel-start" --end-with $$ "$@"
}

# on_interrupt COMMAND: sets what Ctrl-C does. bash drops a SIGINT that arrives while a command ends by
# itself, so the signal is repeated as SIGUSR1. COMMAND must not return.
on_interrupt() {
	# shellcheck disable=SC2064 # the command as it is now
	trap "trap '' INT USR1; $1" INT USR1
	"$bin/goxel-start" --relay $$ </dev/null >/dev/null 2>&1 &
}

# is_broken_trap CODE: for an EXIT trap. When a signal arrives at the moment when bash 5.2 starts to read a
# command substitution, bash reads the trap as part of it ("interrupt trap: unexpected EOF") and exits
# with 2.
is_broken_trap() {
	[ "$1" -eq 2 ] && ! $is_told
}

# make_folder VARIABLE PREFIX: creates PREFIX.XXXXXX. Also removes folders of scripts that were killed
# together with their children: a running script holds the lock in its folder, which it takes within
# a minute.
make_folder() {
	local folder base=${2%/*} lock_fd
	find "$base" -maxdepth 1 -name "${2##*/}.??????" -type d -user "$EUID" -mmin +1 \
		-exec flock --nonblock {}/lock rm -rf {} \; 2>/dev/null || true
	folder=$(mktemp -d "$2.XXXXXX" 2>/dev/null) || die 4 "cannot make a directory in $base"
	printf -v "$1" '%s' "$folder"
	exec {lock_fd}>"$folder/lock"
	flock --nonblock "$lock_fd" || die 4 "cannot lock $folder/lock"
}

# ---- target files -------------------------------------------------------------
#
# key = value lines, # comments. Keys:
#   name      its name in results
#   command   words of the command that starts it and stays in the foreground; {bin}, {dir}, {root}
#             are replaced; {args} is where --args goes
#   unix      its Unix socket; or
#   tcp       its HOST:PORT
#   request   sent to check that it is ready; any reply line is accepted
#   status    request whose reply has its axes, start-up phases and stages; absent: none
#   version   request whose reply has its version, revision, variant, compiler, flags; absent: none
#   pid       command (the process started, default) or child (its only child) is profiled
#   workload  default workload of goxel-load
#   label     default label of the run directory

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
