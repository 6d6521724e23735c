#!/usr/bin/env bats
# profile-ab.sh in slices (R-004): what an arm may be, and what becomes of it.

load helper

setup() {
	setup_run
	[ -x "$BIN/goxel-pair" ] || skip "goxel-pair is not built"
	quick=(--fitness off --validity errors --block 50ms --slice 10ms --warmup 10ms --rate 1k --progress off)
}

ab() {
	scripts/profile-ab.sh --blocks 1 --out "$RUNS/ab" "$@" -- "${quick[@]}" --workload ping
}

# arm N: what goxel-pair was told.
arm() {
	jq -r ".arms[$1] | .spec" "$RUNS/ab/pairs.json"
}

# A repository of its own with the scripts and a Makefile that "builds" the daemon of this one.
small_repository() {
	here=$BATS_TEST_TMPDIR/repository
	mkdir -p "$here/scripts" "$here/profiles"
	cp -r profiles/targets "$here/profiles/"
	cp scripts/common.sh scripts/profile-ab.sh "$here/scripts/"
	printf 'build/release/bin/goxel-daemon:\n\tmkdir -p $(@D)\n\tcp %s $@\n' "$BIN/goxel-daemon" >"$here/Makefile"
	echo build >"$here/.gitignore"
	git -C "$here" init --quiet
	commit_all
}

commit_all() {
	git -C "$here" add -A
	git -C "$here" -c user.name=t -c user.email=t@localhost commit --quiet --allow-empty -m x
	sha=$(git -C "$here" rev-parse HEAD)
}

@test "presets with more arguments are compared, and both files are there" {
	run -0 ab --a v15 --b 'v15 --queue mutex'
	[ "$(arm 0)" = v15 ]
	[ "$(arm 1)" = 'v15 --queue mutex' ]
	[ -s "$RUNS/ab/slices.csv" ]
	A=echo B=echo B_ARGS='--affinity 0' run -0 ab
	[ "$(arm 1)" = 'echo --affinity 0' ]
	nothing_runs
}

@test "a git ref is built once in build/ab and kept" {
	small_repository
	cd "$here"
	run -0 ab --a HEAD --b HEAD:v14
	[ "$(arm 0)" = "$here/build/ab/$sha/build/release/bin" ]
	[ "$(arm 1)" = "$here/build/ab/$sha/build/release/bin:v14" ]
	[[ $output == *"building ${sha:0:12}"* ]]
	[ "$(jq -r '.arms[1].target' "$RUNS/ab/pairs.json")" = goxel-v14 ]
	run -0 ab --a HEAD --b v15
	[[ $output != *building* ]]
}

@test "a git ref that does not build ends with 4 and the reason" {
	small_repository
	printf 'build/release/bin/goxel-daemon:\n\t@echo "no rule for this"; false\n' >"$here/Makefile"
	commit_all
	cd "$here"
	run -4 ab --a HEAD --b v15
	[[ $output == *"no rule for this"*"does not build"* ]]
}

@test "a twin of A is linked in another order from the same objects" {
	[ -e "$BIN/goxel-daemon" ] || skip "the daemon is not built"
	run -0 ab --a v15 --b v15 --c twin
	[ "$(arm 2)" = "${BIN%/bin}/twin-1/bin:v15" ]
	[ "$(jq -r '.arms[2].target' "$RUNS/ab/pairs.json")" = goxel-v15 ]
	run ! cmp -s "$BIN/goxel-daemon" "${BIN%/bin}/twin-1/bin/goxel-daemon"
}

@test "invalid arms and wrong options are refused with 2" {
	run -2 ab --a nothing-of-this-name
	[[ $output == *"'nothing-of-this-name' is no preset"* ]]
	run -2 ab --mode other
	run -2 scripts/profile-ab.sh --resume
	[[ $output == *"--resume needs --out"* ]]
}

@test "a machine that is too busy is refused with 3 and a sentence" {
	run scripts/profile-ab.sh --a echo --b echo --blocks 1 --out "$RUNS/ab" -- --block 50ms --lag-limit 10000
	# Fit or not, it is said; a busy one is not measured.
	if [ "$status" -eq 3 ] && [[ $output == *"not fit to measure"* ]]; then
		[ ! -e "$RUNS/ab/pairs.json" ]
	fi
	[[ $status -eq 0 || $status -eq 3 ]]
}
