#!/usr/bin/env bash
# check-arm64.sh - builds everything for arm64 with a cross compiler and runs the unit tests under
# qemu's emulation of a process. The arm64 libraries are unpacked into a folder, not installed.
#
#	scripts/check-arm64.sh MAKE [ARGUMENT...]	from `make check-arm64`
#
# Tests that need what an emulated process lacks (perf events, io_uring, seccomp, running programs by
# exec) skip, or are excluded below with the reason.
#
# Exit codes: 0 passed, or "SKIP: ..." because packages are missing or are not available; else the first failure's
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || {
	echo "usage: scripts/check-arm64.sh MAKE [ARGUMENT...]" >&2
	exit 2
}
root=build/arm64-root

missing=$(scripts/bootstrap.sh --check arm64 2>&1) || {
	printf 'SKIP: check-arm64: %s; scripts/bootstrap.sh arm64 installs them\n' "${missing#bootstrap: }"
	exit 0
}

# The libraries that the build links, from the list that says what it needs.
packages=$(scripts/bootstrap.sh --list build test | grep -e '-dev$' -e '^valgrind$' |
	grep -v '^libclang' | paste -sd ,)
if [ "$(cat "$root/packages" 2>/dev/null)" != "$packages" ]; then
	suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	printf 'check-arm64: unpacking the libraries of %s for arm64 into %s\n' "$suite" "$root"
	rm -rf "$root"
	mkdir -p "$root"
	mmdebstrap --quiet --variant=extract --architectures=arm64 --include="$packages" "$suite" "$root" || {
		rm -rf "$root"
		printf 'SKIP: check-arm64: mmdebstrap cannot get the libraries for arm64 from the package mirror\n'
		exit 0
	}
	# qemu looks for every path of the program in here first: only libraries are to be found.
	find "$root" -mindepth 1 -maxdepth 1 ! -name usr ! -name lib -exec rm -rf {} +
	printf '%s\n' "$packages" >"$root/packages"
fi

# The build knows its tests.
TEST_RUNNER="qemu-aarch64-static -L $root" "$@" BUILD=arm64 all check-unit
