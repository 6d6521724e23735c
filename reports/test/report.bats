#!/usr/bin/env bats
# report.bats - goxel-report from outside: what it prints, writes, refuses, and with which code.

bats_require_minimum_version 1.5.0

setup() {
	O=${O:-build/release}
	R=$O/bin/goxel-report
	A=reports/test/data/run-v14
	B=reports/test/data/run-v15
	dir=$(mktemp -d "${TMPDIR:-/tmp}/report-bats.XXXXXX")
}

teardown() {
	rm -rf "$dir"
}

# A copy of a run that a test may spoil.
spoil() {
	cp -r "$A" "$dir/run"
	chmod -R u+w "$dir/run"
}

@test "help goes to stdout and is asked for, usage goes to stderr and is an error" {
	run -0 "$R" --help
	[[ $output == *compare*flamegraph* ]]
	run -2 "$R"
	run -2 "$R" frobnicate
	[[ $output == *"no command 'frobnicate'"* ]]
	for command in compare show profile check flamegraph hlog targets newest machine; do
		run -0 "$R" "$command" --help
		[[ $output == *goxel-report* ]]
		run -2 "$R" "$command" --no-such-option
	done
	run -0 "$R" --version
	[[ $output == goxel-report* ]]
}

@test "compare shows both runs side by side, against targets and the success rule (R-003 R-500 R-501)" {
	run -0 "$R" compare "$A" "$B" --out "$dir/out"
	[[ $output == *"v14 → v15"* ]]
	[[ $output == *"Throughput"*"33,997/s"*"124,856/s"*"3.67×"* ]]
	[[ $output == *"as noise"* ]]
	[[ $output == *"Targets of v15"*"not measured (make benchmark-all)"* ]]
	[[ $output == *"Acceptance rule"*"at least 20 % fewer allocations per request"*pass* ]]
	[[ $output == *"malloc_get"*"daemon/buffers/buffers_malloc.c"* ]]
	[[ $output == *"Not captured: cycles"* ]]
	for file in report.md report.html report.json; do
		[ -s "$dir/out/$file" ]
	done
}

@test "the text of a comparison is pinned (golden)" {
	"$R" compare "$A" "$B" --out "$dir/out" | grep -v '^report: ' >"$dir/text"
	diff -u reports/golden/compare.txt "$dir/text"
}

@test "the keys of report.json are pinned (golden)" {
	"$R" compare "$A" "$B" --out "$dir/out" >/dev/null
	jq -r '[paths | map(if type == "number" then "[]" else . end) | join(".")] | unique[]' \
		"$dir/out/report.json" | grep -v -e '^parts\.' -e '^runs\.[a-z]*\.run\.' >"$dir/keys"
	diff -u reports/golden/compare-keys.txt "$dir/keys"
	[ "$(jq -r .schema "$dir/out/report.json")" = goxel-compare/1 ]
}

@test "--json prints the document and prints messages on stderr" {
	"$R" compare "$A" "$B" --out "$dir/out" --json 2>"$dir/err" | jq -e \
		'.metrics.throughput_per_s.ratio > 3 and (.targets | length) == 11'
	grep -q report.html "$dir/err"
}

@test "a change within the noise is coloured nowhere" {
	"$R" compare "$A" "$B" --out "$dir/out" >/dev/null
	# p99 of these two runs is, p50 is not; once by its name, once among the quantiles.
	for name in "Response time, p99" p99; do
		grep ">$name</td>" "$dir/out/report.html" | grep -q 'class="r dim">−57.5 %'
	done
	grep '>p50</td>' "$dir/out/report.html" | grep -q 'class="r good">'
}

@test "bytes are written with their unit, and places only where they are known" {
	spoil
	jq '.sources[0] += {function: "of_a_library", file: "", line: 0}' "$A/allocs.json" \
		>"$dir/run/allocs.json"
	run -0 "$R" compare "$dir/run" "$B" --out "$dir/out"
	[[ $output == *of_a_library* ]]
	[[ $output != *" :0"* ]]
	[[ $output == *"  Memory  "*" 25.3 GB  "* ]]
}

@test "the HTML report needs nothing from elsewhere (R-581)" {
	"$R" compare "$A" "$B" --out "$dir/out" >/dev/null
	run grep -oE '(src|href)="[^#"][^"]*"|@import|url\(' "$dir/out/report.html"
	[ -z "$output" ]
	run grep -oE 'https?://[^" ]*' "$dir/out/report.html"
	[ "$(sort -u <<<"$output")" = http://www.w3.org/2000/svg ]
}

@test "the HTML report opens in a browser, and fits a phone (R-581)" {
	command -v chromium >/dev/null || skip "chromium is not installed"
	"$R" compare "$A" "$B" --out "$dir/out" >/dev/null
	sed 's|</body>|<script>document.title = "fits " + (document.documentElement.scrollWidth <= innerWidth) + " flames " + document.querySelectorAll(".flame > .f").length + " charts " + document.querySelectorAll("figure > svg").length</script></body>|' \
		"$dir/out/report.html" >"$dir/probe.html"
	run -0 timeout 60 chromium --headless --no-sandbox --disable-gpu \
		--disable-background-networking --user-data-dir="$dir/chromium" \
		--window-size=400,800 --dump-dom "file://$dir/probe.html"
	[[ $output =~ \<title\>fits\ true\ flames\ [1-9][0-9]+\ charts\ [0-9]+\</title\> ]]
}

@test "parts that a run lacks are said in a sentence, not fatal" {
	spoil
	rm "$dir/run"/{counters.json,allocs.json,cpu.folded,latency.hlog,memory.csv,stages.json}
	run -0 "$R" compare "$dir/run" "$B" --out "$dir/out"
	[[ $output == *"counters.json is missing: no CPU time"* ]]
	[[ $output == *"cpu.folded is missing"* ]]
	[[ $output == *"Throughput"*"3.67×"* ]]
	rm "$dir/run/load-test-results.json"
	run -0 "$R" compare "$dir/run" "$B" --out "$dir/out"
	[[ $output == *"no throughput and no latency"* ]]
}

@test "a damaged part is reported and left out" {
	spoil
	printf '{"schema": "goxel-counters/2"}' >"$dir/run/counters.json"
	printf 'no number at the end\n' >"$dir/run/cpu.folded"
	run -0 "$R" compare "$dir/run" "$B" --out "$dir/out"
	grep -q "reads goxel-counters/1 only" "$dir/out/report.md"
	grep -q "cpu.folded:1: not 'frame;frame;frame count'" "$dir/out/report.md"
}

@test "a profile that was not under load is marked, and not used when it has almost no samples" {
	spoil
	jq '.requests_count = 5000' "$A/counters.json" >"$dir/run/counters.json"
	run -0 "$R" compare "$dir/run" "$B" --out "$dir/out"
	grep -q "profile: 5000 requests in 4.0 s" "$dir/out/report.md"
	[[ $output == *"CPU time per request"* ]]
	jq '.requests_count = 1' "$A/counters.json" >"$dir/run/counters.json"
	"$R" show "$dir/run" --out "$dir/out" >/dev/null
	grep -q "too few to use" "$dir/out/report.md"
	run grep -q "CPU time per request |" "$dir/out/report.md"
	[ "$status" -ne 0 ]
}

@test "what is no complete run is refused with its reason" {
	run -2 "$R" compare "$dir/nowhere" "$B"
	[[ $output == *"there is no such run directory"* ]]
	run -2 "$R" compare "$dir" "$B"
	[[ $output == *"is not a run directory: it has no run.json"* ]]
	run -2 "$R" compare /dev/null "$B"
	run -2 "$R" compare "$A"
	spoil
	jq '.state = "incomplete"' "$A/run.json" >"$dir/run/run.json"
	run -4 "$R" compare "$dir/run" "$B"
	[[ $output == *"was interrupted"* ]]
	jq '.schema = "goxel-run/7"' "$A/run.json" >"$dir/run/run.json"
	run -4 "$R" compare "$dir/run" "$B"
	[[ $output == *"reads goxel-run/1 only"* ]]
	printf '{' >"$dir/run/run.json"
	run -4 "$R" compare "$dir/run" "$B"
	[[ $output == *"run.json:1"* ]]
}

@test "unlike conditions are flagged (R-314)" {
	spoil
	jq '.machine.kernel = "5.10" | .workload.seed = 7' "$A/run.json" >"$dir/run/run.json"
	run -0 "$R" compare "$dir/run" "$B" --out "$dir/out"
	[[ $output == *"different conditions"* ]]
	[[ $output == *"Kernel"*"5.10"* ]]
	[ "$(jq .conditions_differing_count "$dir/out/report.json")" = 2 ]
}

@test "an output directory that cannot be made is an error, exit 4" {
	run -4 "$R" compare "$A" "$B" --out /dev/null/x
}

@test "show and profile summarize one run (R-566 first part)" {
	for command in show profile; do
		run -0 "$R" "$command" "$B" --out "$dir/$command"
		[[ $output == *"Run v15"* ]]
		[[ $output == *"Hot functions"* ]]
		[ -s "$dir/$command/report.html" ]
		[ "$(jq -r .schema "$dir/$command/report.json")" = goxel-show/1 ]
	done
}

@test "check accepts a good run and finds what contradicts itself" {
	run -0 "$R" check "$A"
	[[ $output == *valid* ]]
	spoil
	jq '.response_time_ns.count += 1 | .response_time_ns.p99 *= 2' \
		"$A/load-test-results.json" >"$dir/run/load-test-results.json"
	rm "$dir/run/memory.csv"
	run -1 "$R" check "$dir/run"
	[[ $output == *"run.json lists memory.csv, which does not exist"* ]]
	[[ $output == *"latency.hlog has"* ]]
	[[ $output == *"response_time_ns.p99 is"* ]]
	run -1 "$R" check "$dir/run" --json
	jq -e '.valid == false and (.wrong | length) == 3' <<<"$output"
	run -2 "$R" check "$dir"
}

@test "a flame graph is an SVG, the same for the same samples in any order" {
	"$R" flamegraph "$A/cpu.folded" --title 'a <b> & "c"' -o "$dir/1.svg"
	sort -R "$A/cpu.folded" >"$dir/mixed"
	"$R" flamegraph "$dir/mixed" --title 'a <b> & "c"' >"$dir/2.svg"
	cmp "$dir/1.svg" "$dir/2.svg"
	grep -q 'a &lt;b&gt; &amp; &quot;c&quot;' "$dir/1.svg"
	! command -v xmllint >/dev/null || xmllint --noout "$dir/1.svg"
	"$R" flamegraph "$B/cpu.folded" --diff "$A/cpu.folded" --merge-threads -o "$dir/3.svg"
	grep -q 'points)</title>' "$dir/3.svg"
	: >"$dir/empty"
	run -4 "$R" flamegraph "$dir/empty"
	[[ $output == *"has no samples"* ]]
	run -2 "$R" flamegraph "$dir/nowhere"
}

@test "a flame graph zooms on a click and comes back, in a browser" {
	command -v chromium >/dev/null || skip "chromium is not installed"
	"$R" flamegraph "$A/cpu.folded" -o "$dir/f.svg"
	cat >"$dir/f.html" <<'H'
<body><script>function shown() { return Array.from(document.querySelectorAll(".flame > .f")).filter(f => f.style.display !== "none").length; }
window.onload = function () {
  var all = shown(), frames = document.querySelectorAll(".flame > .f");
  frames[frames.length - 1].dispatchEvent(new MouseEvent("click"));
  var zoomed = shown();
  document.querySelector(".flame .reset").dispatchEvent(new MouseEvent("click"));
  document.title = "fewer " + (zoomed < all) + " back " + (shown() === all);
};</script>
H
	cat "$dir/f.svg" >>"$dir/f.html"
	run -0 timeout 60 chromium --headless --no-sandbox --disable-gpu \
		--disable-background-networking --user-data-dir="$dir/chromium" --dump-dom \
		"file://$dir/f.html"
	[[ $output == *"<title>fewer true back true</title>"* ]]
}

@test "hlog prints percentiles per tag, and refuses what is no log" {
	"$R" hlog "$A/latency.hlog" >"$dir/text"
	diff -u reports/golden/hlog.txt "$dir/text"
	printf 'hello\n' >"$dir/x"
	run -4 "$R" hlog "$dir/x"
	[[ $output == *"x:1: start time 'hello' is not a number"* ]]
	run -2 "$R" hlog "$dir/nowhere"
}

@test "hdr-histogram-js decodes our log to the same percentiles (R-315)" {
	command -v node >/dev/null || skip "node is not installed"
	export NODE_PATH=scripts/test/node_modules
	node -e 'require("hdr-histogram-js")' 2>/dev/null ||
		skip "hdr-histogram-js is not installed: scripts/bootstrap.sh test"
	for run in "$A" "$B"; do
		"$R" hlog "$run/latency.hlog" --json |
			jq -S '[.tags[] | del(.mean_ns, .stddev_ns)]' >"$dir/ours"
		mapfile -t keys < <(jq -r '.[0] | keys[] | select(test("^p[0-9]"))' "$dir/ours")
		[ ${#keys[@]} -ge 5 ]
		node reports/test/decode_hlog.js "$run/latency.hlog" "${keys[@]}" | jq -S . >"$dir/theirs"
		diff -u "$dir/theirs" "$dir/ours"
	done
}

@test "targets lists what is expected and which command measures it; others' targets are checked" {
	"$R" targets >"$dir/text"
	diff -u reports/golden/targets.txt "$dir/text"
	"$R" targets --json | jq -e '.schema == "goxel-targets/1"'
	jq '.targets[0].metric = "speed"' reports/targets/v15.json >"$dir/t.json"
	run -2 "$R" targets --targets "$dir/t.json"
	[[ $output == *"'speed' is not a metric"* ]]
	jq '.targets[0].wish = 1' reports/targets/v15.json >"$dir/t.json"
	run -4 "$R" targets --targets "$dir/t.json"
	[[ $output == *"unknown key 'wish'"* ]]
}

@test "machine prints a fingerprint" {
	"$R" machine | jq -e '.cores_count >= 1 and (.kernel | length) > 0 and has("steal_pct")'
}

# Seven pairs whose throughput ratio is $1 with some scatter.
make_pairs() {
	local i
	for i in 1 2 3 4 5 6 7; do
		cp -r "$A" "$dir/a$i"
		cp -r "$A" "$dir/b$i"
		chmod -R u+w "$dir/a$i" "$dir/b$i"
		jq --argjson f "1.0$i" '.totals.throughput_per_s *= $f' \
			"$A/load-test-results.json" >"$dir/a$i/load-test-results.json"
		jq --argjson f "1.0$(((i * 3) % 8))" --argjson r "$1" \
			'.totals.throughput_per_s *= $f * $r' \
			"$A/load-test-results.json" >"$dir/b$i/load-test-results.json"
	done
}

@test "several pairs give an effect with interval and corrected p-value (R-510 R-512)" {
	make_pairs 1.5
	pairs=()
	for i in 1 2 3 4 5 6 7; do pairs+=("$dir/a$i" "$dir/b$i"); done
	run -0 "$R" compare "${pairs[@]}" --out "$dir/out"
	[[ $output == *"7 pairs. Each pair counts once"* ]]
	# The title and the big figures are of all pairs, not of the first.
	grep -q '<h1>[^<]*, 7 pairs</h1>' "$dir/out/report.html"
	grep -q '<span>Throughput</span><b>[^<]*</b><span>+4[0-9.]* % … +5[0-9.]* %' "$dir/out/report.html"
	jq -e '.pairs.metrics.throughput_per_s | .effect_pct > 45 and .effect_pct < 55 and
		.low_pct > 40 and .high_pct < 60 and .p_adjusted <= 0.05 and
		(.ln_ratio | length) == 7' "$dir/out/report.json"
	jq -e '.pairs.metrics.response_p50_ns.p_adjusted == 1 and
		(.pairs.metrics.syscalls_per_request | .judged == false and .p_adjusted == null)' \
		"$dir/out/report.json"
}

@test "several pairs of the same show nothing, and a run counts once" {
	make_pairs 1.0
	pairs=()
	for i in 1 2 3 4 5 6 7; do pairs+=("$dir/a$i" "$dir/b$i"); done
	run -0 "$R" compare "${pairs[@]}" --out "$dir/out"
	jq -e '[.pairs.metrics[] | select(.judged) | .p_adjusted] | min > 0.05' \
		"$dir/out/report.json"
	run -2 "$R" compare "$A" "$B" "$A" "$B"
	[[ $output == *"is given twice"* ]]
	run -2 "$R" compare "$A" "$B" "$dir/a1"
	[[ $output == *"an even number is needed"* ]]
	run -0 "$R" compare "$dir/a1" "$dir/b1" "$dir/a2" "$dir/b2" --out "$dir/out"
	grep -q "Too few pairs to reach the 5 % level" "$dir/out/report.md"
}

@test "targets are judged by all runs of a side, and by their interval" {
	make_pairs 1.0
	pairs=() runs=()
	for i in 1 2 3 4 5 6 7; do pairs+=("$dir/a$i" "$dir/b$i") runs+=("$dir/b$i"); done
	mean=$(jq .totals.throughput_per_s "$A/load-test-results.json")
	# The seven runs have 1.00 to 1.07 times that.
	for factor in 0.9 1.035 1.2; do
		jq -n --argjson limit "$(jq -n "$mean * $factor")" '{schema: "goxel-targets/1", name: "t",
			targets: [{title: "Rate", metric: "throughput_per_s", above: $limit}]}' >"$dir/t-$factor.json"
	done
	verdict() {
		jq -e --arg verdict "$1" '.targets[0] | .verdict == $verdict and .low < .high' "$dir/out/report.json"
	}
	"$R" compare "${pairs[@]}" --out "$dir/out" --targets "$dir/t-0.9.json" && verdict met
	"$R" compare "${pairs[@]}" --out "$dir/out" --targets "$dir/t-1.2.json" && verdict missed
	"$R" compare "${pairs[@]}" --out "$dir/out" --targets "$dir/t-1.035.json" && verdict "not settled"
	# The same by goxel-report targets, whose exit code is for CI.
	run -0 "$R" targets --targets "$dir/t-0.9.json" "${runs[@]}"
	[[ $output == *Rate*" … "*" 7 "*met* ]]
	run -1 "$R" targets --targets "$dir/t-1.2.json" "${runs[@]}"
	[[ $output == *Rate*missed* ]]
	run -0 "$R" targets --targets "$dir/t-1.035.json" "${runs[@]}"
	[[ $output == *Rate*"not settled"* ]]
	run -0 "$R" targets --targets "$dir/t-1.2.json" "${runs[@]:0:3}"
	[[ $output == *"too few values"*"not settled"*"An interval of 95 % needs 6 values"* ]]
	run -1 "$R" targets --targets "$dir/t-1.2.json" "$dir/b1"
	[[ $output == *"measured once"*missed* ]]
	run -2 "$R" targets "$dir/b1" "$dir/b1"
	[[ $output == *"is given twice"* ]]
	run -2 "$R" targets --targets nowhere
	run -4 "$R" targets "$dir/t-0.9.json"
	[[ $output == *"goxel-bench/1, goxel-ceiling/1 or a run directory"* ]]
}

@test "--png draws the plots with gnuplot (R-580)" {
	command -v gnuplot >/dev/null || skip "gnuplot is not installed"
	run -0 "$R" compare "$A" "$B" --out "$dir/out" --png
	for file in percentiles stages startup latency memory; do
		[ "$(head -c 4 "$dir/out/$file.png" | tail -c 3)" = PNG ]
	done
}

@test "--png leaves out what a run does not have: stages, intervals" {
	command -v gnuplot >/dev/null || skip "gnuplot is not installed"
	spoil
	echo '{"schema":"goxel-stages/1","stages":{}}' >"$dir/run/stages.json"
	jq '.intervals |= .[:1]' "$A/load-test-results.json" >"$dir/run/load-test-results.json"
	run -0 "$R" show "$dir/run" --out "$dir/out" --png
	[ ! -e "$dir/out/stages.png" ]
	# Nor is there a heading over nothing, or an empty remark.
	[[ $output == *"  Throughput "* && $output != *"Stages of a request"* && $output != *"()"* ]]
	run -1 grep -q '()\|Stages of' "$dir/out/report.md"
	[ -s "$dir/out/percentiles.png" ]
}

@test "--bench fills the targets that goxel-bench measures, by the implementation in use" {
	cat >"$dir/bench.json" <<'J'
{"benchmarks": [
 {"name": "json_parse_1k/dom", "real_time": 14000, "time_unit": "ns"},
 {"name": "json_parse_1k/simd", "real_time": 700, "time_unit": "ns"},
 {"name": "method_dispatch/linear", "real_time": 90, "time_unit": "ns"},
 {"name": "method_dispatch/hash", "real_time": 12, "time_unit": "ns"}]}
J
	run -0 "$R" compare "$A" "$B" --out "$dir/out" --bench "$dir/bench.json"
	[[ $output =~ "Parse 1 KB of JSON"\ +50.0\ µs\ +14.0\ µs\ +700\ ns ]]
	[[ $output =~ "Dispatch of a method"\ +1.00\ µs\ +90.0\ ns\ +12.0\ ns ]]
	run -4 "$R" compare "$A" "$B" --out "$dir/out" --bench /dev/null
}
