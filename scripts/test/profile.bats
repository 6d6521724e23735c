#!/usr/bin/env bats
# The main job's promises around the measuring itself (R-002, R-003, R-006, R-317): what is asked for
# is checked, faults of the target are told, nothing stays behind, what is incomplete says so.
# The echo server is the target here; the daemon has its own files.

load helper

setup() {
	setup_run
	export TARGET=echo DURATION=1s WARMUP=200ms WORKERS=2
	for program in goxel-run goxel-profile goxel-report; do
		[ -x "$BIN/$program" ] || skip "$program is not built"
	done
}

# target NAME <<<TEXT: makes the file, prints its name
target_with() {
	cat >"$BATS_TEST_TMPDIR/$1.target"
	printf '%s' "$BATS_TEST_TMPDIR/$1.target"
}

echo_lines='unix = {dir}/echo.sock
request = {"jsonrpc":"2.0","id":1,"method":"ping"}
workload = ping'

# ---- what is asked for ------------------------------------------------------------

@test "wrong values are refused with exit 2 and a sentence, and nothing is made" {
	while read -r option value sentence; do
		run scripts/profile-baseline.sh "$option" "$value"
		[ "$status" -eq 2 ]
		[[ $output == *"$sentence"* ]] || {
			echo "$output"
			return 1
		}
	done <<'TXT'
--duration 30 duration is '30'; a time with its unit is needed
--duration fast duration is 'fast'
--warmup -1s warmup is '-1s'
--workers 0 --workers: 0 is not
--workers ten --workers: 'ten' is
--threads 3 3 threads cannot share 2 connections
--label a/b label 'a/b'
--target nope no target file
--bin /nowhere /nowhere/goxel-run is missing: run make first
TXT
	TARGET='' run scripts/profile-baseline.sh --preset v13
	[ "$status" -eq 2 ]
	[[ $output == *"--preset: 'v13' is not one of v14, v15"* ]]
	[ -z "$(ls -A "$RUNS")" ]
}

@test "errors in a target file are reported with file and line" {
	file=$(target_with typo <<<$'name = x\ncomand = y')
	run scripts/profile-baseline.sh --target "$file"
	[ "$status" -eq 2 ]
	[[ $output == *"typo.target:2: unknown key 'comand' (known: command "* ]]
	file=$(target_with words <<<'just words')
	run scripts/profile-baseline.sh --target "$file"
	[[ $output == *"words.target:1: expected key = value"* ]]
	file=$(target_with half <<<'name = x')
	run scripts/profile-baseline.sh --target "$file"
	[[ $output == *"half.target: 'command' is missing"* ]]
	file=$(target_with both <<<$'name = x\ncommand = y\nrequest = z\nunix = a\ntcp = b')
	run scripts/profile-baseline.sh --target "$file"
	[[ $output == *"exactly one of 'unix' and 'tcp'"* ]]
}

@test "every shipped target file can be read" {
	for file in profiles/targets/*.target; do
		run -0 scripts/profile-baseline.sh --target "$file" --args '--more words' --dry-run
		[[ $output == "$BIN/goxel-"*" --more words" ]]
		grep -q "^name *= $(basename "$file" .target)$" "$file"
	done
}

# ---- a run ------------------------------------------------------------------------

@test "a run leaves a complete, self-describing directory, and nothing else" {
	run scripts/profile-baseline.sh --label tried --seed 7
	[ "$status" -eq 0 ]
	dir=$(the_run)
	[[ ${dir##*/} =~ ^[0-9]{8}_[0-9]{6}-tried$ ]]
	[ "${lines[-1]}" = "run: $dir" ]
	[[ $output == *"echo: first reply after"* ]]
	[[ $output == *"Throughput"* ]]
	for file in run.json load-test-results.json latency.hlog latency.hgrm startup.json stages.json \
		daemon.log load.log; do
		[ -e "$dir/$file" ]
	done
	jq -e '.schema == "goxel-run/1" and .state == "complete" and .target == "echo" and
		.workload.seed == 7 and .workload.connections_count == 2 and .workload.name == "ping" and
		(.machine.cores_count > 0) and (.machine_after.load_1m >= 0) and
		([.phases[].name] == ["start", "warmup", "measure", "capture", "stop"]) and
		(.phases[1].duration_s + .phases[2].duration_s > 1.1) and
		(.daemon.command | length > 2)' "$dir/run.json"
	# Every file that it lists is there.
	jq -r '.files[]' "$dir/run.json" | while read -r file; do [ -e "$dir/$file" ]; done
	jq -e '.schema == "goxel-startup/1" and .first_reply_ns > 0 and .rss_bytes > 0' "$dir/startup.json"
	jq -e '.totals.ops_count > 100 and .totals.errors_count == 0' "$dir/load-test-results.json"
	nothing_runs
}

@test "two runs in the same second get two directories" {
	scripts/profile-baseline.sh --label twin >/dev/null &
	first=$!
	scripts/profile-baseline.sh --label twin >/dev/null
	wait $first
	[ "$(find "$RUNS" -name '*-twin*' -type d ! -name '*.partial' | wc -l)" -eq 2 ]
}

@test "--json puts run.json on stdout and all else on stderr" {
	run --separate-stderr scripts/profile-baseline.sh --json
	[ "$status" -eq 0 ]
	[ "$(jq -r .schema <<<"$output")" = goxel-run/1 ]
	[[ $stderr == *Throughput* ]]
}

@test "a path with spaces does no harm" {
	RUNS="$BATS_TEST_TMPDIR/my runs"
	export RUNS TMPDIR="$BATS_TEST_TMPDIR/my tmp"
	mkdir -p "$TMPDIR"
	run scripts/profile-baseline.sh
	[ "$status" -eq 0 ]
	[ -s "$(the_run)/run.json" ]
}

# ---- faults -------------------------------------------------------------------------

@test "Ctrl-C leaves a directory that is marked incomplete, and nothing running" {
	DURATION=60s env --default-signal=INT scripts/profile-baseline.sh >"$BATS_TEST_TMPDIR/out" 2>&1 &
	pid=$!
	wait_for 20 grep -q 'measure' "$BATS_TEST_TMPDIR/out"
	kill -INT $pid
	code=0
	wait $pid || code=$?
	[ $code -eq 130 ]
	dir=$(the_run)
	[[ $dir == *.partial ]]
	[ "$(jq -r '.state + ": " + .reason' "$dir/run.json")" = "incomplete: interrupted by SIGINT" ]
	grep -q "incomplete (interrupted by SIGINT)" "$BATS_TEST_TMPDIR/out"
	nothing_runs
	# Compare refuses it (R-317).
	run scripts/compare-profiles.sh --baseline "$dir" --optimized "$dir"
	[ "$status" -ne 0 ]
	[[ $output == *interrupted* || $output == *incomplete* ]]
}

# run_group COMMAND...: in a process group of its own, as a terminal starts it; its number in $pid
run_group() {
	setsid env --default-signal=INT "$@" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	pid=$!
	wait_for 5 is_leader $pid
}

is_leader() {
	[ "$(ps -o pgid= $1 | tr -d ' ')" = "$1" ]
}

some_exist() {
	compgen -G "$1" >/dev/null
}

@test "Ctrl-C, which the whole group gets, ends with 130 at every moment" {
	moment() {
		case $1 in
		start) ;;
		early) sleep 0.05 ;; # somewhere in the checks, which nothing shows
		folder) wait_for 20 some_exist "$TMPDIR/goxel-run.*" ;;
		directory) wait_for 20 some_exist "$RUNS/*.partial/run.json" ;;
		server) wait_for 20 some_exist "$TMPDIR/goxel-run.*/start.json" ;;
		load) wait_for 20 some_exist "$RUNS/*.partial/load.log" ;;
		measure) wait_for 20 grep -q measure "$BATS_TEST_TMPDIR/out" ;;
		esac
	}
	for moment in start early folder directory server load measure; do
		DURATION=60s run_group scripts/profile-baseline.sh
		moment $moment
		kill -INT -- -$pid
		code=0
		wait $pid || code=$?
		echo "$moment: exit $code: $(cat "$BATS_TEST_TMPDIR/out")"
		[ $code -eq 130 ]
		nothing_runs
		! some_exist "$RUNS/*" || [ "$(jq -r .state "$(the_run)/run.json")" = incomplete ]
		rm -rf "${RUNS:?}"/*
	done
}

@test "a run that is killed leaves nothing running and no folder, and is not compared" {
	for who in script group; do
		DURATION=60s run_group scripts/profile-baseline.sh
		wait_for 20 grep -q measure "$BATS_TEST_TMPDIR/out"
		if [ $who = script ]; then kill -KILL $pid; else kill -KILL -- -$pid; fi
		wait $pid || true
		nothing_runs 15
		dir=$(the_run)
		[[ $dir == *.partial ]]
		run scripts/compare-profiles.sh --baseline "$dir" --optimized "$dir"
		[ "$status" -ne 0 ]
		[[ $output == *interrupted* ]]
		rm -r "$dir"
	done
}

@test "folders of runs that were killed with everything they started are removed by the next run" {
	mkdir "$TMPDIR/goxel-run.dead00" "$TMPDIR/goxel-run.lives0" "$TMPDIR/goxel-run.fresh0" \
		"$TMPDIR/goxel-other.dead00"
	touch "$TMPDIR/goxel-run.lives0/lock"
	exec {lock}<"$TMPDIR/goxel-run.lives0/lock"
	flock $lock
	touch -d '10 minutes ago' "$TMPDIR"/goxel-*.dead00 "$TMPDIR/goxel-run.lives0"
	DURATION=300ms scripts/profile-baseline.sh >/dev/null
	exec {lock}<&-
	[ "$(cd "$TMPDIR" && echo *)" = "goxel-other.dead00 goxel-run.fresh0 goxel-run.lives0" ]
}

@test "when profile-ab.sh is killed, its run ends too" {
	run_group scripts/profile-ab.sh --mode runs --a echo --b echo --duration 60s --out "$RUNS"
	wait_for 20 some_exist "$RUNS/*.partial/load.log"
	kill -KILL $pid
	wait $pid || true
	nothing_runs 20
	[ "$(jq -r '.state + ": " + .reason' "$RUNS"/*.partial/run.json)" = "incomplete: interrupted by SIGTERM" ]
}

@test "what a wrapper around the target leaves behind ends with the run" {
	file=$(target_with wrapped <<TXT
name = wrapped
command = $BATS_TEST_TMPDIR/wrapper {bin}/goxel-load --serve-echo --unix {dir}/echo.sock
pid = child
$echo_lines
TXT
	)
	printf '#!/bin/bash\n"$@" &\nexec sleep 600\n' >"$BATS_TEST_TMPDIR/wrapper"
	chmod +x "$BATS_TEST_TMPDIR/wrapper"
	run -0 scripts/profile-baseline.sh --target "$file" --duration 300ms
	[ "$(jq -r .state "$(the_run)/run.json")" = complete ]
	nothing_runs
}

@test "a target that dies during the load ends the run with 4 and its last words" {
	file=$(target_with dies <<TXT
name = dies
command = $BATS_TEST_TMPDIR/dying {bin}/goxel-load --serve-echo --unix {dir}/echo.sock
$echo_lines
TXT
	)
	cat >"$BATS_TEST_TMPDIR/dying" <<'SH'
#!/bin/bash
echo "last words" >&2
(sleep 1.5; kill -SEGV $$) &
exec "$@"
SH
	chmod +x "$BATS_TEST_TMPDIR/dying"
	DURATION=60s run scripts/profile-baseline.sh --target "$file"
	[ "$status" -eq 4 ]
	[[ $output == *"the target died during the load: killed by SIGSEGV"* ]]
	[[ $output == *"    last words"* ]]
	[ "$(jq -r .state "$(the_run)/run.json")" = incomplete ]
	nothing_runs
}

@test "a target that does not start ends the run with 4 and its last words" {
	file=$(target_with fails <<TXT
name = fails
command = $BATS_TEST_TMPDIR/failing
$echo_lines
TXT
	)
	printf '#!/bin/sh\necho no port left >&2\nexit 7\n' >"$BATS_TEST_TMPDIR/failing"
	chmod +x "$BATS_TEST_TMPDIR/failing"
	run scripts/profile-baseline.sh --target "$file"
	[ "$status" -eq 4 ]
	[[ $output == *"the target ended before it answered with exit code 7"* ]]
	[[ $output == *"    no port left"* ]]
	nothing_runs
}

@test "a target that refuses its configuration passes its 2 on" {
	run scripts/profile-baseline.sh --args --nonsense
	[ "$status" -eq 2 ]
	[[ $output == *"the target refused to start (exit 2)"* ]]
	[[ $output == *"nonsense"* ]]
}

@test "a disk that fills during the run ends it with 4 and says so (R-317)" {
	unshare --mount true 2>/dev/null || skip "no mount namespace of our own here"
	# shellcheck disable=SC2016 # expanded inside
	run -4 unshare --mount bash -c 'mount -t tmpfs -o size=48k tmpfs "$RUNS" || exit 77
		scripts/profile-baseline.sh --runs "$RUNS"; code=$?
		ls -A "$RUNS"/* >&2; exit $code' 2>&1
	[[ $output == *" failed (exit 4): goxel-"*"No space left on device"* ]]
	[[ $output == *"the run is incomplete"* ]]
	[[ $output != *".run.json"* ]]
}

@test "an unknown workload passes the generator's 2 and sentence on" {
	run scripts/profile-baseline.sh --workload no-such-thing
	[ "$status" -eq 2 ]
	[[ $output == *"the load generator refused: "*"no-such-thing"* ]]
	run scripts/profile-baseline.sh --rate fast
	[ "$status" -eq 2 ]
	[[ $output == *"--rate: 'fast'"* ]]
	# Before anything is started or made.
	[ -z "$(ls -A "$RUNS")" ]
}

@test "without permission to profile the run goes on and says what is missing" {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	for program in goxel-run goxel-start goxel-load goxel-report; do
		ln -s "$BIN/$program" "$BATS_TEST_TMPDIR/bin/$program"
	done
	printf '#!/bin/sh\necho "goxel-profile: perf_event_paranoid is 4" >&2\nexit 3\n' \
		>"$BATS_TEST_TMPDIR/bin/goxel-profile"
	chmod +x "$BATS_TEST_TMPDIR/bin/goxel-profile"
	run scripts/profile-baseline.sh --bin "$BATS_TEST_TMPDIR/bin"
	[ "$status" -eq 0 ]
	[[ $output == *"the profile is not complete (exit 3): goxel-profile: perf_event_paranoid is 4"* ]]
	jq -e '.state == "complete" and (.warnings[0] | contains("perf_event_paranoid is 4"))' \
		"$(the_run)/run.json"
}

@test "a generator that is killed is reported as killed" {
	DURATION=60s scripts/profile-baseline.sh >"$BATS_TEST_TMPDIR/out" 2>&1 &
	pid=$!
	wait_for 20 grep -q measure "$BATS_TEST_TMPDIR/out"
	# The echo server is a goxel-load, too.
	kill -KILL "$(pgrep --parent $pid --full -- --progress)"
	code=0
	wait $pid || code=$?
	[ $code -eq 4 ]
	grep -q "the load generator failed (killed by SIGKILL)" "$BATS_TEST_TMPDIR/out"
	nothing_runs
}

@test "a capture that is killed, or fails, ends the run: it is no complete one, and not compared" {
	DURATION=60s scripts/profile-baseline.sh >"$BATS_TEST_TMPDIR/out" 2>&1 &
	pid=$!
	wait_for 20 grep -q measure "$BATS_TEST_TMPDIR/out"
	kill -KILL "$(pgrep --parent $pid goxel-profile)"
	code=0
	wait $pid || code=$?
	[ $code -eq 4 ]
	grep -q "the capture failed (killed by SIGKILL)" "$BATS_TEST_TMPDIR/out"
	nothing_runs
	dir=$(the_run)
	[[ $dir == *.partial ]]
	[ "$(jq -r .state "$dir/run.json")" = incomplete ]
	# Also under the name of a complete one.
	mv "$dir" "${dir%.partial}"
	run "$BIN/goxel-report" compare "${dir%.partial}" "${dir%.partial}"
	[ "$status" -ne 0 ]
	[[ $output == *"its state is 'incomplete'"* ]]
	rm -r "${RUNS:?}"/*
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	for program in goxel-run goxel-start goxel-load goxel-report; do
		ln -s "$BIN/$program" "$BATS_TEST_TMPDIR/bin/$program"
	done
	printf '#!/bin/sh\nkill -KILL $$\n' >"$BATS_TEST_TMPDIR/bin/goxel-profile"
	chmod +x "$BATS_TEST_TMPDIR/bin/goxel-profile"
	run scripts/profile-baseline.sh --bin "$BATS_TEST_TMPDIR/bin"
	[ "$status" -eq 4 ]
	[[ $output == *"the capture failed (killed by SIGKILL)"* ]]
	printf '#!/bin/sh\necho "goxel-profile: no space" >&2\nexit 4\n' >"$BATS_TEST_TMPDIR/bin/goxel-profile"
	run scripts/profile-baseline.sh --bin "$BATS_TEST_TMPDIR/bin"
	[ "$status" -eq 4 ]
	[[ $output == *"the capture failed (exit 4): goxel-profile: no space"* ]]
}

@test "a temporary directory too deep for a socket is replaced; one that does not exist is an error" {
	TMPDIR=$BATS_TEST_TMPDIR/$(printf 'd%.0s' $(seq 120))
	export TMPDIR
	mkdir -p "$TMPDIR"
	run -0 scripts/profile-baseline.sh --duration 300ms
	rm -r "${RUNS:?}"/*
	TMPDIR=/no/such run -4 scripts/profile-baseline.sh
	[[ $output == *"cannot make a directory in /no/such"* ]]
	[ -z "$(ls -A "$RUNS")" ]
}

# ---- compare ------------------------------------------------------------------------

@test "a BASELINE that does not exist is reported in one sentence, exit 2" {
	BASELINE=/no/such/dir OPTIMIZED=/tmp run scripts/compare-profiles.sh
	[ "$status" -eq 2 ]
	[ "$output" = "compare-profiles.sh: BASELINE=/no/such/dir: there is no such directory" ]
	BASELINE=$BATS_TEST_TMPDIR OPTIMIZED=$BATS_TEST_TMPDIR run scripts/compare-profiles.sh
	[ "$status" -eq 2 ]
	[[ $output == *"is not a run directory: it has no run.json"* ]]
	run scripts/compare-profiles.sh
	[ "$status" -eq 2 ]
	[[ $output == *"no complete v14 run in $RUNS: run make profile-baseline first"* ]]
}

@test "compare takes the newest complete run of each preset" {
	for name in 20260101_000000-a 20260102_000000-b 20260103_000000-c.partial; do
		mkdir "$RUNS/$name"
		state=complete
		[[ $name != *.partial ]] || state=incomplete
		jq -n --arg state $state '{schema: "goxel-run/1", $state, preset: "v14"}' >"$RUNS/$name/run.json"
	done
	mkdir "$RUNS/20260101_000000-o" "$BATS_TEST_TMPDIR/bin"
	echo '{"schema": "goxel-run/1", "state": "complete", "preset": "v15"}' \
		>"$RUNS/20260101_000000-o/run.json"
	printf '#!/bin/sh\n[ "$1" != newest ] || exec "%s/goxel-report" "$@"\necho "$@"\n' "$BIN" \
		>"$BATS_TEST_TMPDIR/bin/goxel-report"
	chmod +x "$BATS_TEST_TMPDIR/bin/goxel-report"
	run scripts/compare-profiles.sh --bin "$BATS_TEST_TMPDIR/bin"
	[ "$output" = "compare $RUNS/20260102_000000-b $RUNS/20260101_000000-o" ]
	# The micro-benchmarks come along when there are any.
	echo '{}' >"$RUNS/bench.json"
	run scripts/compare-profiles.sh --bin "$BATS_TEST_TMPDIR/bin"
	[[ $output == *" --bench $RUNS/bench.json" ]]
}
