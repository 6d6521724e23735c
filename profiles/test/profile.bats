# goxel-profile from the command line: R-310 to R-313, R-317. It profiles a small program of its own
# (busy.c) and, where it is built, the daemon.

setup_file() {
	O=${O:-build/release}
	export P=$PWD/$O/bin/goxel-profile
	export DAEMON=$PWD/$O/bin/goxel-daemon
	D=$(mktemp -d /tmp/profile-bats.XXXXXX)
	export D
	${CC:-gcc} -g -O1 -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer -pthread \
		-o "$D/busy" profiles/test/busy.c
}

teardown_file() {
	rm -rf "$D"
}

setup() {
	BUSY= SERVERS=
}

teardown() {
	[ -z "$SERVERS" ] || kill $SERVERS
	if [ -n "$BUSY" ]; then
		kill "$BUSY" 2>/dev/null || true
		wait "$BUSY" 2>/dev/null || true
	fi
}

start_busy() {
	"$D/busy" 60 3>&- &
	BUSY=$!
	# It is itself once its name is.
	for _ in $(seq 500); do
		[ "$(cat /proc/$BUSY/comm)" = busy ] && return 0
		sleep 0.01
	done
	return 1
}

need() {
	"$P" --list | grep -q "yes  *$1" || skip "not permitted here: $1"
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
	local tries=$(($1 * 20))
	shift
	for _ in $(seq $tries); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

@test "--help names every option and fits 80 columns" {
	run "$P" --help
	[ "$status" -eq 0 ]
	for option in pid out duration interval control frequency sample-event events scope \
		count-share no-cpu \
		no-heap no-counters list json; do
		[[ "$output" == *"--$option"* ]]
	done
	[ "$(awk '{ if (length > 80) n++ } END { print n + 0 }' <<<"$output")" -eq 0 ]
}

@test "usage errors end with 2 and a sentence" {
	run "$P"
	[ "$status" -eq 2 ]
	[[ "$output" == *"--pid"* ]]
	run "$P" --pid $$
	[ "$status" -eq 2 ]
	[[ "$output" == *"--out"* ]]
	run "$P" --pid 4194304 --out "$D/none"
	[ "$status" -eq 2 ]
	[[ "$output" == *"there is no process with pid 4194304"* ]]
	run "$P" --pid $$ --out "$D/none" --events 'a,{b'
	[ "$status" -eq 2 ]
	[[ "$output" == *"brace is not closed"* ]]
	run "$P" --pid $$ --out "$D/none" surplus
	[ "$status" -eq 2 ]
}

@test "an output directory that cannot be made is a sentence, not a capture" {
	: > "$D/file"
	run "$P" --pid $$ --out "$D/file/below" --duration 10ms
	[ "$status" -eq 4 ]
	[[ "$output" == *"$D/file"* ]]
}

@test "--list says what can be measured and why not (R-310)" {
	run "$P" --list
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
	[[ "$output" == *"hardware counters"* ]]
	[[ "$output" == *"task-clock"* ]]
	"$P" --list --json | jq -e '.schema == "goxel-profile-list/1" and (.events | length) > 5' 
}

@test "counters name what is counted and what is missing (R-310)" {
	need "counting in user code"
	start_busy
	"$P" --pid $BUSY --out "$D/counters" --duration 500ms --no-cpu --no-heap \
		--events '{cycles,instructions},task-clock,page-faults,no-such-event'
	jq -e '.schema == "goxel-counters/1"' "$D/counters/counters.json"
	jq -e '.missing[] | select(.name == "no-such-event") | .reason | length > 5' \
		"$D/counters/counters.json"
	# Two busy threads get some CPU time, however full the machine is.
	jq -e '.events[] | select(.name == "task-clock") | .value > 0.01e9' \
		"$D/counters/counters.json"
	jq -e '.threads_count == 2 and (.intervals | length) >= 4' "$D/counters/counters.json"
	jq -e '.cpu.user_s > 0 and .requests_count == null' "$D/counters/counters.json"
}

@test "system calls are counted by tracepoint (R-311)" {
	need tracepoints
	need "counting in the kernel"
	start_busy
	"$P" --pid $BUSY --out "$D/calls" --duration 500ms --no-cpu --no-heap --count-share 100 \
		--events 'raw_syscalls:sys_enter,syscalls:sys_enter_getppid'
	jq -e '.syscalls.total_count > 10 and .syscalls.by_name.getppid > 10 and
		.syscalls.total_count >= .syscalls.by_name.getppid' "$D/calls/counters.json"
}

@test "CPU samples become folded stacks and pprof with file and line (R-311)" {
	need "sampling by perf"
	start_busy
	"$P" --pid $BUSY --out "$D/cpu" --duration 2s --no-counters
	grep -q '^busy;.*;work;\(burn_outer;\)*burn_hot [0-9]*$' "$D/cpu/cpu.folded"
	grep -q ';burn_outer;burn_inlined [0-9]*$' "$D/cpu/cpu.folded"
	jq -e '.state == "complete" and .cpu.samples_count > 10 and
		(.cpu.event_got | length) > 0 and .cpu.event_asked == "cycles"' "$D/cpu/profile.json"
	run "$P" show "$D/cpu/cpu.pb.gz" --lines
	[ "$status" -eq 0 ]
	[[ "$output" =~ burn_hot\ .*profiles/test/busy.c:1[0-9] ]]
	run "$P" show "$D/cpu/cpu.pb.gz" --type samples --top 3
	[ "$status" -eq 0 ]
	[[ "$output" == samples:* ]]
}

@test "only threads are sampled unless whole processors are requested" {
	need "sampling by perf"
	start_busy
	"$P" --pid $BUSY --out "$D/scope" --duration 1s --no-counters --scope process
	jq -e '.cpu.scope == "process" and .cpu.samples_count > 5 and .cpu.others_count == 0' \
		"$D/scope/profile.json"
	grep -q ';burn_outer;burn_inlined [0-9]*$' "$D/scope/cpu.folded"
}

@test "google-pprof opens the older form and names functions with file and line" {
	need "sampling by perf"
	command -v google-pprof >/dev/null || skip "google-pprof is not installed"
	start_busy
	"$P" --pid $BUSY --out "$D/gp" --duration 1s --no-counters
	"$P" show "$D/gp/cpu.pb.gz" --legacy "$D/gp/cpu.prof"
	run google-pprof --text --lines "$D/busy" "$D/gp/cpu.prof"
	[ "$status" -eq 0 ]
	[[ "$output" =~ burn_hot\ .*busy.c:1[0-9] ]]
}

@test "--delay starts at its time and ends in time, however long the preparation took" {
	start_busy
	local called_ns
	called_ns=$(date +%s%N)
	"$P" --pid $BUSY --out "$D/delay" --delay 1500ms --duration 500ms
	jq -e --argjson called "$called_ns" '.state == "complete" and .duration_s > 0.1 and
		.start_wall_ns - $called >= 1.4e9' "$D/delay/profile.json"
	# 1 ms is not enough for it: what is late is taken from the duration.
	"$P" --pid $BUSY --out "$D/late" --delay 1ms --duration 3s
	jq -e '.state == "complete" and .asked.delay_s == 0.001 and .duration_s < 2.999' \
		"$D/late/profile.json"
}

@test "a target that dies before the capture begins, and Ctrl-C then, end it at once" {
	start_busy
	"$P" --pid $BUSY --out "$D/early" --delay 60s 2>"$D/early.err" 3>&- &
	local profile=$! rc=0
	wait_for 10 test -d "$D/early"
	kill $BUSY
	wait $profile || rc=$?
	[ "$rc" -eq 4 ]
	grep -q died "$D/early.err"
	start_busy
	"$P" --pid $BUSY --out "$D/early2" --delay 60s 2>"$D/early.err" 3>&- &
	profile=$! rc=0
	wait_for 10 test -d "$D/early2"
	kill -TERM $profile
	wait $profile || rc=$?
	[ "$rc" -eq 4 ]
	jq -e '.state == "interrupted"' "$D/early2/profile.json"
}

@test "memory.csv has a row for each interval (R-313)" {
	start_busy
	"$P" --pid $BUSY --out "$D/mem" --duration 500ms --interval 100ms --no-cpu --no-counters
	[[ "$(head -1 "$D/mem/memory.csv")" == time_s,rss_bytes,pss_bytes,* ]]
	[ "$(wc -l < "$D/mem/memory.csv")" -ge 5 ]
	jq -e '.memory.first.rss_bytes > 0 and .memory.first.stacks_virtual_bytes > 8000000 and
		.memory.rss_bytes_max >= .memory.first.rss_bytes' "$D/mem/profile.json"
}

@test "waits.json says how long threads ran and waited (R-311)" {
	start_busy
	"$P" --pid $BUSY --out "$D/waits" --duration 500ms --no-cpu --no-counters
	jq -e '.schema == "goxel-waits/1" and (.threads | length) == 2 and .looks_count > 2' \
		"$D/waits/waits.json"
	# Busy threads sleep next to nothing: they run, or wait for a processor.
	jq -e '.totals | .cpu_s > 0 and .cpu_s + .runnable_s > .asleep_s' "$D/waits/waits.json"
}

@test "a process that is no goxel daemon has no heap profile, and the rest goes on" {
	start_busy
	run "$P" --pid $BUSY --out "$D/noheap" --duration 200ms --no-cpu
	[ "$status" -eq 0 ]
	[[ "$output" == *"heap profile: busy (pid $BUSY) is not a goxel daemon"* ]]
	[ ! -e "$D/noheap/heap-before.pb.gz" ]
}

@test "without perf the run goes on and says what is missing" {
	start_busy
	run env PATH=/nowhere "$P" --pid $BUSY --out "$D/noperf" --duration 200ms
	[ "$status" -eq 0 ]
	[[ "$output" == *"no cpu profile: no perf in PATH: apt install linux-perf"* ]]
	jq -e '.cpu == null and ([.missing[].name] | index("cpu profile") != null)' \
		"$D/noperf/profile.json"
}

@test "as an ordinary user it captures what is permitted and says what is missing" {
	[ "$(id -u)" -eq 0 ] || skip "only root can become somebody else"
	command -v setpriv >/dev/null || skip "no setpriv"
	cp "$P" "$D/goxel-profile"
	chmod 755 "$D" "$D/goxel-profile"
	mkdir -m 777 "$D/user"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$D/busy" 60 3>&- &
	BUSY=$!
	wait_for 5 grep -q busy /proc/$BUSY/comm
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$D/goxel-profile" \
		--pid $BUSY --out "$D/user/out" --duration 1s
	[ "$status" -eq 0 ]
	[[ "$output" == *"raw_syscalls:sys_enter"* ]]
	jq -e '[.missing[].name] | index("raw_syscalls:sys_enter") != null' "$D/user/out/profile.json"
	jq -e '.memory.first.rss_bytes > 0' "$D/user/out/profile.json"
}

@test "a target that dies leaves what was captured, marked (R-317)" {
	start_busy
	"$P" --pid $BUSY --out "$D/died" --duration 60s 2>"$D/died.err" 3>&- &
	local profile=$!
	wait_for 10 grep -q ' of 60.0 s' "$D/died.err"
	kill $BUSY
	local rc=0
	wait $profile || rc=$?
	[ "$rc" -eq 4 ]
	grep -q "died .* into the capture" "$D/died.err"
	jq -e '.state == "target_died" and .duration_s < 50' "$D/died/profile.json"
	[ -s "$D/died/memory.csv" ]
}

@test "Ctrl-C ends the capture, keeps what there is, marks it, leaves no perf" {
	start_busy
	"$P" --pid $BUSY --out "$D/stopped" --duration 60s 2>"$D/stopped.err" 3>&- &
	local profile=$!
	wait_for 10 grep -q ' of 60.0 s' "$D/stopped.err"
	kill -TERM $profile
	local rc=0
	wait $profile || rc=$?
	[ "$rc" -eq 4 ]
	grep -q "interrupted after" "$D/stopped.err"
	jq -e '.state == "interrupted" and .duration_s < 50' "$D/stopped/profile.json"
	! pgrep -f "record .* -p $BUSY -o $D/stopped" >/dev/null
	kill -0 $BUSY
}

@test "a file that is no profile is refused" {
	echo nonsense > "$D/nonsense.pb.gz"
	run "$P" show "$D/nonsense.pb.gz"
	[ "$status" -eq 4 ]
	[[ "$output" == *"nonsense.pb.gz"* ]]
	run "$P" show "$D/absent.pb.gz"
	[ "$status" -eq 2 ]
	run "$P" show
	[ "$status" -eq 2 ]
}

# The daemon's own heap sampler: R-312.
start_daemon() {
	[ -x "$DAEMON" ] || skip "goxel-daemon is not built"
	"$DAEMON" --preset v14 --socket "$D/daemon.sock" --heap-sample 4KiB \
		--log-file "$D/daemon.log" 3>&- &
	BUSY=$!
	wait_for 10 test -S "$D/daemon.sock"
}

# Requests for a while, so that there is something to see.
ask_daemon() {
	local request='{"jsonrpc":"2.0","id":1,"method":"echo","params":["some text to be copied"]}'
	for _ in $(seq 2000); do echo "$request"; done |
		timeout 20 socat -t 5 - "UNIX-CONNECT:$D/daemon.sock" >/dev/null
}

@test "the daemon's allocations are named by function, file and line (R-312)" {
	command -v socat >/dev/null || skip "socat is not installed"
	start_daemon
	"$P" --pid $BUSY --out "$D/heap" --duration 6s --no-cpu >"$D/heap.txt" 2>&1 3>&- &
	local profile=$!
	wait_for 10 grep -q ' of 6.0 s' "$D/heap.txt"
	ask_daemon
	wait $profile
	jq -e '.schema == "goxel-allocs/1" and .totals.allocs_count > 1000 and
		.totals.allocated_bytes > 100000' "$D/heap/allocs.json"
	jq -e '[.sources[] | select(.line > 0 and (.file | endswith(".c")))] | length > 0' \
		"$D/heap/allocs.json"
	# Shares of the sources are of the whole; a routine's lines are of the routine.
	jq -e '([.sources[].bytes_share] | add) > 0.5 and ([.sources[].bytes_share] | add) < 1.001' \
		"$D/heap/allocs.json"
	jq -e '.routines[0] | [.lines[].routine_share] | add | . > 0.99 and . < 1.01' \
		"$D/heap/allocs.json"
	jq -e '.tree[0].share_of_parent > 0 and (.tree[0].children | length) > 0' \
		"$D/heap/allocs.json"
	# The estimate is near the exact total.
	jq -e '([.sources[].allocated_bytes] | add) / .totals.allocated_bytes |
		. > 0.7 and . < 1.3' "$D/heap/allocs.json"
	jq -e '.requests_count >= 1000' "$D/heap/counters.json"
	run "$P" show "$D/heap/heap-after.pb.gz" --type alloc_space --lines
	[ "$status" -eq 0 ]
	[[ "$output" =~ daemon/.*\.c:[0-9]+ ]]
	grep -q "hottest path" "$D/heap.txt"
}

@test "a control socket that never answers, or not as a daemon does, is refused within seconds" {
	command -v socat >/dev/null || skip "socat is not installed"
	start_busy
	socat -u "UNIX-LISTEN:$D/silent.sock,fork" OPEN:/dev/null 3>&- &
	SERVERS=$!
	# It sends back what it gets.
	socat "UNIX-LISTEN:$D/garbage.sock,fork" PIPE 3>&- &
	SERVERS="$SERVERS $!"
	wait_for 10 test -S "$D/silent.sock" -a -S "$D/garbage.sock"
	for name in silent garbage gone; do
		SECONDS=0
		run "$P" --pid $BUSY --out "$D/$name" --duration 500ms --no-cpu --control "unix:$D/$name.sock"
		echo "$name: $SECONDS s: $output"
		[ "$status" -eq 3 ]
		[[ "$output" == *"--control: "* ]]
		[ "$SECONDS" -le 5 ]
		[ ! -e "$D/$name/profile.json" ]
	done
	[[ "$output" == *"$D/gone.sock"*"No such file"* ]]
}

@test "a daemon that stops answering delays a capture once, and is reported" {
	[ -x "$DAEMON" ] || skip "goxel-daemon is not built"
	start_daemon
	"$P" --pid $BUSY --out "$D/hung" --duration 2500ms --no-cpu >"$D/hung.txt" 2>&1 3>&- &
	local profile=$!
	wait_for 10 grep -q ' of 2.5 s' "$D/hung.txt"
	kill -STOP $BUSY
	SECONDS=0
	wait $profile
	kill -CONT $BUSY
	[ "$SECONDS" -le 7 ]
	grep -q "no heap profile after: .*: no answer" "$D/hung.txt"
	jq -e '.state == "complete" and .requests_count == null' "$D/hung/profile.json"
}

@test "a daemon whose sampler is off has no heap profile, and the rest goes on" {
	[ -x "$DAEMON" ] || skip "goxel-daemon is not built"
	"$DAEMON" --socket "$D/off.sock" --log-file "$D/off.log" 3>&- &
	BUSY=$!
	wait_for 10 test -S "$D/off.sock"
	run "$P" --pid $BUSY --out "$D/off" --duration 200ms --no-cpu --control "unix:$D/off.sock"
	[ "$status" -eq 0 ]
	[[ "$output" == *"no heap profile: goxel.heap_profile"* ]]
	jq -e '.requests_count >= 0 and .heap == null' "$D/off/profile.json"
}
