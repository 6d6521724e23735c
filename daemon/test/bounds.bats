#!/usr/bin/env bats
# R-109: bounds of what is answered, kept and worked on; a fair share of the workers; the end of the
# daemon within its time, whatever runs.

bats_require_minimum_version 1.5.0
load daemon_helper

setup() {
	helper_setup
}

teardown() {
	helper_teardown
}

PING='{"jsonrpc":"2.0","method":"ping","id":1}'

# batch N REQUEST: an array of N requests, in one line.
batch() {
	awk -v n="$1" -v r="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%s%s", i ? "," : "[", r; print "]" }'
}

# high_water: the most memory that the daemon had, in KiB.
high_water() {
	awk '/VmHWM/ { print $2 }' "/proc/$PID/status"
}

# now_ms
now_ms() {
	date +%s%3N
}

# attack N TEXT [NAME]: N clients, each of which sends TEXT and reads its replies into $DIR/NAME<i>.
attack() {
	local i name=${3:-attack}
	ATTACKERS=
	for i in $(seq "$1"); do
		printf '%s\n' "$2" | timeout 30 socat -t30 - "UNIX-CONNECT:$SOCK" >"$DIR/$name$i" 3>&- &
		ATTACKERS="$ATTACKERS $!"
	done
}

end_attack() {
	# shellcheck disable=SC2086
	kill $ATTACKERS 2>/dev/null || true
	# shellcheck disable=SC2086
	wait $ATTACKERS 2>/dev/null || true
}

ENDLESS='{"jsonrpc":"2.0","method":"execute_script","params":{"script":"while(1){}","timeout_ms":60000},"id":7}'
# 1,500 strokes of the largest brush, which take minutes.
STROKES=$(awk 'BEGIN { printf "{\"jsonrpc\":\"2.0\",\"method\":\"batch_operations\",\"params\":{\"operations\":["
	for (i = 0; i < 1500; i++) printf "%s{\"type\":\"brush_stroke\",\"positions\":[[0,0,0],[60,0,0],[0,60,0]],\"size\":50,\"color\":[255,0,0,255]}", i ? "," : ""
	print "]},\"id\":8}" }')

@test "the replies of a batch are sent while it runs: the daemon does not hold them all" {
	for preset in v14 v15; do
		start_daemon --preset $preset
		batch 1500 '{"jsonrpc":"2.0","method":"list_methods","params":{"verbose":true},"id":0}' >"$DIR/request"
		talk <"$DIR/request" >"$DIR/reply"
		[ "$(stat -c %s "$DIR/reply")" -gt 50000000 ]
		[ "$(jq 'length, (map(select(.result)) | length)' "$DIR/reply" | tr '\n' ' ')" = '1500 1500 ' ]
		[ "$(high_water)" -lt 24576 ]
		stop_daemon
	done
}

@test "a client that sends a batch and never reads makes the daemon hold one megabyte, not all" {
	for preset in v14 v15; do
		start_daemon --preset $preset
		batch 2000 '{"jsonrpc":"2.0","method":"list_methods","params":{"verbose":true},"id":0}' >"$DIR/request"
		{ cat "$DIR/request"; sleep 20; } | socat -u - "UNIX-CONNECT:$SOCK" 3>&- &
		local flood=$!
		long() { [ "$(status_of .workers.long_count)" = 1 ]; }
		wait_until long
		for i in $(seq 10); do answers; done
		[ "$(high_water)" -lt 24576 ]
		kill "$flood"
		wait "$flood" || true
		# Its work ends with it.
		idle() { [ "$(status_of .workers.long_count)" = 0 ]; }
		wait_until idle
		stop_daemon
	done
}

@test "a reply beyond the limit becomes an error that says the limit, and the rest is answered" {
	start_daemon
	# A million voxels, each of a color of its own.
	awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "%d %d %d %06x\n", i % 100, int(i / 100) % 100, int(i / 10000), i }' >"$DIR/many.txt"
	rpc "{\"jsonrpc\":\"2.0\",\"method\":\"load_project\",\"params\":{\"path\":\"$DIR/many.txt\"},\"id\":0}" | jq -e .result >/dev/null
	rpc '[{"jsonrpc":"2.0","method":"get_color_histogram","id":1},{"jsonrpc":"2.0","method":"ping","id":2}]' >"$DIR/reply"
	[[ "$(jq -r '.[0].error.message' "$DIR/reply")" == "The reply has more than 64 MiB"* ]]
	[ "$(jq '.[1].result.pong' "$DIR/reply")" = true ]
}

@test "long requests of one client do not keep the workers from the others" {
	for preset in v15 'v15 --workers 1:2' 'v15 --transport poll' 'v15 --transport threads'; do
		# shellcheck disable=SC2086
		start_daemon --preset $preset
		rpc '{"jsonrpc":"2.0","method":"create_project","params":["theirs"],"id":0}' >/dev/null
		attack 20 "$ENDLESS"
		busy() { [ "$(status_of .workers.long_count)" = 20 ]; }
		wait_until busy
		rpc '{"jsonrpc":"2.0","method":"create_project","params":["mine"],"id":0}' >/dev/null
		rpc '{"jsonrpc":"2.0","method":"add_voxel","params":[1,2,3,9,9,9,255],"id":0}' >/dev/null
		for i in 1 2 3; do
			[ "$(rpc '{"jsonrpc":"2.0","method":"get_color_histogram","id":1}' | jq -r '.result.total_voxels // .error.message')" != "" ]
			[ "$(rpc '{"jsonrpc":"2.0","method":"render_scene","params":{"width":32,"height":32},"id":2}' | jq 'has("result")')" = true ]
		done
		end_attack
		idle() { [ "$(status_of .workers.long_count)" = 0 ]; }
		wait_until idle
		stop_daemon
	done
}

@test "TERM ends the daemon within its time in every case, and the clients get an error" {
	for flags in '--preset v15' '--preset v14' '--preset v15 --transport threads' '--preset v15 --transport uring' '--preset v15 --transport poll'; do
		# shellcheck disable=SC2086
		start_daemon $flags
		rpc '{"jsonrpc":"2.0","method":"create_project","params":["p"],"id":0}' >/dev/null
		attack 3 "$ENDLESS"
		scripts=$ATTACKERS
		attack 2 "$STROKES" strokes
		ATTACKERS="$ATTACKERS $scripts"
		busy() { [ "$(status_of .workers.long_count)" = 5 ]; }
		wait_until busy
		local began
		began=$(now_ms)
		stop_daemon
		local lasted=$(($(now_ms) - began))
		echo "$flags: $lasted ms"
		[ "$lasted" -lt 6000 ]
		end_attack
		for i in attack1 attack2 attack3 strokes1 strokes2; do
			[ "$(jq -r '.error.code < 0' "$DIR/$i")" = true ]
		done
		[ ! -e "$SOCK" ]
	done
}

@test "the time limit of requests ends them with an error" {
	start_daemon --request-timeout 300ms
	rpc '{"jsonrpc":"2.0","method":"create_project","params":["p"],"id":0}' >/dev/null
	rpc "$STROKES" | jq -r .error.message | tee "$DIR/error"
	grep -q 'time limit' "$DIR/error"
	[ "$(rpc '{"jsonrpc":"2.0","method":"get_bounding_box","id":1}' | jq 'has("result")')" = true ]
	# A batch is one piece of work: what it has not run by then is answered, too.
	batch 3 '{"jsonrpc":"2.0","method":"execute_script","params":{"script":"while(1){}","timeout_ms":5000},"id":1}' >"$DIR/request"
	[ "$(talk <"$DIR/request" | jq -c 'map(has("error"))')" = '[true,true,true]' ]
}

@test "after a wrong token nothing is answered, and guesses are limited" {
	echo secret >"$DIR/token"
	start_daemon --tcp 0.0.0.0:0 --token-file "$DIR/token"
	local port
	port=$(sed -n 's/.*listening on 0.0.0.0:\([0-9]*\)$/\1/p' "$DIR/log")
	tcp() { timeout 10 socat -t5 - "TCP:127.0.0.1:$port"; }
	guess() { printf '{"jsonrpc":"2.0","method":"authenticate","params":{"token":"%s"},"id":1}' "$1"; }
	printf '[%s,%s,%s]\n' "$(guess wrong)" "$(guess secret)" '{"jsonrpc":"2.0","method":"list_projects","id":2}' | tcp >"$DIR/reply"
	[ "$(grep -o '"code":-32002' "$DIR/reply" | wc -l)" = 1 ]
	[ "$(grep -c '"result"' "$DIR/reply")" = 0 ]
	limited() { guess wrong | tcp | grep -q 'Too many wrong tokens'; }
	for i in $(seq 30); do guess wrong | tcp >>"$DIR/many"; done
	wait_until limited
	free() { [ "$(guess secret | tcp | jq .result)" = true ]; }
	wait_until free
}

@test "a file beyond the limit of file sizes is an error, not the end of the daemon" {
	(ulimit -f 16; exec "$BIN/goxel-daemon" -s "$SOCK" 2>"$DIR/log" 3>&-) &
	PID=$!
	wait_until answers
	rpc '{"jsonrpc":"2.0","method":"create_project","params":["p"],"id":0}' >/dev/null
	awk 'BEGIN { srand(1); printf "{\"jsonrpc\":\"2.0\",\"method\":\"add_voxels\",\"params\":{\"voxels\":["
		for (i = 0; i < 9000; i++) printf "%s[%d,%d,%d,%d,%d,%d,255]", i ? "," : "", rand()*200, rand()*200, rand()*200, rand()*255, rand()*255, rand()*255
		print "]},\"id\":1}" }' | talk | jq -e .result >/dev/null
	[[ "$(rpc "{\"jsonrpc\":\"2.0\",\"method\":\"save_project\",\"params\":{\"path\":\"$DIR/f.gox\"},\"id\":2}" | jq -r .error.message)" == *"File too large"* ]]
	answers
}
