#!/usr/bin/env bats
# The main job end to end with the real daemon (R-002, R-003, R-315): both presets are driven and
# profiled once, then other people's tools look at what is there.

load helper

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	export A_BIN=$PWD/${O:-build/release}/bin A_RUNS=$BATS_FILE_TMPDIR/runs
	for preset in v14 v15; do
		env -u TARGET -u ARGS -u WORKLOAD -u RATE TMPDIR="$BATS_FILE_TMPDIR" \
			scripts/profile-baseline.sh --preset $preset --duration 2s --warmup 500ms --bin "$A_BIN" \
			--runs "$A_RUNS" >"$BATS_FILE_TMPDIR/$preset.out" 2>&1
	done
	scripts/compare-profiles.sh --runs "$A_RUNS" --bin "$A_BIN" --out "$BATS_FILE_TMPDIR/report" \
		>"$BATS_FILE_TMPDIR/compare.out" 2>&1
}

setup() {
	setup_run
	report=$BATS_FILE_TMPDIR/report
	for preset in v14 v15; do
		dirs=("$A_RUNS"/*-"$preset")
		[ -d "${dirs[0]}" ]
		printf -v "$preset" '%s' "${dirs[0]}"
	done
}

# captured DIR WHAT: is it there, or does profile.json say why it cannot be?
captured() {
	[ -s "$1/$2" ] || jq -e '(.missing | length) + (.warnings | length) > 0' "$1/profile.json" >/dev/null
}

@test "both runs are complete, without errors, and list what they hold" {
	for dir in "$v14" "$v15"; do
		jq -e '.state == "complete"' "$dir/run.json"
		jq -e '.totals.errors_count == 0 and .totals.writes_count > .totals.reads_count * 5' \
			"$dir/load-test-results.json"
		for file in run.json load-test-results.json latency.hlog latency.hgrm startup.json stages.json \
			memory.csv counters.json profile.json daemon.log load.log report.md report.html; do
			[ -s "$dir/$file" ]
		done
		for file in cpu.perf.data cpu.folded cpu.svg cpu.pb.gz heap-before.pb.gz heap-after.pb.gz \
			allocs.json; do
			captured "$dir" "$file"
		done
		run -0 "$BIN/goxel-report" check "$dir"
	done
}

@test "the profile is of the measured load, and of nothing after it" {
	for dir in "$v14" "$v15"; do
		jq -e --slurpfile load "$dir/load-test-results.json" '
			($load[0].start_wall_ns / 1e9) as $begin |
			(.start_wall_ns / 1e9 + .duration_s) - $begin <= 0.5 + 2 + 0.1 and
			.requests_count > 1000' "$dir/profile.json"
	done
}

@test "each run says which architecture was in force" {
	jq -e '.preset == "v14" and .axes.queue == "mutex" and .axes.parser == "dom" and
		.axes.dispatch == "linear" and .axes.buffers == "malloc" and
		.axes.context == "per-worker" and .axes.transport == "poll"' "$v14/run.json"
	jq -e '.preset == "v15" and .axes.queue == "ring" and .axes.parser == "simd" and
		.axes.dispatch == "hash" and .axes.buffers == "pool" and .axes.context == "shared" and
		.daemon.revision != null and .daemon.variant != null' "$v15/run.json"
}

@test "start-up has its phases, and stages their latencies" {
	for dir in "$v14" "$v15"; do
		jq -e '([.phases[].name] | contains(["context", "rpc", "sockets", "threads", "buffers"])) and
			.ready_ns > 0 and .first_reply_ns > 0 and .rss_bytes > 0' "$dir/startup.json"
		jq -e '.stages | .parse.count > 0 and .execute.count > 0 and .write.count > 0' \
			"$dir/stages.json"
	done
	# Only v14 hands requests over.
	jq -e '.stages.dequeue.count > 0' "$v14/stages.json"
}

@test "v15 allocates nothing in steady state where v14 does for every request (R-102)" {
	[ -s "$v15/allocs.json" ] || skip "no heap profile here"
	jq -e '.totals.allocs_count / .requests_count > 5' "$v14/allocs.json"
	jq -e '.totals.allocs_count / .requests_count < 0.01' "$v15/allocs.json"
}

@test "hdr-histogram-js finds the percentiles of load-test-results.json in latency.hlog" {
	command -v node >/dev/null || skip "node is not installed"
	NODE_PATH=scripts/test/node_modules node -e 'require("hdr-histogram-js")' 2>/dev/null ||
		skip "hdr-histogram-js is not installed: scripts/bootstrap.sh test"
	for dir in "$v14" "$v15"; do
		NODE_PATH=scripts/test/node_modules node reports/test/decode_hlog.js "$dir/latency.hlog" \
			p50_ns p99_ns p99_9_ns \
			>"$BATS_TEST_TMPDIR/theirs.json"
		# Per operation, to the width of a bucket (three digits).
		jq -e --slurpfile theirs "$BATS_TEST_TMPDIR/theirs.json" '
			def near($a; $b): ($a - $b) | fabs <= 0.002 * $b + 1;
			.operations | to_entries | length > 1 and all(. as $op
				| ($theirs[0][] | select(.tag == $op.key)) as $t
				| ($op.value.response_time_ns) as $r
				| $t.count == $r.count and near($t.p50_ns; $r.p50) and near($t.p99_ns; $r.p99) and
					near($t.p99_9_ns; $r.p99_9))' "$dir/load-test-results.json"
	done
}

@test "the CPU profile names functions of the daemon with file and line" {
	[ -s "$v15/cpu.pb.gz" ] || skip "CPU samples are not permitted here"
	# All rows: on a slow machine the kernel's and the C library's take the first twenty.
	for dir in "$v14" "$v15"; do
		run -0 "$BIN/goxel-profile" show "$dir/cpu.pb.gz" --lines --top 100000
		[[ $output == *daemon/*.c:* ]]
	done
	grep -q ';' "$v15/cpu.folded"
	grep -q '<svg' "$v15/cpu.svg"
}

@test "the comparison says what changed, against targets, with its caution" {
	grep -q 'Throughput' "$BATS_FILE_TMPDIR/compare.out"
	grep -q 'Single pair' "$BATS_FILE_TMPDIR/compare.out"
	jq -e '.schema == "goxel-compare/1" and (.targets | length) > 5' "$report/report.json"
	[ -s "$report/report.md" ]
}

@test "the report opens in a browser" {
	command -v chromium >/dev/null || skip "chromium is not installed"
	run -0 timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-background-networking \
		--user-data-dir="$BATS_TEST_TMPDIR/chromium" --dump-dom "file://$report/report.html"
	[[ $output == *Throughput*Targets* ]]
}

@test "compare refuses to mix a run with what is none" {
	mkdir "$RUNS/x"
	run -2 scripts/compare-profiles.sh --baseline "$v14" --optimized "$RUNS/x"
	[[ $output == *"it has no run.json"* ]]
}

@test "a daemon that dies of a signal during the run is reported, with its log" {
	scripts/profile-baseline.sh --preset v15 --duration 60s --warmup 200ms >"$BATS_TEST_TMPDIR/out" 2>&1 &
	pid=$!
	wait_for 20 grep -q measure "$BATS_TEST_TMPDIR/out"
	kill -KILL "$(pgrep --parent $pid goxel-daemon)"
	code=0
	wait $pid || code=$?
	[ $code -eq 4 ]
	grep -q 'the target died during the load: killed by SIGKILL' "$BATS_TEST_TMPDIR/out"
	grep -q 'last lines of daemon.log' "$BATS_TEST_TMPDIR/out"
	nothing_runs
}

@test "one axis can be switched alone, and the run says so (R-550)" {
	run -0 scripts/profile-baseline.sh --preset v14 --args '--dispatch hash' --duration 300ms \
		--warmup 100ms --label v14-hash
	jq -e '.axes.dispatch == "hash" and .axes.queue == "mutex"' "$(the_run)/run.json"
}

@test "profile-ab interleaves pairs and compares them all (R-004)" {
	run -0 scripts/profile-ab.sh --mode runs --pairs 2 --duration 300ms --warmup 100ms --out "$RUNS/ab" \
		-- --workers 4
	[[ $output == *"pair 2 of 2, b: "*"ops/s"* ]]
	[ -s "$RUNS/ab/report.html" ]
	names=$(cd "$RUNS/ab" && ls -d ./*-[ab][12])
	[ "$(wc -l <<<"$names")" -eq 4 ]
	# A B B A by the time they began.
	order=$(for dir in "$RUNS"/ab/*-[ab][12]; do
		jq -r '"\(.start_wall_ns) \(.label[-2:])"' "$dir/run.json"
	done | sort -n | cut -d ' ' -f 2 | paste -sd ' ')
	[ "$order" = "a1 b1 b2 a2" ]
	for dir in "$RUNS"/ab/*-[ab][12]; do
		jq -e '.workload.connections_count == 4' "$dir/run.json"
	done
}
