#!/usr/bin/env bats
# The stress test itself: does it see what goes wrong, and does it end what it started? Run by
# make check-stress, which builds what it needs.

setup() {
	load daemon_helper
	WAIT_S=20
	STRESS=$(cd "${O:-build/release}/test" && pwd)/goxel-stress
	DIR=$(mktemp -d)
}

teardown() { rm -rf "$DIR"; }

# The daemon that a run with this pid started.
daemon_of() {
	pgrep -P "$1" -f goxel-daemon
}

# The folder that the daemon with this pid works in.
folder_of() {
	tr '\0' '\n' <"/proc/$1/cmdline" | sed -n 's|^\(/tmp/goxel-stress\.[^/]*\)/s$|\1|p'
}

@test "each attack is listed, and one that is unknown is wrong usage" {
	run "$STRESS" --list
	[ "$status" -eq 0 ]
	for name in connect-ping half-requests batch-unread script-leave strokes-leave selection render-large alloc fds; do
		[[ $output == *" $name "* ]]
	done
	run "$STRESS" --attack nonsense
	[ "$status" -eq 2 ]
	[[ $output == *"no attack 'nonsense'"* ]]
}

@test "a daemon that does not start is no result" {
	printf '#!/bin/sh\necho broken >&2\nexit 3\n' >"$DIR/daemon"
	chmod +x "$DIR/daemon"
	run "$STRESS" --daemon "$DIR/daemon" --preset v15 --duration 1s
	[ "$status" -eq 4 ]
	[[ $output == *broken* ]]
	run "$STRESS" --daemon "$DIR/absent"
	[ "$status" -eq 2 ]
}

@test "a daemon that dies is a failure" {
	"$STRESS" --preset v15 --duration 30s --only status --faults none --seed 1 >"$DIR/out" 2>&1 3>&- &
	local pid=$! code=0
	wait_until daemon_of $pid
	wait_until pgrep -P "$pid" -f goxel-daemon
	# Not before it has clients: the run's own question is one.
	SOCK=$(folder_of "$(daemon_of $pid)")/s
	has_clients() { [ "$(status_of .counters.connections_count)" -ge 2 ]; }
	wait_until has_clients
	kill -SEGV "$(daemon_of $pid)"
	wait $pid || code=$?
	cat "$DIR/out"
	[ $code -eq 1 ]
	# A sanitizer takes the signal, and ends the daemon with a report of it.
	grep -q -e 'FAILURE.*daemon: died: ended by signal 11' \
		-e 'FAILURE.*daemon: sanitizer report:.*SEGV' "$DIR/out"
	grep -q 'failures (--seed 1)' "$DIR/out"
}

@test "interrupted, it ends its daemon and removes its folder" {
	local pid daemon folder code=0
	"$STRESS" --preset v15 --duration 60s --only status,script,render-set >"$DIR/out" 2>&1 3>&- &
	pid=$!
	wait_until daemon_of $pid
	daemon=$(daemon_of $pid)
	folder=$(folder_of "$daemon")
	[ -d "$folder" ]
	kill -INT $pid
	wait $pid || code=$?
	[ $code -eq 130 ]
	! kill -0 "$daemon" 2>/dev/null
	[ ! -e "$folder" ]
}

@test "when it is killed, its daemon ends too" {
	local pid daemon folder
	"$STRESS" --preset v15 --duration 60s --only status >"$DIR/out" 2>&1 3>&- &
	pid=$!
	wait_until daemon_of $pid
	daemon=$(daemon_of $pid)
	folder=$(folder_of "$daemon")
	kill -KILL $pid
	wait $pid || true
	gone() { ! kill -0 "$daemon" 2>/dev/null; }
	wait_until gone
	[ -n "$folder" ] && rm -rf "$folder"
}

@test "a short soak leaves rows, a summary and a picture; an interrupted one stays incomplete" {
	run "$BATS_TEST_DIRNAME/../../scripts/soak.sh" --stress "$STRESS" --runs "$DIR" --duration 3s --preset v15
	echo "$output"
	[ "$status" -eq 0 ]
	local out
	out=$(echo "$DIR"/*-soak-v15)
	[ "$(head -1 "$out/soak.csv" | cut -d, -f1-3)" = time_s,rss_bytes,pss_bytes ]
	[ "$(wc -l <"$out/soak.csv")" -ge 3 ]
	[ "$(jq -r .schema "$out/soak.json")" = goxel-soak/1 ]
	[ "$(jq .bystander.get_voxel.count "$out/soak.json")" -gt 0 ]
	[ -s "$out/soak.png" ] && [ -s "$out/soak.svg" ]
	run "$BATS_TEST_DIRNAME/../../scripts/soak.sh" --duration nonsense
	[ "$status" -eq 2 ]
	rm -r "$out"
	run timeout --signal=INT 2 "$BATS_TEST_DIRNAME/../../scripts/soak.sh" --stress "$STRESS" --runs "$DIR" --duration 60s
	[ -d "$(echo "$DIR"/*-soak-v15.partial)" ]
}
