# goxel-load as a user meets it: results, bad input, faults and exit codes (R-007, R-400 to R-405).

setup() {
	B=${O:-build/release}/bin
	D=$(mktemp -d)
	ECHO=
}

teardown() {
	[ -z "$ECHO" ] || kill "$ECHO" 2>/dev/null || true
	[ -z "$ECHO" ] || wait "$ECHO" 2>/dev/null || true
	rm -rf "$D"
}

# Waits up to 10 s until a command succeeds.
await() {
	for _ in $(seq 200); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

start_echo() {
	"$B/goxel-load" --serve-echo "$@" 2>"$D/echo.log" 3>&- &
	ECHO=$!
	await grep -q listens "$D/echo.log"
}

# client: a connection to the echo server; "${CLIENT[1]}" is written to, hears LINE reads.
client() {
	coproc CLIENT { exec timeout 20 socat - "UNIX-CONNECT:$D/s" 3>&-; }
}

hears() {
	local line
	read -r -t 10 line <&"${CLIENT[0]}"
	[ "$line" = "$1" ]
}

load() {
	timeout 60 "$B/goxel-load" --unix "$D/s" --warmup 0s --progress off "$@"
}

@test "a run writes results, log and percentile table that agree" {
	start_echo --unix "$D/s"
	run load --workload ping -d 1500ms --out "$D/out/deep"
	[ "$status" -eq 0 ]
	[[ "$output" == *"Total operations"* ]]
	[[ "$output" == *"Throughput"* ]]
	[[ "$output" == *"Valid"* ]]
	R=$D/out/deep/load-test-results.json
	[ "$(jq -r .schema "$R")" = goxel-load/1 ]
	[ "$(jq -r .state "$R")" = complete ]
	[ "$(jq .totals.errors_count "$R")" -eq 0 ]
	[ "$(jq '.totals.ops_count > 1000' "$R")" = true ]
	[ "$(jq '.totals.ops_count == .response_time_ns.count' "$R")" = true ]
	[ "$(jq '.totals.ops_count == ([.intervals[].ops_count] | add)' "$R")" = true ]
	[ "$(jq '.totals.reads_count == .totals.ops_count' "$R")" = true ]
	[ "$(jq '.totals.full_checks_count > 0' "$R")" = true ]
	head -1 "$D/out/deep/latency.hlog" | grep -q goxel-load
	grep -q '^Tag=ping,' "$D/out/deep/latency.hlog"
	grep -q '^Tag=service.ping,' "$D/out/deep/latency.hlog"
	# The table ends with the same number of operations.
	count=$(grep -o 'Total count *= *[0-9]*' "$D/out/deep/latency.hgrm" | grep -o '[0-9]*$')
	[ "$count" -eq "$(jq .totals.ops_count "$R")" ]
}

@test "--json puts one document on stdout and the summary on stderr" {
	start_echo --unix "$D/s"
	load --workload ping -d 300ms --json >"$D/json" 2>"$D/text"
	[ "$(jq -r .load.workload "$D/json")" = ping ]
	grep -q "Total operations" "$D/text"
}

@test "an open loop keeps its rate and says what was planned" {
	start_echo --unix "$D/s"
	code=0
	load --workload ping -d 1s --rate 2k --arrival poisson --depth 16 --json >"$D/json" || code=$?
	# 3: on a busy machine the generator may be late, and says so.
	[ "$code" -eq 0 ] || [ "$code" -eq 3 ]
	[ "$(jq .self_check.valid "$D/json")" = "$([ "$code" -eq 0 ] && echo true || echo false)" ]
	[ "$(jq -r .load.mode "$D/json")" = open ]
	[ "$(jq '.self_check.planned_count > 1700 and .self_check.planned_count < 2300' "$D/json")" = true ]
	[ "$(jq '.totals.ops_count == .self_check.planned_count' "$D/json")" = true ]
	[ "$(jq '.response_time_ns.p50 >= .service_time_ns.p50' "$D/json")" = true ]
}

@test "several threads share connections over TCP" {
	start_echo --tcp 127.0.0.1:0
	port=$(sed 's/.*://' "$D/echo.log")
	timeout 60 "$B/goxel-load" --tcp "127.0.0.1:$port" --workload ping -d 500ms --warmup 100ms \
		--progress off --connections 7 --threads 3 --depth 4 --json >"$D/json"
	[ "$(jq .totals.errors_count "$D/json")" -eq 0 ]
	[ "$(jq '.totals.ops_count > 1000' "$D/json")" = true ]
}

@test "the same seed sends the same requests, another seed others" {
	cat >"$D/w.wl" <<-'EOW'
		[var x]
		random = 0..1000000
		[op a]
		method = ping
		params = [${x}]
	EOW
	for n in 1 2 3; do
		seed=7
		[ "$n" -ne 3 ] || seed=8
		(timeout 10 socat -d -d -u UNIX-LISTEN:"$D/c$n" "OPEN:$D/req$n,creat" 2>"$D/log$n" 3>&-) &
		await grep -q listening "$D/log$n"
		timeout 20 "$B/goxel-load" --unix "$D/c$n" --workload "$D/w.wl" --seed "$seed" \
			--connections 1 --depth 20 -d 100ms --warmup 0s --timeout 200ms \
			--progress off >/dev/null 2>&1 || true
		wait $!
	done
	[ "$(head -20 "$D/req1" | wc -l)" -eq 20 ]
	cmp <(head -20 "$D/req1") <(head -20 "$D/req2")
	run cmp -s <(head -20 "$D/req1") <(head -20 "$D/req3")
	[ "$status" -eq 1 ]
}

@test "a missing server is named" {
	run load --workload ping
	[ "$status" -eq 4 ]
	[[ "$output" == *"$D/s"*"No such file"* ]]
}

@test "wrong usage is exit 2 with the nearest word" {
	run load --conections 5
	[ "$status" -eq 2 ]
	[[ "$output" == *"did you mean --connections"* ]]
	run load --workload pingg
	[ "$status" -eq 2 ]
	[[ "$output" == *"did you mean 'ping'"* ]]
	run load --tcp 127.0.0.1:1
	[ "$status" -eq 2 ]
	run load --threads 5 --connections 2
	[ "$status" -eq 2 ]
	run load --affinity 0,x
	[ "$status" -eq 2 ]
	run "$B/goxel-load"
	[ "$status" -eq 2 ]
}

@test "an unknown key of a workload file is named with file, line and nearest key" {
	printf '[op a]\nmethod = ping\nwieght = 3\n' >"$D/bad.wl"
	run load --workload "$D/bad.wl"
	[ "$status" -eq 2 ]
	[[ "$output" == *"bad.wl:3:"*"'wieght'"*"'weight'"* ]]
	run load --workload "$D/none.wl"
	[ "$status" -eq 2 ]
	[[ "$output" == *"none.wl"* ]]
}

@test "wrong answers are counted by kind and end in exit 1" {
	start_echo --unix "$D/s"
	printf '[op a]\nmethod = ping\nexpect = "no":"such"\n' >"$D/w.wl"
	run load --workload "$D/w.wl" -d 200ms --out "$D/out"
	[ "$status" -eq 1 ]
	[[ "$output" == *"Error mismatch"* ]]
	[ "$(jq '.errors.mismatch == .totals.errors_count and .totals.ops_count == .totals.errors_count' "$D/out/load-test-results.json")" = true ]
	[ "$(jq .response_time_ns.count "$D/out/load-test-results.json")" -eq 0 ]
	run load --workload "$D/w.wl" -d 200ms --check none
	[ "$status" -eq 0 ]
}

@test "replies that come twice are errors, exit 1" {
	# Answers each line with the same reply, two times.
	cat >"$D/twice" <<'SH'
#!/bin/bash
while read -r line; do
	id=${line##*\"id\":} id=${id%%\}*}
	printf '{"jsonrpc":"2.0","result":{"pong":true},"id":%s}\n%.0s' "$id" 1 "$id" 2
done
SH
	chmod +x "$D/twice"
	socat "UNIX-LISTEN:$D/s,fork" "EXEC:$D/twice" 3>&- &
	ECHO=$!
	await test -S "$D/s"
	run load --workload ping -d 300ms -c 1 --out "$D/out"
	[ "$status" -eq 1 ]
	[[ "$output" == *"Error unknown_id"* ]]
	[[ "$output" == *" errors in "*" operations: "* ]]
	[ "$(jq '.errors.unknown_id > 0 and .totals.errors_count == .errors.unknown_id and
		.totals.failed_count == 0' "$D/out/load-test-results.json")" = true ]
}

@test "an output directory whose name is too long is reported" {
	run load --workload ping -d 300ms --out "$(printf 'd%.0s' $(seq 5000))"
	[ "$status" -eq 4 ]
	[[ "$output" == *"--out: a path of 5000 bytes"* ]]
}

@test "a setup request that fails stops the run and is quoted" {
	start_echo --unix "$D/s"
	run load --workload mixed -d 200ms
	[ "$status" -eq 4 ]
	[[ "$output" == *"setup request 'project'"*"pong"* ]]
}

@test "a server that dies leaves a result marked failed" {
	start_echo --unix "$D/s"
	load --workload ping -d 30s --progress on --out "$D/out" >"$D/text" 2>"$D/err" 3>&- &
	pid=$!
	await grep -q "ops/s" "$D/err"
	kill -KILL "$ECHO"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 4 ]
	grep -q "server is gone" "$D/err"
	[ "$(jq -r .state "$D/out/load-test-results.json")" = failed ]
	[ "$(jq '.totals.ops_count > 100' "$D/out/load-test-results.json")" = true ]
	[ "$(jq .self_check.valid "$D/out/load-test-results.json")" = false ]
}

@test "Ctrl-C writes what there is, marked interrupted" {
	start_echo --unix "$D/s"
	"$B/goxel-load" --unix "$D/s" --warmup 0s --workload ping -d 30s --progress on \
		--out "$D/out" >"$D/text" 2>"$D/err" 3>&- &
	pid=$!
	await grep -q "ops/s" "$D/err"
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 4 ]
	[ "$(jq -r .state "$D/out/load-test-results.json")" = interrupted ]
	[ -s "$D/out/latency.hgrm" ]
	[ "$(jq '.totals.ops_count > 100' "$D/out/load-test-results.json")" = true ]
	grep -q INVALID "$D/text"
}

@test "a server that never answers times out" {
	(timeout 20 socat -d -d -u UNIX-LISTEN:"$D/s",fork OPEN:/dev/null 2>"$D/log" 3>&-) &
	socat_pid=$!
	await grep -q listening "$D/log"
	run load --workload ping -d 300ms --timeout 100ms --connections 2 --out "$D/out"
	kill "$socat_pid" 2>/dev/null || true
	echo "status $status: $output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"Error timeout"* ]]
	[ "$(jq '.errors.timeout > 0 and .totals.errors_count == .totals.ops_count' "$D/out/load-test-results.json")" = true ]
}

@test "too many connections for the descriptor limit are refused with a message" {
	start_echo --unix "$D/s"
	run bash -c "ulimit -n 64 && '$B/goxel-load' --unix '$D/s' --workload ping -c 500 -d 100ms"
	[ "$status" -eq 3 ]
	[[ "$output" == *"500 connections need"*"hard limit is 64"* ]]
}

@test "a soft descriptor limit is raised" {
	start_echo --unix "$D/s"
	run bash -c "ulimit -Sn 64 && '$B/goxel-load' --unix '$D/s' --workload ping -c 100 -d 200ms \
		--warmup 0s --progress off"
	[ "$status" -eq 0 ]
}

@test "an unwritable output directory is named" {
	start_echo --unix "$D/s"
	touch "$D/file"
	run load --workload ping -d 100ms --out "$D/file/out"
	[ "$status" -eq 4 ]
	[[ "$output" == *"$D/file"* ]]
}

@test "built-in workloads do not depend on the working directory" {
	bin=$(realpath "$B/goxel-load")
	cd /
	run "$bin" --unix "$D/s" --workload read --dry-run
	[ "$status" -eq 0 ]
	[[ "$output" == *"op.get_voxel=read"* ]]
}

@test "--help fits 80 columns and names every workload" {
	run "$B/goxel-load" --help
	[ "$status" -eq 0 ]
	for f in loadgen/workloads/*.wl; do
		n=${f##*/}
		[[ "$output" == *"${n%.wl}"* ]]
	done
	[ "$(printf '%s\n' "$output" | awk 'length > 80' | wc -l)" -eq 0 ]
}

@test "the echo server copies ids, keeps half a request, and cleans up" {
	start_echo --unix "$D/s"
	client
	# The second half comes once the first request is answered, so half of the second waited.
	printf '{"id":1}\n{"a":"x",' >&"${CLIENT[1]}"
	hears '{"jsonrpc":"2.0","result":{"pong":true},"id":1}'
	printf '"id":7}\nno\n' >&"${CLIENT[1]}"
	hears '{"jsonrpc":"2.0","result":{"pong":true},"id":7}'
	hears '{"jsonrpc":"2.0","result":{"pong":true},"id":null}'
	kill "$ECHO"
	wait "$ECHO"
	[ ! -e "$D/s" ]
	ECHO=
}

@test "a pinned run works, and so does a pinned echo server" {
	# One that this process may use: a container may have any.
	cpu=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)
	start_echo --unix "$D/s" --affinity "$cpu"
	load --workload ping -d 200ms --affinity "$cpu" --json >"$D/json"
	[ "$(jq -r .load.affinity "$D/json")" = "$cpu" ]
}

@test "a client that never reads does not hold up the echo server" {
	start_echo --unix "$D/s"
	# Its replies (over 20 MB) do not fit any socket buffer.
	yes '{"id":1}' 3>&- | timeout 20 socat -u - "UNIX-CONNECT:$D/s" 3>&- &
	hog=$!
	load --workload ping -d 300ms --json >"$D/json"
	[ "$(jq .totals.errors_count "$D/json")" -eq 0 ]
	kill "$hog"
	load --workload ping -d 200ms
}

@test "the echo server answers a request that comes in many pieces" {
	start_echo --unix "$D/s"
	client
	# More than a pipe or the socket holds.
	{ printf '{"fill":"' && head -c 1000000 /dev/zero | tr '\0' x && printf '","id":42}\n'; } >&"${CLIENT[1]}"
	hears '{"jsonrpc":"2.0","result":{"pong":true},"id":42}'
}

@test "the echo server refuses a socket that somebody serves" {
	start_echo --unix "$D/s"
	run "$B/goxel-load" --serve-echo --unix "$D/s"
	[ "$status" -eq 4 ]
	[[ "$output" == *"$D/s"* ]]
	load --workload ping -d 100ms
}
