#!/usr/bin/env bash
# gate.sh - is the working tree worse than BASE? Builds BASE and asks goxel-gate (R-540).
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() {
	cat <<'TXT'
Usage: scripts/gate.sh [options] [-- OPTIONS OF goxel-gate...]
Tells whether this tree's daemon is worse than that of a git ref.

      --base ARM       a git ref, built in build/ab/COMMIT and kept; or what
                       profile-ab.sh takes [default origin/main, else main]
      --head ARM       [default v15, as built here]
      --out DIR        gate.md, gate.json, junit.xml [default
                       profiles/runs/<date_time>-gate]
      --bin DIR        the programs [default build/release/bin]
      --realtime       go before all normal processes: for busy machines
      --json           gate.json on stdout
  -h, --help           print this text
  -V, --version        print version and revision

BASE, HEAD, OUT, BIN, REALTIME=1, SEED, WORKLOAD and RATE in the environment do
the same. Accepted changes are read from .gate-accepted, where it exists.

Exit codes: 0 not worse; 1 worse, in two sittings; 2 wrong usage; 3 cannot
measure here; 4 failed, as when BASE does not build; 130 interrupted
TXT
}

base=${BASE:-}
head=${HEAD:-v15}
out=${OUT:-}
bin=${BIN:-$root/build/release/bin}
runs=${RUNS:-$root/profiles/runs}
json=false
more=()

while [ $# -gt 0 ]; do
	case $1 in
	--realtime) REALTIME=1 ;;
	--json) json=true ;;
	-h | --help) usage && exit 0 ;;
	-V | --version) print_version && exit 0 ;;
	--base | --head | --out | --bin)
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
for program in goxel-gate goxel-start; do
	[ -x "$bin/$program" ] || die 2 "$bin/$program is missing: run make first"
done
if [ -z "$base" ]; then
	base=main
	! git -C "$root" rev-parse --verify --quiet origin/main >/dev/null || base=origin/main
fi
[ -n "$out" ] || out=$runs/$(date +%Y%m%d_%H%M%S)-gate
base=$(resolve "$base") || exit $?
head=$(resolve "$head") || exit $?
options=(--base "$base" --head "$head" --bin "$bin" --out "$out")
[ ! -e "$root/.gate-accepted" ] || options+=(--accept "$root/.gate-accepted")
[ -z "${REALTIME:-}" ] || options+=(--realtime)
! $json || options+=(--json)
[ -z "${SEED:-}" ] || options+=(--seed "$SEED")
[ -z "${WORKLOAD:-}" ] || options+=(--workload "$WORKLOAD")
[ -z "${RATE:-}" ] || options+=(--rate "$RATE")
exec "$bin/goxel-gate" "${options[@]}" "${more[@]}"
