#!/usr/bin/env bash
# bootstrap.sh - checks for the packages that a task needs, and installs the missing ones.
#
# The table below has a group, a Debian package and, if the program may come from elsewhere, a command
# whose presence is enough. Other packages are looked up by dpkg.
set -euo pipefail

usage() {
	cat <<'TXT'
Usage: scripts/bootstrap.sh [options] [GROUP...]
Checks for the Debian packages that a group needs and installs what is missing.

Groups (default: build run):
  build   compilers and libraries
  run     what a profiling run uses: perf, jq, gnuplot
  test    what the tests use: bats, linters, a browser, node
  arm64   what make check-arm64 uses: a cross compiler, qemu

Options:
      --check      only say what is missing (exit 2 when something is)
      --list       print the packages of the groups, one per line, and exit
      --names      the same, with the commands that can replace them
      --json       print {"schema":"goxel-bootstrap/1", ...} on stdout
  -h, --help       print this text
  -V, --version    print the version

Missing packages are installed with apt-get as root or through sudo. If neither
works, the apt-get command to run is printed.

Exit codes: 0 nothing missing, 2 something is missing or wrong usage, 4 apt-get
failed
TXT
}

table() {
	cat <<'TXT'
build  gcc                        gcc
build  g++                        g++
build  libc6-dev
build  make                       make
build  git                        git
build  gperf                      gperf
build  libjansson-dev
build  libcjson-dev
build  libpfm4-dev
build  libpng-dev
build  duktape-dev
build  libseccomp-dev
build  liburing-dev
build  libbenchmark-dev
build  libdw-dev
build  libelf-dev
build  libprotobuf-c-dev
build  protobuf-c-compiler        protoc-c
build  systemtap-sdt-dev
build  libxxhash-dev
build  libzstd-dev
build  zlib1g-dev
build  valgrind                   valgrind
run    jq                         jq
run    linux-perf                 perf
run    gnuplot-nox                gnuplot
run    procps                     pgrep
test   bats                       bats
test   assimp-utils               assimp
test   povray                     povray
test   pngcheck                   pngcheck
test   socat                      socat
test   libcmocka-dev
test   clang                      clang
test   libclang-rt-dev
test   clang-format               clang-format
test   clang-tidy                 clang-tidy
test   cppcheck                   cppcheck
test   shellcheck                 shellcheck
test   libsimdjson-dev
test   redis-server               redis-server
test   libxml2-utils              xmllint
test   systemd                    systemd-socket-activate
test   google-perftools           google-pprof
test   chromium                   chromium
test   nodejs                     node
test   npm                        npm
arm64  gcc-aarch64-linux-gnu      aarch64-linux-gnu-gcc
arm64  g++-aarch64-linux-gnu      aarch64-linux-gnu-g++
arm64  qemu-user-static           qemu-aarch64-static
arm64  mmdebstrap                 mmdebstrap
TXT
}

die() {
	printf 'bootstrap: %s\n' "$2" >&2
	exit "$1"
}

packages_of() {
	table | awk -v groups=" $* " 'index(groups, " " $1 " ") { print $2 }'
}

# Lists the missing packages of the groups. One dpkg-query for all, since it costs 20 ms.
missing_of() {
	local installed
	installed=$(dpkg-query --show --showformat '${db:Status-Abbrev} ${Package}\n' 2>/dev/null |
		awk '$1 == "ii" { print $2 }')
	table | while read -r group package command; do
		case " $* " in *" $group "*) ;; *) continue ;; esac
		grep -qxF -- "$package" <<<"$installed" && continue
		[ -n "$command" ] && command -v "$command" >/dev/null && continue
		printf '%s\n' "$package"
	done
}

# Prints the command to put before apt-get, or nothing when there is none.
find_root() {
	if [ "$(id -u)" -eq 0 ]; then
		echo env
	elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
		echo sudo
	fi
}

install_packages() {
	local root
	root=$(find_root)
	if [ -z "$root" ]; then
		printf 'bootstrap: not root and no sudo. Run this once, then try again:\n' >&2
		printf '  apt-get install --yes --no-install-recommends %s\n' "$*" >&2
		exit 2
	fi
	printf 'bootstrap: installing %d packages with apt-get: %s\n' $# "$*" >&2
	"$root" apt-get update --quiet=2 >&2 ||
		printf 'bootstrap: apt-get update failed; trying with the existing lists\n' >&2
	"$root" env DEBIAN_FRONTEND=noninteractive \
		apt-get install --yes --quiet --no-install-recommends "$@" >&2 ||
		die 4 "apt-get could not install: $*"
}

# The names of the node packages used by tests of results.
node_packages() {
	sed -n '/"devDependencies"/,/}/s/^ *"\([^"]*\)": *"[^"]*",*$/\1/p' ./*/test/package.json
}

# Installs them. Where that fails, their tests are skipped, and make test fails for it.
install_node_packages() {
	local lock dir
	for lock in */test/package-lock.json; do
		dir=$(dirname "$lock")
		if [ ! -f "$lock" ] || [ "$dir/node_modules/.package-lock.json" -nt "$lock" ]; then continue; fi
		printf 'bootstrap: installing the node packages of %s with npm ci\n' "$dir" >&2
		if npm ci --prefix "$dir" --no-audit --no-fund --silent >&2; then
			touch "$dir/node_modules/.package-lock.json"
		else
			printf 'bootstrap: npm ci failed (no network?): make test fails without its packages\n' >&2
		fi
	done
}

mode=install
json=false
groups=()
while [ $# -gt 0 ]; do
	case $1 in
	--check) mode=check ;;
	--list) mode=list ;;
	--names) mode=names ;;
	--json) json=true ;;
	-h | --help) usage && exit 0 ;;
	-V | --version) echo "bootstrap.sh (goxel-perf) 0.1.0" && exit 0 ;;
	build | run | test | arm64) groups+=("$1") ;;
	*) die 2 "unknown group or option '$1' (see --help)" ;;
	esac
	shift
done
[ ${#groups[@]} -gt 0 ] || groups=(build run)
cd "$(dirname "$0")/.."

if [ $mode = names ]; then
	table | awk -v groups=" ${groups[*]} " 'index(groups, " " $1 " ") { for (i = 2; i <= NF; i++) print $i }'
	case " ${groups[*]} " in *" test "*) node_packages ;; esac
	exit 0
fi
if [ $mode = list ]; then
	packages_of "${groups[@]}"
	exit 0
fi
if ! command -v dpkg-query >/dev/null; then
	printf 'bootstrap: this is not Debian: cannot check. Needed are: %s\n' \
		"$(packages_of "${groups[@]}" | paste -sd ' ')" >&2
	exit 0
fi
mapfile -t missing < <(missing_of "${groups[@]}")
if $json; then
	printf '{"schema":"goxel-bootstrap/1","groups":["%s"],"missing":[%s]}\n' \
		"$(IFS=, && printf '%s' "${groups[*]}" | sed 's/,/","/g')" \
		"$([ ${#missing[@]} -eq 0 ] || printf '"%s"\n' "${missing[@]}" | paste -sd ,)"
fi
if [ ${#missing[@]} -gt 0 ]; then
	[ $mode = install ] || die 2 "missing: ${missing[*]}"
	install_packages "${missing[@]}"
fi
case " ${groups[*]} " in
*" test "*) [ $mode = check ] || install_node_packages ;;
esac
