#!/usr/bin/env bats
# The whole way of a user's script, in both architectures: build, paint, undo, draw, write, read back (R-301 to R-304).

load daemon_helper

setup() { helper_setup; }
teardown() { helper_teardown; }

house() {
	command -v node >/dev/null || skip "no node (package nodejs)"
	start_daemon --preset "$1"
	node "$BATS_TEST_DIRNAME/../guide/house.mjs" "$SOCK" "$DIR/out"
	stop_daemon
	[ "$(find "$DIR/out" -type f -size +1k | wc -l)" -eq 18 ]
}

# assimp's readers are other people's: what they see must be a mesh of the house's size.
opens_in_assimp() {
	local ext
	command -v assimp >/dev/null || skip "no assimp (package assimp-utils)"
	for ext in obj ply stl glb; do
		assimp info "$DIR/out/house.$ext" >"$DIR/info"
		grep -q '^Meshes: *[1-9]' "$DIR/info"
		[ "$(awk '/^Faces:/ { print $2 }' "$DIR/info")" -gt 1000 ]
	done
}

@test "R-301: the house of 60,000 voxels is the same after everything, v15" {
	house v15
	opens_in_assimp
}

@test "R-301: the house of 60,000 voxels is the same after everything, v14" {
	house v14
}
