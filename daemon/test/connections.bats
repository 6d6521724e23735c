#!/usr/bin/env bats
# R-109: connections that wait for their clients, that nobody has a place for, and that ask for more
# memory than there is. Over every backend: test_transport_limits.

load daemon_helper

setup() {
	helper_setup
	CLIENTS=
}

teardown() {
	local pid
	for pid in $CLIENTS; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	helper_teardown
}

PING='{"jsonrpc":"2.0","method":"ping","id":1}'
HALF='{"jsonrpc":"2.0","method":"pi'

# hold NAME [TEXT]: a client that sends TEXT and then nothing, until the daemon closes it. What it
# is told: $DIR/NAME.
hold() {
	printf '%s' "${2:-}" >"$DIR/$1.text"
	socat -t10 "UNIX-CONNECT:$SOCK" "SYSTEM:cat $DIR/$1.text; exec cat >$DIR/$1" 2>/dev/null 3>&- &
	CLIENTS="$CLIENTS $!"
}

counter() {
	status_of ".counters.$1"
}

@test "idle connections and unfinished requests are closed in time" {
	local i
	for preset in v14 v15; do
		start_daemon --preset $preset --idle-timeout 300ms --request-read-timeout 200ms
		CLIENTS=
		hold idle
		hold half "$HALF"
		for i in $CLIENTS; do wait "$i"; done
		[ ! -s "$DIR/idle" ]
		[ "$(jq -c '[.id,.error.code,.error.message]' "$DIR/half")" = \
			'[null,-32001,"Stopped: the request was not complete after 0.2 s"]' ]
		[ "$(counter connections_timed_out_count)" = 2 ]
		stop_daemon
	done
}

@test "a client that does not read its replies is closed in time" {
	start_daemon --write-timeout 300ms
	for i in $(seq 2000); do printf '{"jsonrpc":"2.0","method":"list_methods","id":%d}\n' "$i"; done >"$DIR/many"
	{ cat "$DIR/many"; sleep 20; } | socat -u - "UNIX-CONNECT:$SOCK" 2>/dev/null 3>&- &
	CLIENTS=$!
	cut_off() { [ "$(counter connections_timed_out_count)" = 1 ]; }
	wait_until cut_off
}

@test "a batch whose replies nobody reads does not keep its worker" {
	start_daemon --write-timeout 300ms
	awk 'BEGIN { for (i = 0; i < 1500; i++) printf "%s%s", i ? "," : "[",
		"{\"jsonrpc\":\"2.0\",\"method\":\"list_methods\",\"params\":{\"verbose\":true},\"id\":0}"; print "]" }' >"$DIR/batch"
	{ cat "$DIR/batch"; sleep 20; } | socat -u - "UNIX-CONNECT:$SOCK" 2>/dev/null 3>&- &
	CLIENTS=$!
	cut_off() { [ "$(counter connections_timed_out_count)" = 1 ]; }
	wait_until cut_off
}

@test "unfinished requests on all connections do not keep new clients out" {
	local i
	for transport in epoll poll threads; do
		start_daemon --transport $transport --max-connections 8
		CLIENTS=
		for i in $(seq 8); do hold "half$i" "$HALF"; done
		wait_until answers
		replaced() { [ "$(counter connections_replaced_count)" -ge 1 ] 2>/dev/null; }
		wait_until replaced # the question itself needs a place, too
		told() { grep -q 'a new connection needed the place' "$DIR"/half?; }
		wait_until told
		stop_daemon
	done
}

@test "a client with a request within the last second keeps its connection" {
	start_daemon --max-connections 2
	for i in 1 2; do
		{ while sleep 0.1; do echo "$PING" || break; done; } 2>/dev/null |
			socat -t10 - "UNIX-CONNECT:$SOCK" >"$DIR/asks$i" 2>/dev/null 3>&- &
		CLIENTS="$CLIENTS $!"
	done
	full() { [ "$(rpc "$PING" | jq .error.code)" = -32000 ]; }
	wait_until full
	for i in $(seq 8); do
		full
		sleep 0.2
	done
	# shellcheck disable=SC2086
	kill -0 $CLIENTS
}

@test "out of descriptors: idle connections are closed, no client waits, no processor time is spent" {
	local i before after
	for transport in epoll uring poll threads; do
		bash -c 'ulimit -n 40 && exec "$@"' sh "$BIN/goxel-daemon" -s "$SOCK" --transport $transport 2>"$DIR/log" 3>&- &
		PID=$!
		wait_until test -S "$SOCK" && wait_until answers
		CLIENTS=
		for i in $(seq 45); do hold "idle$i"; done
		wait_until grep -q 'descriptors have run out' "$DIR/log"
		before=$(awk '{ print $14 + $15 }' "/proc/$PID/stat")
		sleep 1.5
		after=$(awk '{ print $14 + $15 }' "/proc/$PID/stat")
		[ $((after - before)) -lt 30 ]
		wait_until answers
		# shellcheck disable=SC2086
		kill $CLIENTS 2>/dev/null || true
		# shellcheck disable=SC2086
		wait $CLIENTS 2>/dev/null || true
		wait_until answers
		stop_daemon
	done
}

@test "a request beyond the memory limit gets an error, and its connection stays open" {
	{
		printf '{"jsonrpc":"2.0","method":"echo","params":["'
		head -c 40000000 /dev/zero | tr '\0' x
		printf '"],"id":1}\n%s\n' "$PING"
	} >"$DIR/long"
	for flags in '--preset v14' '--preset v15' '--transport uring' '--transport threads'; do
		# shellcheck disable=SC2086
		start_daemon $flags --memory-high 16 --max-request 64MiB
		talk <"$DIR/long" >"$DIR/out"
		[ "$(jq -c '[.id,.error.code,.result.pong]' "$DIR/out" | tr '\n' ' ')" = '[null,-32000,null] [1,null,true] ' ]
		grep -q 'out of memory for the request' "$DIR/out"
		[ "$(counter refused_unkept_count)" = 1 ]
		stop_daemon
	done
}

@test "before authenticate, 64 KiB of a request are read from a TCP client" {
	echo secret >"$DIR/token"
	start_daemon --tcp 127.0.0.1:0 --token-file "$DIR/token"
	local port
	port=$(sed -n 's/.*127\.0\.0\.1:\([0-9]*\).*/\1/p' "$DIR/log" | head -1)
	long() { printf '{"jsonrpc":"2.0","method":"ping","x":"%s","id":2}\n' "$(head -c 100000 /dev/zero | tr '\0' x)"; }
	{
		long
		printf '{"jsonrpc":"2.0","method":"authenticate","params":{"token":"secret"},"id":1}\n'
		long
	} | timeout 10 socat -t5 - "TCP:127.0.0.1:$port" >"$DIR/out"
	[ "$(jq -c '[.id,.error.code]' "$DIR/out" | tr '\n' ' ')" = '[null,-32700] [1,null] [2,null] ' ]
	grep -q 'more than 65536 bytes before authenticate' "$DIR/out"
}

@test "the limits are in status, get_config and the configuration file; flags win" {
	cat >"$DIR/c.json" <<-END
	{ "daemon": { "idle_timeout_ms": 5000, "request_read_timeout_ms": 6000, "write_timeout_ms": 0 } }
	END
	start_daemon --config "$DIR/c.json" --idle-timeout 7s
	[ "$(rpc '{"jsonrpc":"2.0","method":"status","id":0}' | jq -c .result.timeouts)" = \
		'{"request_ms":300000,"idle_ms":7000,"request_read_ms":6000,"write_ms":0}' ]
	[ "$(rpc '{"jsonrpc":"2.0","method":"get_config","id":0}' | jq -c '.. | .timeouts? // empty')" = \
		'{"request_ms":300000,"idle_ms":7000,"request_read_ms":6000,"write_ms":0}' ]
	stop_daemon
	start_daemon
	[ "$(status_of '.timeouts | [.idle_ms,.request_read_ms,.write_ms] | join(" ")')" = '3600000 30000 60000' ]
}

@test "an unfinished request is answered that the daemon stops" {
	for transport in epoll uring poll threads; do
		start_daemon --transport $transport
		hold half "$HALF"
		open() { [ "$(counter connections_count)" = 2 ] && [ "$(counter read_bytes)" -gt 0 ]; }
		wait_until open
		answers
		stop_daemon
		wait "${CLIENTS##* }"
		[ "$(jq -c '[.id,.error.code,.error.message]' "$DIR/half")" = \
			'[null,-32001,"Stopped: the request was not complete when the daemon stopped"]' ]
	done
}
