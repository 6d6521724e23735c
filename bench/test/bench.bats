#!/usr/bin/env bats
# goxel-bench from outside: options, exit codes, results, and the shim as others install it
# (R-450 to R-453, R-500, R-007).

bats_require_minimum_version 1.5.0

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BIN=$ROOT/${O:-build/release}/bin
	BENCH=$BIN/goxel-bench
	TMP=$(mktemp -d)
	# Short: what is measured is not what is tested.
	QUICK=(--min-time 1ms)
}

teardown() {
	rm -rf "$TMP"
}

# Instrumented builds have no business with speed, and valgrind none with them.
needs_release() {
	case $BIN in
	*/release/bin) ;;
	*) skip "only of the release build" ;;
	esac
}

@test "--help and --list" {
	run "$BENCH" --help
	[ "$status" -eq 0 ]
	[[ $output == *--until-ci* && $output == *json* ]]
	run "$BENCH" --list '^method_dispatch/'
	[ "$status" -eq 0 ]
	[[ $output == *method_dispatch/hash* && $output == *method_dispatch/linear* ]]
}

# has_all PREFIX BACKEND... -- SUFFIX...: every combination is in the list
has_all() {
	local prefix=$1 backends=() backend
	shift
	while [ "$1" != -- ]; do
		backends+=("$1")
		shift
	done
	shift
	for backend in "${backends[@]}"; do
		for suffix in "$@"; do
			grep -qx -- "$prefix/$backend$suffix" <<<"$list" || {
				echo "$prefix/$backend$suffix is not in the suite" >&2
				return 1
			}
		done
	done
}

@test "every backend of every axis is in the suite: single, in batches, contended" {
	list=$("$BENCH" --list)
	has_all queue_operations mutex ring priority -- '' /batch_32
	has_all queue_contended mutex ring priority -- /real_time/threads:2 /real_time/threads:4 \
		/batch_32/real_time/threads:2
	has_all queue_hop mutex ring priority -- /real_time
	has_all memory_allocate malloc pool -- /512 /4096 /65536
	has_all memory_allocate_16 malloc pool -- /512 /4096 /65536
	has_all memory_contended malloc pool -- /4096/real_time/threads:2
	has_all method_dispatch linear hash -- ''
	has_all method_unknown linear hash -- ''
	has_all method_dispatch_shared linear hash -- /real_time/threads:2
	for text in ping 1k 100k; do has_all "json_parse_$text" dom scalar simd -- ''; done
	has_all json_parse_1k_contended dom scalar simd -- /real_time/threads:2
	has_all json_refuse_100k dom scalar simd -- /deep /bad_utf8 /never_ends /bad_number
	has_all serialize tree text -- /1 /1000
	has_all context_enter per-worker shared -- '' /group_32
	has_all context_contended per-worker shared -- /real_time/threads:2
	has_all context_snapshot per-worker shared -- ''
	has_all request_inproc v14 v15 -- /{ping,add_voxel,get_voxel,batch_100,ping_pipeline_16}/real_time
	has_all request_contended v14 v15 -- \
		/{ping,add_voxel,get_voxel,batch_100,ping_pipeline_16}/real_time/threads:2
	has_all startup_time v14 v15 -- /iterations:20/manual_time
	has_all first_request v14 v15 -- /iterations:20/manual_time
	has_all protocol_frame both -- /82 /1017
	has_all voxel_write volume edit -- ''
	has_all voxel_read random scan_64 -- ''
	has_all voxel_batch 1000 -- ''
	has_all snapshot take write_under -- ''
	has_all flood_fill 64 -- ''
	has_all hdr record merge quantile -- ''
	has_all file_save gox vox -- ''
	has_all file_load gox vox -- ''
	has_all floor empty_loop empty_loop_cxx clock_read direct_call indirect_call -- ''
	grep -q '^render/' <<<"$list"
	# Which backends there are is the daemon's to say.
	for axis in queue parser dispatch buffers context; do
		known=$("$BIN/goxel-daemon" --help | sed -n "/^--$axis:/,/^\$/s/^  \([a-z-]*\) .*/\1/p")
		[ "$(wc -w <<<"$known")" -ge 2 ]
		for backend in $known; do grep -q "/$backend" <<<"$list"; done
	done
}

@test "results are Google Benchmark's JSON, with the envelope and the counts" {
	run "$BENCH" "${QUICK[@]}" --repetitions 2 --out "$TMP/b.json" '^(hdr/record|method_dispatch/hash)$'
	[ "$status" -eq 0 ]
	[[ $output == *hdr/record* && $output != *Targets* ]]
	jq -e '.schema == "goxel-bench/1" and (.machine.cpu_model | type) == "string"' "$TMP/b.json"
	# What compare.py reads.
	jq -e '(.context | has("date") and has("num_cpus") and has("library_build_type")) and
		([.benchmarks[] | has("name") and has("run_name") and has("run_type") and
		  has("real_time") and has("cpu_time") and has("time_unit") and has("threads") and
		  has("repetitions")] | all)' "$TMP/b.json"
	jq -e '[.benchmarks[] | select(.run_type == "iteration") |
		has("allocs_per_iter") and has("alloc_bytes_per_iter") and has("max_bytes_used") and
		has("iterations")] | length == 4 and all' "$TMP/b.json"
	jq -e '[.benchmarks[] | select(.aggregate_name == "median")] | length == 2' "$TMP/b.json"
	jq -e '[.benchmarks[] | has("bench_run_number") | not] | all' "$TMP/b.json"
	# Which benchmark is whose; limits are goxel-report's to judge.
	jq -e '.presets | .v15.dispatch == "hash" and .v14.queue == "mutex" and (.v15.transport | type) == "string"' "$TMP/b.json"
	run "$BIN/goxel-report" targets --json "$TMP/b.json"
	[ "$status" -le 1 ]
	jq -e '[.targets[] | select(.values_count > 0)] | length == 1 and
		(.[0] | .key == "bench_method_dispatch_ns" and .value > 0 and .v14 == null and .low == null and
			(.verdict == "met" or .verdict == "missed"))' <<<"$output"
}

@test "the peak of several threads is missing, and says why" {
	run "$BENCH" "${QUICK[@]}" --out "$TMP/b.json" '^(memory_contended/pool/4096/|json_parse_ping/simd$)'
	[ "$status" -eq 0 ]
	jq -e '[.benchmarks[] | has("allocs_per_iter")] | all' "$TMP/b.json"
	jq -e '.benchmarks | map({(.name | split("/")[0]): .}) | add |
		(.memory_contended | has("max_bytes_used") | not) and
		(.memory_contended.max_bytes_used_missing | test("several threads")) and
		.json_parse_ping.max_bytes_used >= 0 and
		(.json_parse_ping | has("max_bytes_used_missing") | not)' "$TMP/b.json"
}

@test "long benchmarks show their progress on stderr" {
	"$BENCH" --min-time 700ms '^floor/(empty_loop|direct_call|indirect_call|keep_value)$' \
		>"$TMP/out" 2>"$TMP/err"
	grep -Eqx '[1-4] of 4 benchmarks, [0-9.]+/s, [0-9]+ s, about [0-9]+ s left, 0 failed' "$TMP/err"
	run ! grep -q left "$TMP/out"
	"$BENCH" "${QUICK[@]}" '^floor/empty_loop$' >"$TMP/out" 2>"$TMP/err"
	run ! grep -q left "$TMP/err"
}

@test "the library's own flags and formats work" {
	run "$BENCH" --benchmark_filter='^hdr/record$' --benchmark_min_time=0.001 --benchmark_format=json
	[ "$status" -eq 0 ]
	[[ $output == *'"run_name": "hdr/record"'* ]]
	run "$BENCH" --benchmark_filter='^hdr/' --benchmark_min_time=0.001s --benchmark_format=csv
	[ "$status" -eq 0 ]
	[[ $output == *'name,iterations,real_time'* ]]
	run "$BENCH" "${QUICK[@]}" --benchmark_out="$TMP/raw.csv" --benchmark_out_format=csv '^(hdr|queue_hop)/'
	[ "$status" -eq 0 ]
	grep -q '^"hdr/merge"' "$TMP/raw.csv"
	# Counters that only some have.
	run "$BENCH" "${QUICK[@]}" --benchmark_format=csv '^(hdr/record|file_save/gox|floor/direct_call)$'
	[ "$status" -eq 0 ]
	[[ $output == *',"file_bytes"'* ]]
	grep -Eq '^"file_save/gox",.*,[0-9.e+]+$' <<<"$output"
	[ "$(grep -c '^"' <<<"$output")" -eq 3 ]
}

@test "every flag of the library that changes what runs or how it is shown" {
	local few=(--benchmark_filter='^(hdr/record|floor/direct_call)$' --benchmark_min_time=0.001)
	run "$BENCH" --benchmark_list_tests=true --benchmark_filter='^hdr/'
	[ "$status" -eq 0 ]
	[ "$(sort <<<"$output" | tr '\n' ' ')" = "hdr/merge hdr/quantile hdr/record " ]
	run "$BENCH" "${few[@]}" --benchmark_filter=-hdr --benchmark_list_tests=true
	[[ $output != *hdr/* && $output == *floor/* ]]
	run "$BENCH" "${few[@]}" --benchmark_repetitions=3 --benchmark_enable_random_interleaving=true \
		--benchmark_report_aggregates_only=true
	[ "$status" -eq 0 ]
	[[ $output == *hdr/record_median* && ! $output =~ hdr/record\  ]]
	run "$BENCH" "${few[@]}" --benchmark_repetitions=2 --benchmark_display_aggregates_only=true \
		--benchmark_out="$TMP/all.json"
	[[ $output == *hdr/record_mean* && ! $output =~ hdr/record\  ]]
	jq -e '[.benchmarks[] | select(.run_type == "iteration")] | length == 4' "$TMP/all.json"
	run "$BENCH" "${few[@]}" --benchmark_context=colour=grey --benchmark_counters_tabular=true \
		--benchmark_color=true --show=memory --benchmark_min_warmup_time=0.001 --v=0
	[ "$status" -eq 0 ]
	[[ $output == *"colour: grey"* && $output =~ CPU\ +Iterations\ +alloc_bytes_per_iter ]]
	[[ $output == *$'\e['* ]]
	BENCHMARK_FORMAT=json "$BENCH" "${few[@]}" 2>"$TMP/err" | jq -e '.benchmarks | length == 2'
}

@test "Google Benchmark's own compare.py reads results of every mode" {
	local compare=/usr/share/benchmark/compare.py
	[ -e "$compare" ] && /usr/bin/python3 -c 'import scipy' 2>/dev/null ||
		skip "no libbenchmark-tools with python3-scipy (238 MB, so bootstrap.sh does not ask for them)"
	"$BENCH" "${QUICK[@]}" --repetitions 3 --out "$TMP/a.json" '^(hdr/record|memory_contended/pool/4096/)'
	"$BENCH" "${QUICK[@]}" --until-ci 90% --time-cap 1ms --out "$TMP/b.json" '^hdr/record$'
	run "$BENCH" "${QUICK[@]}" --vs "$BENCH" --blocks 2 --out "$TMP/c.json" '^hdr/record$'
	for other in a b c; do
		run /usr/bin/python3 "$compare" --no-color benchmarks "$TMP/a.json" "$TMP/$other.json"
		[ "$status" -eq 0 ]
		[[ $output =~ hdr/record_pvalue.*"U Test, Repetitions: 3 vs" && $output == *OVERALL_GEOMEAN* ]]
	done
	run /usr/bin/python3 "$compare" --no-color filters "$TMP/a.json" hdr memory
	[ "$status" -eq 0 ]
}

@test "slow bodies have a distribution in the JSON, and in the table when asked for" {
	run "$BENCH" "${QUICK[@]}" --show=spread,memory --out "$TMP/b.json" '^serialize/tree/1000$'
	[ "$status" -eq 0 ]
	[[ $output == *p99_ns=* && $output == *allocs_per_iter=* ]]
	jq -e '.benchmarks[0] | .p50_ns > 1000 and .p99_ns >= .p90_ns and .max_ns >= .p99_ns' "$TMP/b.json"
	run "$BENCH" "${QUICK[@]}" '^serialize/tree/1000$'
	[[ $output != *p99_ns=* ]]
}

@test "a filter that matches nothing: a sentence, exit 2" {
	run "$BENCH" no_such_thing
	[ "$status" -eq 2 ]
	[[ $output == *no_such_thing* ]]
	run "$BENCH" --until-ci 5% no_such_thing
	[ "$status" -eq 2 ]
	[[ $output == *"matches 'no_such_thing'"* ]]
}

@test "an option that is too long is refused, never cut" {
	run "$BENCH" "$(printf 'x%.0s' $(seq 5000))"
	[ "$status" -eq 2 ]
	[[ "$output" == *"an option of more than 4096 bytes"* ]]
}

@test "unknown counters and options: a sentence, exit 2" {
	run "$BENCH" --counters nonsense-event hdr
	[ "$status" -eq 2 ]
	[[ $output == *"unknown counter 'nonsense-event'"* ]]
	run "$BENCH" --benchmark_perf_counters=nonsense-event hdr
	[ "$status" -eq 2 ]
	run "$BENCH" --benchmark_nonsense=1 hdr
	[ "$status" -eq 2 ]
	run "$BENCH" --nonsense
	[ "$status" -eq 2 ]
	run "$BENCH" --show=nonsense hdr
	[ "$status" -eq 2 ]
}

@test "a required counter that this machine lacks: exit 3, with or without the dash" {
	run "$BENCH" "${QUICK[@]}" --counters cycles --out "$TMP/b.json" '^hdr/record$'
	[ "$status" -eq 0 ]
	if jq -e '.benchmarks[0] | has("cycles")' "$TMP/b.json"; then
		skip "this machine counts cycles"
	fi
	jq -e '.context.counters_missing | test("cycles")' "$TMP/b.json"
	for flag in --require-counters --require_counters; do
		run "$BENCH" "${QUICK[@]}" --counters cycles "$flag" '^hdr/record$'
		[ "$status" -eq 3 ]
		[[ $output == *"counter 'cycles' is required"* ]]
	done
}

@test "groups of counters, in braces" {
	run "$BENCH" --min-time 20ms --counters '{task-clock,page-faults},context-switches' --out "$TMP/b.json" '^hdr/record$'
	[ "$status" -eq 0 ]
	jq -e '.context | has("counters_missing")' "$TMP/b.json" ||
		jq -e '.benchmarks[0] | ."task-clock" > 0 and ([."page-faults", ."context-switches"] |
			all(type == "number"))' "$TMP/b.json"
	for bad in '{task-clock' 'task-clock}' '{}' ',' '{{task-clock}}' 'nosuch:tracepoint'; do
		run "$BENCH" --counters "$bad" '^hdr/record$'
		[ "$status" -eq 2 ]
		[[ $output =~ goxel-bench:\ (events|unknown\ counter) ]]
	done
}

@test "system calls are counted one by one" {
	run "$BENCH" --min-time 20ms --out "$TMP/b.json" '^floor/(system_call|direct_call)$'
	[ "$status" -eq 0 ]
	jq -e '.benchmarks[0] | has("syscalls")' "$TMP/b.json" || skip "no tracepoints here"
	jq -e '[.benchmarks[] | {(.name): .syscalls}] | add |
		."floor/system_call" > 0.999 and ."floor/system_call" < 1.01 and
		."floor/direct_call" < 0.01' "$TMP/b.json"
}

@test "invalid thresholds: exit 2" {
	for bad in nan nan% 0 -1% 100% 5x '' inf; do
		run "$BENCH" --until-ci="$bad" hdr
		[ "$status" -eq 2 ]
	done
	for bad in nan inf -1 -inf; do
		run timeout 5 "$BENCH" --benchmark_min_time="$bad" '^hdr/record$'
		[ "$status" -eq 2 ]
		[[ $output == *"--benchmark_min_time=$bad: not a time"* ]]
		run timeout 5 "$BENCH" "${QUICK[@]}" --benchmark_min_warmup_time="$bad" '^hdr/record$'
		[ "$status" -eq 2 ]
		run timeout 5 "$BENCH" --min-time="$bad" '^hdr/record$'
		[ "$status" -eq 2 ]
	done
}

@test "--json: one document on stdout, messages on stderr" {
	"$BENCH" "${QUICK[@]}" --json '^(hdr/record|method_dispatch/hash)$' >"$TMP/j.json" 2>"$TMP/err"
	jq -e '.schema == "goxel-bench/1" and (.benchmarks | length == 2) and (.presets | length == 2)' "$TMP/j.json"
	grep -q '^hdr/record ' "$TMP/err"
	"$BENCH" "${QUICK[@]}" --until-ci 90% --time-cap 1ms --json '^hdr/record$' 2>"$TMP/err" |
		jq -e '.benchmarks[-1].aggregate_name == "median"'
	"$BENCH" "${QUICK[@]}" --benchmark_format=json '^(hdr/record|method_dispatch/hash)$' 2>"$TMP/err" |
		jq -e '.benchmarks | length == 2'
	run "$BENCH" --list --json
	[ "$status" -eq 2 ]
	# Said by the one who could not write.
	[ -w /dev/full ] || skip "no /dev/full"
	run bash -c "'$BENCH' --min-time 1ms --json '^hdr/record$' 2>'$TMP/err' >/dev/full"
	[ "$status" -eq 4 ]
	grep -q 'write the results to stdout: No space left' "$TMP/err"
}

@test "an output that cannot be written is refused before anything runs" {
	for option in --until-ci=50% --repetitions=1; do
		run timeout 5 "$BENCH" "$option" --out "$TMP/missing/b.json" hdr/record
		[ "$status" -ne 0 ]
		[[ $output == *"write $TMP/missing/b.json: No such file or directory"* ]]
		for bad in "$TMP" /dev/null; do
			run timeout 5 "$BENCH" "$option" --out "$bad" hdr/record
			[ "$status" -eq 2 ]
			[[ $output == *"write $bad: it is not a plain file"* ]]
		done
	done
	[ -c /dev/null ]
	run "$BENCH" "${QUICK[@]}" --benchmark_out="$TMP/missing/b.json" '^hdr/record$'
	[ "$status" -ne 0 ]
	[[ $output == *missing* ]]
}

@test "modes exclude each other, and there is one REGEX" {
	run "$BENCH" --until-ci 5% --vs "$BENCH" hdr
	[ "$status" -eq 2 ]
	run "$BENCH" hdr json
	[ "$status" -eq 2 ]
	[[ $output == *"second REGEX 'json'"* ]]
}

@test "--until-ci says whether the interval was met" {
	run "$BENCH" "${QUICK[@]}" --until-ci 90% --time-cap 1ms --out "$TMP/b.json" '^hdr/record$'
	[ "$status" -eq 0 ]
	[[ $output == *met* ]]
	jq -e '.benchmarks[-1] | .aggregate_name == "median" and .ci_low <= .ci_high and
		(.ci_is_met | type) == "boolean"' "$TMP/b.json"
	jq -e '[.benchmarks[] | select(.run_type == "iteration")] | length >= 6' "$TMP/b.json"
	run "$BENCH" "${QUICK[@]}" --until-ci 0.0001% --time-cap 1ms '^hdr/record$'
	[ "$status" -eq 0 ]
	[[ $output == *"NOT met within the time cap"* ]]
}

@test "--vs runs both in turn and compares" {
	run "$BENCH" "${QUICK[@]}" --vs "$BENCH" --blocks 2 --out "$TMP/v.json" '^(hdr/record|floor/direct_call)$'
	[ "$status" -eq 0 ]
	[[ $output == *"no difference detected"* && $output == *"cannot show a difference"* ]]
	jq -e '.comparisons | length == 2 and all(.blocks_count == 2 and .p_adjusted > 0.05)' "$TMP/v.json"
	run "$BENCH" --vs "$TMP/nothing" hdr/record
	[ "$status" -ne 0 ]
	[[ $output == *"cannot be run"* ]]
}

@test "--instructions puts an exact count into the same JSON" {
	needs_release
	command -v valgrind || skip "no valgrind"
	for i in 1 2; do
		run "$BENCH" "${QUICK[@]}" --instructions --out "$TMP/$i.json" \
			'^(floor/empty_loop|floor/direct_call|queue_contended/ring/real_time/threads:2)$'
		[ "$status" -eq 0 ]
	done
	jq -e '.benchmarks[0].instructions | . >= 2 and . < 3' "$TMP/1.json"
	jq -e '.benchmarks[2].instructions_missing | test("several threads")' "$TMP/1.json"
	run "$BENCH" "${QUICK[@]}" --instructions --out "$TMP/m.json" '^startup_time/v15'
	[[ $output == *"startup_time/v15/iterations:20/manual_time"*"instructions: it times other processes"* ]]
	jq -e '.benchmarks[0].instructions_missing | test("other processes")' "$TMP/m.json"
	[ "$(jq .benchmarks[1].instructions "$TMP/1.json")" = "$(jq .benchmarks[1].instructions "$TMP/2.json")" ]
}

@test "--profile leaves a flame graph and a pprof file" {
	needs_release
	command -v perf || skip "no perf"
	run "$BENCH" --profile "$TMP/p" --profile-time 300ms '^hdr/merge$'
	if [ ! -e "$TMP/p/hdr_merge/cpu.folded" ]; then
		skip "no samples can be taken here: $output"
	fi
	[ "$status" -eq 0 ]
	grep -q '<svg' "$TMP/p/hdr_merge/cpu.svg"
	grep -q hist_add "$TMP/p/hdr_merge/cpu.folded"
	gzip -t "$TMP/p/hdr_merge/cpu.pb.gz"
}

# install_shim [VARIABLE=VALUE...]: to $TMP/usr, and found there from now on
install_shim() {
	make -s -C "$ROOT" install "$@"
	PKG_CONFIG_PATH=$TMP/usr/lib/pkgconfig
	export PKG_CONFIG_PATH
	cd "$TMP" || return
}

# build SOURCE PROGRAM [OPTION...]
build() {
	local source=$1 program=$2
	shift 2
	# shellcheck disable=SC2046
	cc -O2 "$@" "$source" $(pkg-config --cflags --libs benchshim) -o "$program"
}

@test "the README's C program compiles against the installed shim with one command" {
	needs_release
	install_shim PREFIX="$TMP/usr"
	sed -n '/bench\/example.c`):/,/BENCH_MAIN/p' "$ROOT/README.md" | sed '1,2d; s/^    //' >copy.c
	diff copy.c "$ROOT/bench/example.c"
	[ "$(grep -vc '^$' copy.c)" -le 12 ]
	build copy.c copy -std=c11 -Wall -Wextra -Wpedantic -Werror
	# shellcheck disable=SC2046
	c++ -x c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
		$(pkg-config --cflags benchshim) copy.c
	run ./copy --benchmark_min_time=0.001
	[ "$status" -eq 0 ]
	[[ $output == *"Benchmark "*Time*CPU*Iterations* && $output == *copy/1024* ]]
	run ./copy --benchmark_filter=nothing
	[ "$status" -eq 2 ]
	# Only its own names are seen.
	run bash -c "nm -g --defined-only usr/lib/libbenchshim.a | grep -v -e ' bench_' -e '^$' -e ':$'"
	[ -z "$output" ]
}

@test "make install DESTDIR=... stays inside it, and is found from there" {
	needs_release
	install_shim PREFIX=/usr DESTDIR="$TMP"
	grep -qx 'prefix=/usr' usr/lib/pkgconfig/benchshim.pc
	PKG_CONFIG_SYSROOT_DIR=$TMP build "$ROOT/bench/example.c" copy
	run ./copy --benchmark_min_time=0.001 --benchmark_filter=copy/8
	[ "$status" -eq 0 ]
	run find . -type f ! -path './usr/*' ! -name copy
	[ -z "$output" ]
}

@test "programs of others: wrong answers, no memory and another header have no speed and exit codes" {
	needs_release
	install_shim PREFIX="$TMP/usr"
	cat >bad.c <<-'C'
		#include <bench/shim.h>
		#include <errno.h>
		static void able(struct bench_state *s)
		{
			BENCH_LOOP(s)
				BENCH_CLOBBER();
		}
		static void wrong(struct bench_state *s)
		{
			able(s);
			bench_skip_error(s, "2 + 2 was 5");
		}
		static int no_memory(struct bench_state *s, void **shared)
		{
			(void)s;
			(void)shared;
			return -ENOMEM;
		}
		static const struct bench_fixture fixture = { .setup = no_memory };
		BENCH(able)
		BENCH(wrong, bench_use(bench_register("starved", able), &fixture))
		#ifndef ABI
		#define ABI BENCH_ABI
		#endif
		int main(int argc, char **argv) { return bench_main(ABI, argc, argv); }
	C
	build bad.c bad
	run ./bad --benchmark_min_time=0.001 --benchmark_filter='^able$'
	[ "$status" -eq 0 ]
	run ./bad --benchmark_min_time=0.001 --benchmark_filter=wrong --benchmark_format=json
	[ "$status" -eq 1 ]
	[[ $output == *'"error_message": "2 + 2 was 5"'* ]]
	run ./bad --benchmark_min_time=0.001
	[ "$status" -eq 1 ]
	[[ $output == *"ERROR OCCURRED: '2 + 2 was 5'"* ]]
	[[ $output == *"ERROR OCCURRED: 'setup failed: Cannot allocate memory'"* ]]
	build bad.c other -DABI=99
	run ./other
	[ "$status" -eq 2 ]
	[[ $output == *"built with version 99 of bench/shim.h"* ]]
	run ./bad --benchmark_perf_counters=nonsense-event
	[ "$status" -eq 2 ]
	[[ $output == *"unknown counter 'nonsense-event'"* ]]
	run ./bad --benchmark_out=missing/b.json
	[ "$status" -ne 0 ]
	[[ $output == *missing/b.json* ]]
}
