#!/usr/bin/env bats
# The scripts' own promises (R-001, R-007): help, versions, exit codes, bootstrap, test runner.

load helper

setup() {
	setup_run
}

scripts="bench-ceiling.sh bootstrap.sh compare-profiles.sh gate.sh profile-ab.sh profile-baseline.sh"

@test "every script tells its use, its options and its exit codes on stdout" {
	for script in $scripts; do
		run --separate-stderr "scripts/$script" --help
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[[ $output == "Usage: scripts/$script"* ]]
		[[ $output == *--json* ]]
		[[ $output == *"xit codes"* ]]
		# Fits a terminal.
		[ "$(awk 'length > 80' <<<"$output" | wc -l)" -eq 0 ]
	done
}

@test "every script tells its version" {
	for script in $scripts; do
		run "scripts/$script" --version
		[ "$status" -eq 0 ]
		[[ $output =~ ^$script\ \(goxel-perf\)\ [0-9]+\.[0-9]+\.[0-9]+ ]]
	done
}

@test "an unknown option is refused with exit 2" {
	for script in $scripts; do
		run --separate-stderr "scripts/$script" --wrong
		[ "$status" -eq 2 ]
		[[ $stderr == *unknown*option*--wrong* ]]
		[ -z "$output" ]
	done
}

@test "an option without its value is refused with exit 2" {
	run scripts/profile-baseline.sh --duration
	[ "$status" -eq 2 ]
	[[ $output == *"--duration needs a value"* ]]
	run scripts/compare-profiles.sh --baseline
	[ "$status" -eq 2 ]
}

@test "make help names every target of the README" {
	run make help
	[ "$status" -eq 0 ]
	for word in profile-baseline profile-optimized profile-compare profile-ab benchmark-all test check lint clean; do
		[[ $output == *"  $word "* ]]
	done
}

@test "each variant is built in its own folder, and only known names are variants" {
	local make=(env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u O -u BUILD make --dry-run)
	run "${make[@]}" OPT=native all
	[ "$status" -eq 0 ]
	[[ $output == *build/native/bin/goxel-daemon* && $output == *-march=native* ]]
	[[ $output != *build/release/* ]]
	run "${make[@]}" BUILD=ubsan all
	[[ $output == *"-fsanitize=undefined "* && $output != *address* ]]
	run "${make[@]}" pgo
	[ "$status" -eq 0 ]
	[[ $output == *"BUILD=pgo-train"*pgo-train.sh*"BUILD=pgo "* ]]
	run "${make[@]}" BUILD=nonsense all
	[ "$status" -eq 2 ]
	[[ $output == *"unknown BUILD=nonsense; use release native pgo "* ]]
}

@test "check-fuzz runs every target, also after one that fails, and names that one" {
	mkdir "$TMPDIR/fuzz"
	for name in fuzz_a fuzz_b fuzz_c; do
		printf '#!/bin/sh\necho "$@" >%s\necho "Done 17 runs in 1 second(s)"\n' \
			"$TMPDIR/$name.args" >"$TMPDIR/fuzz/$name"
	done
	printf 'echo "SUMMARY: something bad"\nexit 77\n' >>"$TMPDIR/fuzz/fuzz_b"
	chmod +x "$TMPDIR"/fuzz/*
	FUZZ_SECONDS=1 run scripts/check-fuzz.sh "$TMPDIR/out" "$TMPDIR"/fuzz/fuzz_[abc]
	[ "$status" -eq 1 ]
	[[ $output == *"fuzz_a"*"17 runs in 1 second(s)"* && $output == *"fuzz_c"*"17 runs"* ]]
	[[ $output == *"SUMMARY: something bad"*"fuzz_b: FAILED (exit 77)"* ]]
	[ "${lines[-1]}" = "1 of 3 fuzz targets failed: fuzz_b" ]
	grep -q -e "-max_total_time=1 .*-artifact_prefix=$TMPDIR/out/found/fuzz_a-" "$TMPDIR/fuzz_a.args"
	run scripts/check-fuzz.sh "$TMPDIR/out" "$TMPDIR"/fuzz/fuzz_[ac]
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "all 2 fuzz targets ran 20 s each without a finding" ]
}

# ---- bootstrap --------------------------------------------------------------------

# fake NAME <<<SCRIPT: a command that comes before the real one
fake() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	{
		echo '#!/bin/sh'
		cat
	} >"$BATS_TEST_TMPDIR/bin/$1"
	chmod +x "$BATS_TEST_TMPDIR/bin/$1"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

@test "bootstrap says nothing and is quick when nothing is missing" {
	scripts/bootstrap.sh --check build run test || skip "packages are missing here"
	run timeout 5 scripts/bootstrap.sh build run
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "bootstrap installs what is missing as root, and says so" {
	fake dpkg-query <<<'exit 0'
	fake id <<<'echo 0'
	fake apt-get <<<"echo \"\$@\" >>$BATS_TEST_TMPDIR/apt"
	run scripts/bootstrap.sh build
	[ "$status" -eq 0 ]
	[[ $output == *"installing "*" packages with apt-get: "*libjansson-dev* ]]
	grep -q '^update' "$BATS_TEST_TMPDIR/apt"
	grep -q '^install .*libjansson-dev' "$BATS_TEST_TMPDIR/apt"
	! grep -q bats "$BATS_TEST_TMPDIR/apt"
}

@test "bootstrap uses sudo if it is permitted" {
	fake dpkg-query <<<'exit 0'
	fake id <<<'echo 1000'
	fake apt-get <<<'exit 0'
	fake sudo <<<"[ \"\$1\" = -n ] && exit 0; echo \"\$@\" >>$BATS_TEST_TMPDIR/sudo; exec \"\$@\""
	run scripts/bootstrap.sh build
	[ "$status" -eq 0 ]
	grep -q 'apt-get install' "$BATS_TEST_TMPDIR/sudo"
}

@test "bootstrap without root prints the one line and ends with 2" {
	fake dpkg-query <<<'exit 0'
	fake id <<<'echo 1000'
	fake sudo <<<'exit 1'
	run scripts/bootstrap.sh build </dev/null
	[ "$status" -eq 2 ]
	[[ $output == *"  apt-get install --yes --no-install-recommends "*libjansson-dev* ]]
	[ "$(grep -c 'apt-get install' <<<"$output")" -eq 1 ]
}

@test "bootstrap passes on that apt-get failed, as 4" {
	fake dpkg-query <<<'exit 0'
	fake id <<<'echo 0'
	fake apt-get <<<'exit 100'
	run scripts/bootstrap.sh build
	[ "$status" -eq 4 ]
	[[ $output == *"apt-get could not install"* ]]
}

@test "bootstrap --check only says what is missing" {
	fake dpkg-query <<<'exit 0'
	fake apt-get <<<'exit 99'
	run scripts/bootstrap.sh --check build
	[ "$status" -eq 2 ]
	[[ $output == *"missing: "*libjansson-dev* ]]
	run --separate-stderr scripts/bootstrap.sh --check --json build
	[ "$(jq -r .schema <<<"$output")" = goxel-bootstrap/1 ]
	[ "$(jq '.missing | length > 3' <<<"$output")" = true ]
}

@test "every library that the build links is in bootstrap's table" {
	# What ld is told, and the package that has it.
	run scripts/bootstrap.sh --list build test
	while read -r lib package; do
		grep -rqsE -- "-l$lib( |\$)" ./*/module.mk ./*/*/module.mk || continue
		[[ $output == *"$package"* ]] || {
			echo "-l$lib is linked, $package is not in the table"
			return 1
		}
	done <<'TXT'
jansson libjansson-dev
cjson libcjson-dev
pfm libpfm4-dev
uring liburing-dev
benchmark libbenchmark-dev
numa libnuma-dev
dw libdw-dev
elf libelf-dev
protobuf-c libprotobuf-c-dev
z zlib1g-dev
cmocka libcmocka-dev
microhttpd libmicrohttpd-dev
png libpng-dev
sqlite3 libsqlite3-dev
zstd libzstd-dev
systemd libsystemd-dev
duktape duktape-dev
simdjson libsimdjson-dev
TXT
}

@test "a perfect hash that gperf could not make ends the build" {
	fake gperf <<<'exit 7'
	run -7 sh daemon/dispatch/make-words.sh <<<ping
}

# ---- run-tests --------------------------------------------------------------------

@test "run-tests shows closing lines, goes on after a failure, and fails at the end" {
	cat >"$BATS_TEST_TMPDIR/good" <<'SH'
#!/bin/sh
echo noise
echo '[==========] good: 3 test(s) run.'
echo '[  PASSED  ] 3 test(s).'
SH
	printf '#!/bin/sh\necho reason\nexit 3\n' >"$BATS_TEST_TMPDIR/bad"
	printf '#!/bin/sh\necho no perf here\nexit 77\n' >"$BATS_TEST_TMPDIR/skips"
	chmod +x "$BATS_TEST_TMPDIR"/{good,bad,skips}
	run scripts/run-tests.sh "$BATS_TEST_TMPDIR"/{bad,good,skips}
	[ "$status" -eq 1 ]
	[[ $output == *reason* ]]
	[[ $output == *"FAILED: $BATS_TEST_TMPDIR/bad (exit 3)"* ]]
	[[ $output == *"[  PASSED  ] 3 test(s)."* ]]
	[[ $output != *noise* ]]
	[[ $output == *"skips (skipped)"*"no perf here"* ]]
	[[ $output == *"1 of 3 test programs failed"* ]]
	run scripts/run-tests.sh "$BATS_TEST_TMPDIR"/{good,skips}
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "all 2 test programs passed" ]
}

@test "what was skipped is one list with reasons, and a package that bootstrap installs is none" {
	cat >"$TMPDIR/unit" <<'SH'
#!/bin/sh
echo '[ RUN      ] test_one'
echo 'SKIP: no counters here'
echo '[  SKIPPED ] test_one'
echo '[ RUN      ] test_two'
echo '[  SKIPPED ] test_two'
echo '[==========] 2 test(s) run.'
echo '[  SKIPPED ] 2 test(s), listed below:'
SH
	printf '#!/bin/sh\necho io_uring is not permitted here\nexit 77\n' >"$TMPDIR/whole"
	printf '@test "a # sign" { skip "no counters here"; }\n@test "b" { true; }\n' >"$TMPDIR/x.bats"
	chmod +x "$TMPDIR/unit" "$TMPDIR/whole"
	SKIPPED=$TMPDIR/s1 scripts/run-tests.sh "$TMPDIR/unit" "$TMPDIR/whole"
	SKIPPED=$TMPDIR/s2 scripts/run-bats.sh "$TMPDIR/x.bats"
	run scripts/skipped.sh "$TMPDIR/s1" "$TMPDIR/s2"
	[ "$status" -eq 1 ]
	[ "$output" = "4 tests were skipped:
    no counters here
        unit: test_one
        a # sign
    no reason is given
        unit: test_two
    io_uring is not permitted here
        whole
skipped without a reason:
        unit: test_two" ]
	sed -i '/test_two/d' "$TMPDIR/s1"
	scripts/skipped.sh "$TMPDIR/s1" "$TMPDIR/s2"
	printf 'pictures\tno perf\nmeshes\tPOV-Ray is not installed (package povray)\n' >"$TMPDIR/s3"
	printf 'a\tsocat is not installed\nb\tno samples, says perf\n' >>"$TMPDIR/s3"
	printf 'c\tgltf-validator is not installed: scripts/bootstrap.sh test\n' >>"$TMPDIR/s3"
	run scripts/skipped.sh "$TMPDIR/s1" "$TMPDIR/s3"
	[ "$status" -eq 1 ]
	[[ $output == *"skipped for packages that scripts/bootstrap.sh test installs:
    perf
    povray
    socat
    gltf-validator" ]]
	: >"$TMPDIR/s4"
	run scripts/skipped.sh "$TMPDIR/s4"
	[ "$output" = "no test was skipped" ]
	printf '@test "fails" { false; }\n' >"$TMPDIR/x.bats"
	run scripts/run-bats.sh "$TMPDIR/x.bats"
	[ "$status" -eq 1 ]
}

@test "run-tests ends a test that hangs" {
	printf '#!/bin/sh\nexec sleep 60\n' >"$BATS_TEST_TMPDIR/hangs"
	chmod +x "$BATS_TEST_TMPDIR/hangs"
	TEST_TIMEOUT=1 run scripts/run-tests.sh "$BATS_TEST_TMPDIR/hangs"
	[ "$status" -eq 1 ]
	[[ $output == *"(exit 124)"* ]]
}

# ---- goxel-start -------------------------------------------------------------------

@test "goxel-start becomes the server, times its first reply, and asks" {
	"$BIN/goxel-start" --unix "$TMPDIR/s" --out "$TMPDIR/start.json" -- \
		"$BIN/goxel-load" --serve-echo --unix "$TMPDIR/s" 2>/dev/null &
	pid=$!
	wait_for 10 test -s "$TMPDIR/start.json"
	[ "$(jq .pid "$TMPDIR/start.json")" -eq "$pid" ]
	[ "$(jq '.answered and .first_reply_ns >= .first_connect_ns and .first_connect_ns > 0 and
		.first_reply_ns < 5e9 and .rss_bytes > 100000' "$TMPDIR/start.json")" = true ]
	# No child is left for the server to find.
	[ -z "$(pgrep --parent $pid)" ]
	run "$BIN/goxel-start" --unix "$TMPDIR/s"
	[ "$status" -eq 0 ]
	jq -e . <<<"$output"
	kill $pid
}

@test "goxel-start --end-with ends a command and its children when the caller has ended, and removes its folder" {
	mkdir -p "$TMPDIR/own/deep"
	touch "$TMPDIR/own/deep/file"
	cat >"$TMPDIR/stubborn" <<'SH'
#!/bin/bash
trap '' TERM
sleep 600.125 &
touch "$1"
wait
SH
	chmod +x "$TMPDIR/stubborn"
	# It waits for a caller whose number was given away, or who is somebody else, not at all.
	run "$BIN/goxel-start" --end-with 1 -- true
	[ "$status" -eq 4 ]
	[[ $output == *"process 1 is not the caller, or has ended"* ]]
	bash -c '"$0" --end-with $$ --remove "$1/own" -- "$1/stubborn" "$1/own/ready" & wait' \
		"$BIN/goxel-start" "$TMPDIR" 3>&- &
	pid=$!
	wait_for 10 test -e "$TMPDIR/own/ready"
	[ -n "$(pgrep --full 'sleep 600.125')" ]
	kill -KILL $pid
	wait_for 15 test ! -e "$TMPDIR/own"
	[ -z "$(pgrep --full 'sleep 600.125')" ]
}

@test "goxel-start --end-with leaves a caller's folder alone, and no descriptor, when the command ends first" {
	mkdir "$TMPDIR/own"
	exec {lock}>"$TMPDIR/lock"
	flock $lock
	caller=$BASHPID
	"$BIN/goxel-start" --end-with "$caller" --remove "$TMPDIR/own" -- ls -l /proc/self/fd >"$TMPDIR/fds" &
	wait $!
	! grep "$TMPDIR/lock" "$TMPDIR/fds"
	wait_for 5 nobody_runs
	[ -d "$TMPDIR/own" ]
	for words in '--end-with 7' '--out /x' '--remove /x -- true' '-- true'; do
		# shellcheck disable=SC2086 # words
		run "$BIN/goxel-start" --unix /x $words
		[ "$status" -eq 2 ]
	done
}

@test "a SIGINT that bash would ignore, because its command ends by itself, ends the script" {
	cat >"$TMPDIR/script" <<'SH'
bin=$BIN
. scripts/common.sh
trap 'touch "$TMPDIR/ended"' EXIT
on_interrupt 'exit 130'
touch "$TMPDIR/ready"
# It does not die of SIGINT.
bash -c 'trap "" INT; while [ ! -e "$TMPDIR/go" ]; do sleep 0.01; done'
exit 7
SH
	setsid env --default-signal=INT bash "$TMPDIR/script" 3>&- &
	pid=$!
	wait_for 10 test -e "$TMPDIR/ready"
	kill -INT -- -$pid
	touch "$TMPDIR/go"
	code=0
	wait $pid || code=$?
	[ $code -eq 130 ]
	[ -e "$TMPDIR/ended" ]
	run "$BIN/goxel-start" --relay 1
	[ "$status" -eq 4 ]
}

@test "goxel-start reports that the server ended, and that there is no listener" {
	"$BIN/goxel-start" --unix "$TMPDIR/s" --out "$TMPDIR/start.json" -- false || true
	wait_for 10 test -s "$TMPDIR/start.json"
	[ "$(jq -r .error "$TMPDIR/start.json")" = "the server ended before it answered" ]
	run "$BIN/goxel-start" --unix "$TMPDIR/s"
	[ "$status" -eq 4 ]
	run "$BIN/goxel-start" --unix "$TMPDIR/s" --out "$TMPDIR/x" -- /no/such/program
	[ "$status" -eq 4 ]
	[[ $output == *"run /no/such/program: No such file"* ]]
	run "$BIN/goxel-start"
	[ "$status" -eq 2 ]
}

@test "bench-ceiling.sh micro judges the micro-benchmarks' limits, with the floor beside them" {
	[ "${O:-build/release}" = build/release ] || skip "only of the release build"
	[ -e /usr/include/simdjson.h ] || skip "no libsimdjson-dev to measure against"
	run --separate-stderr scripts/bench-ceiling.sh --rounds 1 --json micro
	[ "$status" -le 1 ]
	jq -e '.schema == "goxel-judged/1" and .name == "speed"' <<<"$output"
	jq -e '[.targets[] | select(.values_count > 0)] | length == 18 and
		all(.value | type == "number") and ([.[].key] | contains(["shim_loop_ns", "shim_register_1000_ns",
		"json_parse_1k_to_simdjson", "bench_queue_operations_ns", "floor_loop_ns"]))' <<<"$output"
	jq -e '.counts.met + .counts.missed == 11 and .counts.shown == 7' <<<"$output"
}

@test "bench-ceiling.sh writes values that goxel-report judges" {
	rounds=$(printf '%s,' 0.9 0.91 0.92 0.93 0.94 0.95)
	printf '{"schema": "goxel-ceiling/1", "values": {"ping_n50_p1": [%s 0.9], "start_to_reply": [4.5],
		"capture": [0.96, 0.98, 0.97, 0.975, 0.965, 0.99]}}' "$rounds" >"$TMPDIR/values.json"
	run "$BIN/goxel-report" targets --targets speed "$TMPDIR/values.json"
	[ "$status" -eq 1 ]
	[[ $output == *"50 connections, depth 1"*"≥ 0.85"*met* ]]
	[[ $output == *"exec to first reply"*"4.5"*"measured once"*"< 4"*missed* ]]
	[[ $output == *"99 Hz"*"≥ 0.97"*"not settled"* ]]
	[[ $output == *"1 met, 1 missed, 1 not settled"* ]]
}

@test "check-run-files.sh finds the name of a run's file in a string" {
	run -0 sh scripts/check-run-files.sh
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree"/{bench,daemon,loadgen,profiles/test,reports/lib,scripts}
	cp reports/lib/runfiles.def "$tree/reports/lib"
	printf '/* cpu.folded */\nchar *s = "%%s/x", *t = "my-load.log";\n' >"$tree/profiles/a.c"
	printf 'char *s = "cpu.folded";\n' >"$tree/profiles/test/b.c"
	printf '# run.json\ntail "$work/load.log"\n' >"$tree/scripts/c.sh"
	run -0 sh scripts/check-run-files.sh "$tree"
	printf 'char *s = "%%s/cpu.folded";\n' >"$tree/profiles/d.c"
	printf 'jq . "$dir/run.json"\n' >"$tree/scripts/e.sh"
	run -1 sh scripts/check-run-files.sh "$tree"
	[[ $output == *"profiles/d.c:1:"* && $output == *"scripts/e.sh:1:"* ]]
	[[ $output != *a.c* && $output != *b.c* && $output != *c.sh* ]]
}

@test "check-floors refuses an upward include, and rules for folders that do not exist" {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p low high
	echo '#include "high/high.h"' >low/low.c
	printf 'low low\nhigh low high\n' >rules
	run sh "$OLDPWD/scripts/check-floors.sh" rules
	[ "$status" -eq 1 ]
	[ "$output" = "low/low.c:1: low may not include high" ]
	rm low/low.c
	sh "$OLDPWD/scripts/check-floors.sh" rules
	echo 'gone low' >>rules
	run sh "$OLDPWD/scripts/check-floors.sh" rules
	[ "$status" -eq 1 ]
	[ "$output" = "rules: folder gone does not exist" ]
}
