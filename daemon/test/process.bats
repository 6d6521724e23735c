#!/usr/bin/env bats
# goxel-daemon as a process: its pid file, its log, its start and its end, also where the files around
# it are somebody else's or cannot be written.

load daemon_helper

setup() {
	helper_setup
	unset XDG_RUNTIME_DIR
	OTHERS=
}

teardown() {
	local pid
	for pid in $OTHERS; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	helper_teardown
}

# A process that has nothing to do with the daemon: $STRANGER.
start_stranger() {
	sleep 300 3>&- &
	STRANGER=$!
	OTHERS="$OTHERS $STRANGER"
}

# start_second SOCKET OPTION...: one more daemon, $SECOND.
start_second() {
	"$BIN/goxel-daemon" -s "$@" 2>"$DIR/log2" 3>&- &
	SECOND=$!
	OTHERS="$OTHERS $SECOND"
	wait_until grep -q 'preset=' "$DIR/log2"
}

# refused CODE TEXT OPTION...: the daemon ends by itself, at once, with this code and message.
refused() {
	local code=$1 text=$2
	shift 2
	run timeout -k 1 10 "$BIN/goxel-daemon" "$@"
	echo "exit $status: $output"
	[ "$status" -eq "$code" ]
	[[ "$output" == *"$text"* ]]
}

# --- the pid file ---------------------------------------------------------------------------------

@test "a number in the pid file proves nothing: another process is not signalled" {
	start_stranger
	echo "$STRANGER" >"$DIR/pid"
	for command in --stop --reload --status; do
		run "$BIN/goxel-daemon" $command -p "$DIR/pid"
		echo "$output"
		[ "$status" -eq 1 ]
		[[ "$output" == *"no daemon holds $DIR/pid"* ]]
		kill -0 "$STRANGER"
	done
	# Nor does it keep a daemon from its start.
	start_daemon -p "$DIR/pid"
	[ "$(cat "$DIR/pid")" = "$PID" ]
	run "$BIN/goxel-daemon" --stop -p "$DIR/pid"
	[ "$output" = "Daemon stopped (PID: $PID)" ]
	PID=
	[ ! -e "$DIR/pid" ]
	kill -0 "$STRANGER"
}

@test "a pid file whose number is not its holder's: no process is signalled, and an error is printed" {
	start_stranger
	start_daemon -p "$DIR/pid"
	echo "$STRANGER" >"$DIR/pid"
	for command in --stop --reload; do
		run "$BIN/goxel-daemon" $command -p "$DIR/pid"
		echo "$output"
		[ "$status" -eq 4 ]
		[[ "$output" == *"$DIR/pid"*"process $PID holds it"* ]]
	done
	kill -0 "$STRANGER"
	answers
	[ "$(grep -c 'configuration reloaded' "$DIR/log")" = 0 ]
}

@test "a killed daemon's pid file is stale at once, a running one's is not" {
	start_daemon -p "$DIR/pid"
	refused 4 "process $PID holds it" -s "$DIR/other" -p "$DIR/pid"
	kill -KILL "$PID"
	wait "$PID" || true
	run "$BIN/goxel-daemon" --status -p "$DIR/pid"
	[ "$status" -eq 1 ]
	[[ "$output" == *"no daemon holds $DIR/pid"* ]]
	start_daemon -p "$DIR/pid"
	[ "$(cat "$DIR/pid")" = "$PID" ]
	run "$BIN/goxel-daemon" --status -p "$DIR/pid"
	[ "$output" = "Daemon is running (PID: $PID)" ]
}

@test "the daemon removes only its own pid file at its end" {
	start_daemon -p "$DIR/pid"
	echo 77 >"$DIR/another"
	mv "$DIR/another" "$DIR/pid"
	stop_daemon
	[ "$(cat "$DIR/pid")" = 77 ]
}

@test "the pid file and the log are in XDG_RUNTIME_DIR where that is set" {
	mkdir -m 700 "$DIR/run"
	export XDG_RUNTIME_DIR=$DIR/run
	"$BIN/goxel-daemon" -D -s "$SOCK" 3>&-
	PID=$(cat "$DIR/run/goxel-daemon.pid")
	answers
	grep -q 'preset=v15' "$DIR/run/goxel-daemon.log"
	run "$BIN/goxel-daemon" --status
	[ "$output" = "Daemon is running (PID: $PID)" ]
	run "$BIN/goxel-daemon" --stop
	[ "$output" = "Daemon stopped (PID: $PID)" ]
	PID=
	[ ! -e "$DIR/run/goxel-daemon.pid" ]
}

# --- files that are something else ----------------------------------------------------------------

@test "the log follows no link and changes no other file's owner" {
	echo secret >"$DIR/target"
	chmod 600 "$DIR/target"
	ln -s "$DIR/target" "$DIR/link"
	refused 4 "$DIR/link: it is a link" -s "$SOCK" -l "$DIR/link"
	ln "$DIR/target" "$DIR/second-name"
	if [ "$(id -u)" -eq 0 ]; then
		chmod 755 "$DIR"
		refused 4 "$DIR/link: it is a link" -s "$SOCK" -l "$DIR/link" -u nobody
		refused 4 "$DIR/second-name over: the file has other names" -s "$SOCK" -l "$DIR/second-name" -u nobody
		# What is no file of the daemon's own keeps its owner.
		start_daemon -l /dev/null -u nobody -p "$DIR/pid"
		[ "$(stat -c %U /dev/null)" = root ]
		[ "$(stat -c %U "$DIR/pid")" = nobody ]
		stop_daemon
	fi
	[ "$(stat -c '%u %a' "$DIR/target")" = "$(id -u) 600" ]
	[ "$(head -n 1 "$DIR/target")" = secret ]
}

@test "--log-file /dev/stderr and a terminal are logs, too" {
	start_daemon -l /dev/stderr
	grep -q 'preset=v15' "$DIR/log"
	stop_daemon
	start_daemon -l /dev/null
}

@test "a pipe is refused at once, as a log, a configuration and a token" {
	mkfifo "$DIR/pipe"
	refused 2 "$DIR/pipe: neither a regular file nor a terminal" -s "$SOCK" -l "$DIR/pipe"
	refused 2 "$DIR/pipe: not a regular file" -s "$SOCK" -c "$DIR/pipe"
	refused 2 "$DIR/pipe: not a regular file" -s "$SOCK" --tcp 127.0.0.1:0 --token-file "$DIR/pipe"
	[ ! -e "$SOCK" ]
}

@test "HUP with a pipe in place of the configuration or the log: a warning, and TERM still ends the daemon" {
	echo '{}' >"$DIR/c.json"
	start_daemon -c "$DIR/c.json" -l "$DIR/file"
	rm "$DIR/c.json"
	mkfifo "$DIR/c.json"
	kill -HUP "$PID"
	wait_until grep -q 'configuration not changed: .*c.json: not a regular file' "$DIR/file"
	answers
	rm "$DIR/c.json"
	echo '{}' >"$DIR/c.json"
	mv "$DIR/file" "$DIR/old"
	mkfifo "$DIR/file"
	kill -HUP "$PID"
	wait_until grep -q 'file: neither a regular file nor a terminal' "$DIR/old"
	answers
	stop_daemon
}

@test "pictures are never written to a folder of others; a killed daemon's are removed at the next start" {
	local picture reply
	mkdir "$DIR/target"
	ln -s "$DIR/target" "$DIR/link"
	drawn() {
		rpc '{"jsonrpc":"2.0","method":"create_project","params":["p"],"id":0}{"jsonrpc":"2.0","method":"render_scene","params":{"width":8,"height":8,"return_mode":"file_path"},"id":1}' | tail -n 1
	}
	GOXEL_RENDER_DIR=$DIR/link start_daemon
	reply=$(drawn)
	[[ "$reply" == *"$DIR/link"* ]]
	[ -z "$(ls "$DIR/target")" ]
	stop_daemon
	export GOXEL_RENDER_DIR=$DIR/pictures
	start_daemon
	drawn >/dev/null
	[ "$(find "$DIR/pictures" -name '*.png' | wc -l)" = 1 ]
	# Another daemon that lives keeps its pictures.
	start_second "$DIR/s2"
	SOCK=$DIR/s2 drawn >/dev/null
	[ "$(find "$DIR/pictures" -name '*.png' | wc -l)" = 2 ]
	kill -KILL "$PID"
	wait "$PID" || true
	start_daemon
	[ "$(find "$DIR/pictures" -name '*.png' | wc -l)" = 1 ]
	kill "$SECOND"
	wait "$SECOND"
	stop_daemon
	[ -z "$(ls -A "$DIR/pictures")" ]
}

# --- sockets --------------------------------------------------------------------------------------

@test "the daemon removes only its own socket at its end" {
	start_daemon
	rm "$SOCK"
	start_second "$SOCK"
	stop_daemon
	[ -S "$SOCK" ]
	answers
	kill "$SECOND"
	wait "$SECOND"
	[ ! -e "$SOCK" ]
}

@test "a folder that somebody keeps locked: the start ends with an error, TERM ends it at once" {
	local began
	command -v flock >/dev/null || skip "no flock"
	mkdir "$DIR/locked"
	flock "$DIR/locked" sleep 300 3>&- &
	OTHERS="$OTHERS $!"
	is_locked() { ! flock -n "$DIR/locked" true; }
	wait_until is_locked
	"$BIN/goxel-daemon" -s "$DIR/locked/s" 2>"$DIR/log" 3>&- &
	PID=$!
	waits() { ls -l "/proc/$PID/fd" | grep -q "$DIR/locked"; }
	wait_until waits
	began=$SECONDS
	kill -TERM "$PID"
	wait "$PID" || [ $? -eq 4 ]
	PID=
	[ $((SECONDS - began)) -le 2 ]
	grep -q "told to end while another process had folder $DIR/locked locked" "$DIR/log"
	refused 4 "another process has had folder $DIR/locked locked for 5.0 s" -s "$DIR/locked/s"
	[ -z "$(ls "$DIR/locked")" ]
	# sleep has the lock, too
	OTHERS="$OTHERS $(pgrep -P "${OTHERS##* }")"
}

@test "SIGTERM ends a daemon whose folder is locked, or gone" {
	SOCK=$DIR/folder/s
	mkdir "$DIR/folder"
	start_daemon -p "$DIR/folder/pid" -l "$DIR/folder/log"
	rm -r "$DIR/folder"
	stop_daemon
	mkdir "$DIR/folder"
	start_daemon
	flock "$DIR/folder" sleep 300 3>&- &
	OTHERS="$OTHERS $!"
	is_locked() { ! flock -n "$DIR/folder" true; }
	wait_until is_locked
	stop_daemon
	[ ! -e "$SOCK" ]
	OTHERS="$OTHERS $(pgrep -P "${OTHERS##* }")"
}

# --- a start that fails ---------------------------------------------------------------------------

@test "a folder that is not there is named, and is exit 4" {
	refused 4 "$DIR/none/s" -s "$DIR/none/s"
	refused 4 "$DIR/none/log" -s "$SOCK" -l "$DIR/none/log"
	refused 4 "pid file $DIR/none/pid" -s "$SOCK" -p "$DIR/none/pid"
	refused 4 "$DIR/none/token" -s "$SOCK" --tcp 127.0.0.1:0 --token-file "$DIR/none/token"
	refused 4 "$DIR/none" -s "$SOCK" -w "$DIR/none"
	refused 2 "$DIR/none" -s "$SOCK" --root "$DIR/none"
	refused 2 "$DIR/none" -s "$SOCK" -c "$DIR/none"
	refused 2 "no user named 'nobody-has-this-name'" -s "$SOCK" -u nobody-has-this-name
	[ ! -e "$SOCK" ]
}

@test "a folder that cannot be written in is named, and is exit 4" {
	unshare -m true 2>/dev/null || skip "no mount namespace of our own here"
	mkdir "$DIR/ro"
	for option in -s -p -l; do
		run unshare -m sh -c 'mount -t tmpfs -o ro none "$1" && timeout -k 1 10 "$2" -s "$3" "$4" "$1/file"' \
			sh "$DIR/ro" "$BIN/goxel-daemon" "$SOCK" "$option"
		echo "exit $status: $output"
		[ "$status" -eq 4 ]
		[[ "$output" == *"$DIR/ro/file: Read-only file system"* ]]
		[ ! -e "$SOCK" ]
	done
}

@test "a log on a full disk: a warning, requests are served, and later the number of lost lines is logged" {
	"$BIN/goxel-daemon" -s "$SOCK" -l /dev/full 2>"$DIR/log" 3>&- &
	PID=$!
	wait_until answers
	grep -q 'log file /dev/full: cannot write: No space left on device' "$DIR/log"
	stop_daemon
	[ ! -e "$SOCK" ]
}

@test "few descriptors: the daemon starts and answers, or reports the number it needs and ends with 4" {
	local n code
	for n in $(seq 4 24); do
		code=0
		sh -c 'ulimit -n "$1"; shift; exec "$@"' sh "$n" \
			"$BIN/goxel-daemon" -s "$SOCK" -p "$DIR/pid" -l "$DIR/file" 2>"$DIR/log" 3>&- &
		PID=$!
		ended_or_answers() { ! kill -0 "$PID" 2>/dev/null || answers; }
		wait_until ended_or_answers
		if kill -0 "$PID" 2>/dev/null; then
			kill -TERM "$PID"
			wait "$PID" || code=$?
			echo "$n: served, $code"
			[ "$code" -eq 0 ]
		else
			wait "$PID" || code=$?
			echo "$n: $code $(cat "$DIR/log")"
			# 127: not even the program's libraries could be opened
			[ "$code" -eq 4 ] || [ "$code" -eq 127 ]
			[ -s "$DIR/log" ]
		fi
		PID=
		[ ! -e "$SOCK" ]
		[ ! -e "$DIR/pid" ]
	done
}

# --- processors -----------------------------------------------------------------------------------

# cpus_of NAME: where the threads of this name may run, each list once.
cpus_of() {
	local task
	for task in /proc/"$PID"/task/*; do
		grep -qx "$1" "$task/comm" && sed -n 's/^Cpus_allowed_list:[^0-9]*//p' "$task/status"
	done | sort -u
}

@test "--affinity with one processor: everything is on it, and the log says so" {
	local cpu flags
	cpu=$(first_cpu)
	for flags in '--start eager --workers 2' '--transport threads' '--preset v14'; do
		start_daemon --affinity "$cpu" $flags
		rpc '{"jsonrpc":"2.0","method":"create_project","params":["p"],"id":0}{"jsonrpc":"2.0","method":"render_scene","params":{"width":8,"height":8},"id":1}' >/dev/null
		[ "$(sed -n 's/^Cpus_allowed_list:[^0-9]*//p' /proc/"$PID"/task/*/status | sort -u)" = "$cpu" ]
		grep -q "affinity: all threads on processor $cpu\$" "$DIR/log"
		stop_daemon
	done
}

@test "--affinity auto: what is tied to one processor does not tie others to it" {
	local all
	all=$(sed -n 's/^Cpus_allowed_list:[^0-9]*//p' /proc/self/status)
	[ "$all" != "$(first_cpu)" ] || skip "one processor"
	start_daemon --affinity auto --transport threads --workers 2 --start eager
	mkfifo "$DIR/hold"
	socat -t10 - "UNIX-CONNECT:$SOCK" <"$DIR/hold" >/dev/null 3>&- &
	OTHERS="$OTHERS $!"
	exec 8>"$DIR/hold"
	is_there() { [ -n "$(cpus_of client)" ]; }
	wait_until is_there
	[ "$(cpus_of client)" = "$all" ]
	[ "$(cpus_of goxel-daemon)" = "$(first_cpu)" ]
	[[ "$(cpus_of worker-0)" =~ ^[0-9]+$ ]]
	[ "$(cpus_of worker-0)" != "$(first_cpu)" ]
	exec 8>&-
	stop_daemon
}
