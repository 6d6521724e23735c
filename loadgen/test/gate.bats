# goxel-gate as a user meets it: equal servers pass, a worse one is blocked after a second sitting,
# and the reports say so (R-540).

bats_require_minimum_version 1.5.0

setup() {
	B=${O:-build/release}/bin
	D=$(mktemp -d)
	export TMPDIR=$D/tmp
	mkdir "$TMPDIR"
	unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY
}

teardown() {
	rm -rf "$D"
}

# Short blocks; a test machine may be busy.
gate() {
	timeout 300 "$B/goxel-gate" --fitness off --validity errors --workload ping --rate 2k \
		--block 50ms --progress off --out "$D/gate" "$@"
}

of() {
	jq -r "$1" "$D/gate/gate.json"
}

@test "a server that needs many times the time is blocked, with all reports" {
	export GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=$D/summary
	run -1 gate --base echo --head v14
	[[ $output == *"### goxel-gate: REGRESSED"* ]]
	[[ $output == *"::error title=goxel-gate::REGRESSED"* ]]
	grep -q "### goxel-gate: REGRESSED" "$D/summary"
	[ "$(of .answer)" = REGRESSED ]
	[ "$(of .schema)" = goxel-gate/1 ]
	[ "$(of .second.blocks_count)" -le 20 ]
	[ "$(wc -l <"$D/gate/gate.md")" -le 25 ]
	grep -q '<failure message="+' "$D/gate/junit.xml"
	jq -e '.blocks | length >= 12' "$D/gate/first.json"
	jq -e '.design.seed == 2' "$D/gate/second.json"
}

@test "the same server is not blocked" {
	run -0 --separate-stderr gate --base echo --head echo --json
	[ "$(jq -r .schema <<<"$output")" = goxel-gate/1 ]
	[[ $stderr == *"### goxel-gate: "* ]]
	[ "$(of .second)" = null ] || [ "$(of .answer)" != REGRESSED ]
	! grep -q '<failure' "$D/gate/junit.xml"
}

@test "wrong usage and bad acceptances are refused with 2" {
	run -2 gate --base echo
	[[ $output == *"--base and --head are needed"* ]]
	run -2 gate --base echo --head nothing
	echo 'response_p50_ns 2999-01-01 5%' >"$D/accepted"
	run -2 gate --base echo --head echo --accept "$D/accepted"
	[[ $output == *"needs its reason"* ]]
	echo 'nothing 2999-01-01 5% why' >"$D/accepted"
	run -2 gate --base echo --head echo --accept "$D/accepted"
	[[ $output == *"there is no metric 'nothing' that can block"* ]]
}
