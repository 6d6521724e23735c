#!/usr/bin/env bash
# profile-baseline.sh - the main job (R-002): starts goxel-run, which starts a target, drives it,
# captures its profile, and leaves a run directory that explains itself.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() {
	cat <<'TXT'
Usage: scripts/profile-baseline.sh [options]
Starts a server, drives it with goxel-load, captures its profile with
goxel-profile and leaves profiles/runs/<date_time>-<label>/.

The options are those of goxel-run. Each can be given as an environment
variable, too: PRESET, TARGET, WORKLOAD, DURATION, WORKERS, RATE, LABEL and so
on; make passes them on.

A run that did not complete stays as <directory>.partial, marked so, and is not
compared. What the script starts ends with it, also when it is killed.
TXT
	if [ -x "$bin/goxel-run" ]; then
		printf '\n'
		"$bin/goxel-run" --help | sed -n '/^What is measured/,$p'
	else
		printf '\n%s\n' "Options (--json and others) and exit codes: run make first"
	fi
}

bin=${BIN:-$root/build/release/bin}
options=(--runs "$root/profiles/runs")
for name in PRESET TARGET ARGS WORKLOAD DURATION WARMUP WORKERS DEPTH THREADS RATE SEED LABEL RUNS; do
	[ -z "${!name:-}" ] || options+=("--${name,,}=${!name}")
done
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage && exit 0 ;;
	-V | --version) print_version && exit 0 ;;
	--bin)
		need_value "$1" $#
		bin=$2
		shift
		;;
	--args) # which begin with a dash
		need_value "$1" $#
		options+=("$1=$2")
		shift
		;;
	*) options+=("$1") ;;
	esac
	shift
done
[ -x "$bin/goxel-run" ] || die 2 "$bin/goxel-run is missing: run make first"
exec "$bin/goxel-run" --bin "$bin" --root "$root" "${options[@]}"
