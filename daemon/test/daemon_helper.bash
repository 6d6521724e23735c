# daemon_helper.bash - start goxel-daemon in a fresh directory, speak to it, end it.
# Used by the bats files; $O/bin is where the programs are.

# The programs by an absolute path, whatever directory a test is in.
helper_setup() {
	BIN=$(cd "${O:-build/release}/bin" && pwd)
	DIR=$(mktemp -d)
	SOCK=$DIR/s
	PID=
}

helper_teardown() {
	if [ -n "$PID" ] && kill -0 "$PID" 2>/dev/null; then
		kill -KILL "$PID"
		wait "$PID" 2>/dev/null || true
	fi
	rm -rf "$DIR"
}

# wait_until COMMAND...: at most $WAIT_S (10) seconds.
wait_until() {
	local i
	for i in $(seq $((${WAIT_S:-10} * 50))); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.02
	done
	echo "never came true: $*" >&2
	return 1
}

answers() {
	[ "$(rpc '{"jsonrpc":"2.0","method":"ping","id":0}' | jq -r .result.pong)" = true ]
}

# A processor that this process may use: in a container that need not be 0.
first_cpu() {
	sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status
}

# start_daemon OPTION...: returns when it answers. Its log is $DIR/log.
start_daemon() {
	"$BIN/goxel-daemon" -s "$SOCK" "$@" 2>"$DIR/log" 3>&- &
	PID=$!
	wait_until test -S "$SOCK" && wait_until answers && return 0
	cat "$DIR/log" >&2
	return 1
}

# stop_daemon [SIGNAL]: its exit code is the result.
stop_daemon() {
	local rc=0
	kill -"${1:-TERM}" "$PID"
	wait "$PID" || rc=$?
	PID=
	return "$rc"
}

# Sends stdin to the daemon; its answers come on stdout until it closes.
talk() {
	timeout 20 socat -t10 - "UNIX-CONNECT:$SOCK"
}

# rpc TEXT: one connection, closed behind the text.
rpc() {
	printf '%s' "$1" | talk
}

# status_of PATH: a member of what status says.
status_of() {
	rpc '{"jsonrpc":"2.0","method":"status","id":0}' | jq -r ".result$1"
}
