# goxel-pair as a user meets it: two servers side by side, servers that die or are silent, Ctrl-C and
# --resume, bad input (R-004).

bats_require_minimum_version 1.5.0

setup() {
	B=${O:-build/release}/bin
	D=$(mktemp -d)
	export TMPDIR=$D/tmp
	mkdir "$TMPDIR"
	short=(--a echo --b echo --fitness off --validity errors --rate 2k --block 100ms --slice 10ms
		--warmup 10ms --progress off --out "$D/p.json")
}

teardown() {
	rm -rf "$D"
}

# Waits up to 20 s until a command succeeds.
await() {
	for _ in $(seq 400); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

# Short blocks of two echo servers; a test machine may be busy.
pair() {
	timeout 120 "$B/goxel-pair" "${short[@]}" "$@"
}

# start_pair OPTIONS...: in the background; $pid is its number.
start_pair() {
	"$B/goxel-pair" "${short[@]}" "$@" >"$D/out" 2>&1 3>&- &
	pid=$!
}

socket_is_there() {
	[ -S "$(echo "$TMPDIR"/goxel-pair.*/B/echo.sock)" ]
}

# of QUERY: from the results.
of() {
	jq -r "$1" "$D/p.json"
}

blocks_are() {
	[ -f "$D/p.json" ] && [ "$(of '.blocks | length')" -ge "$1" ]
}

# server NAME SCRIPT: a target file whose command is a shell script; $1 is the echo server's socket.
server() {
	printf '#!/bin/bash\n%s\n' "$2" >"$D/$1.sh"
	chmod +x "$D/$1.sh"
	cat >"$D/$1.target" <<TXT
name = $1
command = $D/$1.sh {bin}/goxel-load {dir}/s
unix = {dir}/s
request = {"jsonrpc":"2.0","id":1,"method":"ping"}
workload = ping
TXT
}

# No server and no folder of one is left.
nothing_is_left() {
	[ -z "$(ls "$TMPDIR")" ] && ! pgrep -f "$TMPDIR" >/dev/null
}

@test "two equal servers: the file has all that the table was made from" {
	run -0 pair --blocks 8 --slices "$D/s.csv"
	[[ $output == *"CPU time per request"* ]]
	[ "$(of .schema)" = goxel-pairs/1 ]
	[ "$(of .state)" = complete ]
	[ "$(of '.blocks | length')" -eq 8 ]
	[ "$(of '[.blocks[] | (.reasons | length == 0) == .is_valid] | all')" = true ]
	# Both arms had the same schedule.
	[ "$(of '[.blocks[].arms | .[0].planned_count == .[1].planned_count] | all')" = true ]
	[ "$(of '[.blocks[].arms[] | .requests_count + .unsent_count == .planned_count] | all')" = true ]
	[ "$(of '[.blocks[].arms[] | .cpu_ns > 0 and .rss_bytes > 0 and .first_reply_ns > 0] | all')" = true ]
	[ "$(of '[.blocks[].arms[] | (.response, .service) | startswith("HISTFAAA")] | all')" = true ]
	[ "$(of '.effects[0].differences | length')" -eq "$(of '[.blocks[] | select(.is_valid)] | length')" ]
	# A line for each slice, twenty or so a block.
	[ "$(head -1 "$D/s.csv" | cut -d , -f 1-4)" = block,slice,row,arm ]
	[ "$(tail -n +2 "$D/s.csv" | cut -d , -f 1 | sort -u | wc -l)" -eq 8 ]
	[ "$(awk -F , 'NR > 1 && $4 == "A"' "$D/s.csv" | wc -l)" -eq "$(awk -F , 'NR > 1 && $4 == "B"' "$D/s.csv" | wc -l)" ]
	nothing_is_left
}

@test "a seed reproduces the slices to the byte" {
	run -0 pair --dry-run --seed 5 --slice-max 50ms
	first=$output
	run -0 pair --dry-run --seed 5 --slice-max 50ms
	[ "$output" = "$first" ]
	run -0 pair --dry-run --seed 6 --slice-max 50ms
	[ "$output" != "$first" ]
	[ ! -e "$D/p.json" ]
}

@test "a seed reproduces the requests, too: both arms and both sittings plan the same" {
	run -0 pair --blocks 1 --arrival poisson
	first=$(of '[.blocks[].arms[].planned_count] | tostring')
	run -0 pair --blocks 1 --arrival poisson
	[ "$(of '[.blocks[].arms[].planned_count] | tostring')" = "$first" ]
}

@test "a slower server is told from a faster one" {
	run -0 pair --b v14 --workload ping --blocks 8
	[ "$(of '.effects[] | select(.metric == "cpu_ns_per_request") | .low_pct > 0')" = true ]
	[[ $output == *"CPU time per request"*higher* ]]
}

@test "--realtime runs before other processes, or reports that it is not permitted" {
	run pair --blocks 1 --realtime
	if [ "$status" -eq 3 ]; then
		[[ $output == *"--realtime is not permitted here"* ]]
	else
		[ "$status" -eq 0 ]
		[ "$(of .design.is_realtime)" = true ]
		# A comparison goes on in the way it began.
		run -2 pair --blocks 2 --resume
		[[ $output == *"is_realtime is 1 in the file and 0 now"* ]]
	fi
}

@test "three arms are compared with the first" {
	run -0 pair --c 'echo --affinity 0' --blocks 2
	[ "$(of '[.effects[].arm] | unique | tostring')" = '["B","C"]' ]
	[ "$(of '.blocks[0].arms | length')" -eq 3 ]
}

@test "a server that dies in the middle: its block does not count, the others do" {
	# The third start of this server lives until it has answered once.
	server mortal "echo >>$D/starts
		if [ \$(wc -l <$D/starts) -ne 3 ]; then exec \"\$1\" --serve-echo --unix \"\$2\"; fi
		\"\$1\" --serve-echo --unix \"\$2\" & pid=\$!
		until [ -e \"\${2%/*}/start.json\" ]; do :; done
		kill -KILL \$pid; kill -KILL \$\$"
	run -0 pair --b "$D/mortal.target" --blocks 5 --warmup 1s --block 300ms
	[ "$(of '[.blocks[].has_failed] | tostring')" = '[false,false,true,false,false]' ]
	[[ "$(of '.blocks[2].reasons[0]')" == "B: the server ended: killed by SIGKILL" ]]
	[ "$(of .effects[0].pairs_count)" -le 4 ]
	nothing_is_left
}

@test "a server that always dies ends the comparison with 4, and what was measured is kept" {
	server dying "echo >>$D/starts
		[ \$(wc -l <$D/starts) -le 2 ] || { echo 'no more' >&2; exit 7; }
		exec \"\$1\" --serve-echo --unix \"\$2\""
	run -4 pair --b "$D/dying.target" --blocks 20
	[[ $output == *"3 blocks in a row failed"*"no more"* ]]
	[ "$(of .state)" = failed ]
	[ "$(of '.blocks | length')" -eq 5 ]
	[ "$(of '[.blocks[].has_failed] | tostring')" = '[false,false,true,true,true]' ]
	# Mended, it goes on from the third block.
	printf '#!/bin/bash\nexec "$1" --serve-echo --unix "$2"\n' >"$D/dying.sh"
	run -0 pair --b "$D/dying.target" --blocks 4 --resume
	[ "$(of '[.blocks[].has_failed] | any | tostring')" = false ]
	[ "$(of '.blocks | length')" -eq 4 ]
	nothing_is_left
}

@test "a server that never answers ends the comparison" {
	server silent 'exec socat -u UNIX-LISTEN:"$2",fork OPEN:/dev/null'
	run -4 pair --b "$D/silent.target" --blocks 9 --timeout 200ms
	[ "$(of '.blocks[0].reasons[0]')" != null ]
	[ "$(of .state)" = failed ]
	nothing_is_left
}

@test "Ctrl-C keeps what was measured, and --resume goes on to the same end" {
	start_pair --blocks 6
	await blocks_are 2
	kill -INT $pid
	code=0
	wait $pid || code=$?
	[ $code -eq 130 ]
	[ "$(of .state)" = interrupted ]
	kept=$(of '.blocks | length')
	[ "$kept" -ge 2 ]
	first=$(of '.blocks[0].start_wall_ns')
	nothing_is_left
	run -2 pair --blocks 6 --resume --seed 9
	[[ $output == *"belongs to another comparison: seed is 1 in the file and 9 now"* ]]
	run -2 pair --blocks 6 --resume --b 'echo --affinity 0'
	[[ $output == *"arm B: spec is"* ]]
	run -0 pair --blocks 6 --resume
	[ "$(of .state)" = complete ]
	[ "$(of '.blocks | length')" -eq 6 ]
	[ "$(of '[.blocks[].index] | tostring')" = '[0,1,2,3,4,5]' ]
	[ "$(of '.blocks[0].start_wall_ns')" = "$first" ]
}

@test "when it is killed, its servers end and their folder is removed" {
	start_pair --block 30s --blocks 2
	await socket_is_there
	kill -KILL $pid
	wait $pid || true
	await nothing_is_left
}

@test "the rate found is one that the slowest arm can sustain" {
	run -0 timeout 60 "$B/goxel-pair" --a echo --b v14 --workload ping --fitness off \
		--validity errors --block 100ms --blocks 1 --progress off --out "$D/p.json"
	[ "$(of '.load.rate_per_s > 100')" = true ]
}

@test "with a rate that a server cannot sustain no block counts" {
	run -3 pair --b v14 --workload ping --rate 2M --blocks 1 --block 50ms --validity all
	[[ $output == *"no block counts"* ]]
	[ "$(of '.blocks[0].is_valid')" = false ]
}

@test "wrong usage is refused with a sentence and 2" {
	run -2 pair --a nothing
	[[ $output == *"arm A: 'nothing' is no preset"* ]]
	run -2 pair --a "$TMPDIR"
	[[ $output == *"is no build directory"* ]]
	run -2 pair --slice 20ms --slice-max 10ms
	run -2 pair --block 5ms --slice 10ms
	run -2 pair --workload nothing
	run -2 pair --cpus 4095
	run -2 pair --resume
	[[ $output == *"p.json"* ]]
	echo '{"schema":"goxel-load/1"}' >"$D/p.json"
	run -2 pair --resume
}
