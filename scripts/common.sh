# common.sh - shared by the scripts: messages, exit codes, versions, ends of processes. Sourced, by bash.
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

# clean_up_at_end: from now on the script, in whatever way it ends, ends the processes in the array pids
# and removes the folder $work.
clean_up_at_end() {
	trap clean_up EXIT
	trap 'exit 130' TERM HUP
	on_interrupt 'exit 130'
}

# shellcheck disable=SC2317 # called by a trap
clean_up() {
	local code=$? pid
	trap - EXIT TERM HUP
	trap '' INT USR1
	! is_broken_trap "$code" || code=130
	# shellcheck disable=SC2154 # both are the script's
	for pid in "${pids[@]}"; do stop_pid "$pid" 10 || true; done
	# shellcheck disable=SC2154
	rm -rf "$work"
	exit "$code"
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

# target_file NAME|FILE: where a target description is (reports/lib/target_file.h).
target_file() {
	if [ -f "$1" ] || [[ $1 == */* ]]; then
		printf '%s' "$1"
	else
		printf '%s' "$root/profiles/targets/${1%.target}.target"
	fi
}

# ---- arms: what profile-ab.sh and gate.sh compare ----------------------------------

# build_commit COMMIT: prints the folder of its programs, which are built there unless they are.
build_commit() {
	local tree=$root/build/ab/$1 lock
	mkdir -p "$root/build/ab"
	# Two comparisons may want the same one.
	exec {lock}>"$root/build/ab/$1.lock"
	flock "$lock"
	if [ ! -x "$tree/build/release/bin/goxel-daemon" ]; then
		warn "building ${1:0:12} in build/ab"
		git -C "$root" worktree prune
		[ -e "$tree/.git" ] || git -C "$root" worktree add --quiet --detach --force "$tree" "$1" >&2 ||
			die 4 "cannot check out $1"
		env -u BUILD -u O -u OPT -u BIN make -C "$tree" --no-print-directory "-j$(nproc)" BUILD=release OPT= \
			build/release/bin/goxel-daemon >"$tree.log" 2>&1 || {
			tail -n 15 "$tree.log" >&2
			die 4 "$1 does not build; see $tree.log"
		}
	fi
	exec {lock}>&-
	printf '%s' "$tree/build/release/bin"
}

# is_shipped WHAT: it names a file of profiles/targets.
is_shipped() {
	[ -f "$root/profiles/targets/$1.target" ] || [ -f "$root/profiles/targets/goxel-$1.target" ]
}

# resolve ARM: prints it with a git ref (REF or REF:TARGET) replaced by the folder of its programs.
resolve() {
	local what=${1%%[[:space:]]*} commit rest='' ref folder
	[ "$what" = "$1" ] || rest=" ${1#*[[:space:]]}"
	ref=${what%:*}
	if [ ! -e "$ref" ] && ! is_shipped "$what" &&
		commit=$(git -C "$root" rev-parse --verify --quiet "$ref^{commit}"); then
		# A command substitution does not inherit set -e.
		folder=$(build_commit "$commit") || exit $?
		what=$folder${what#"$ref"}
	fi
	printf '%s' "$what$rest"
}
