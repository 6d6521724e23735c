#!/usr/bin/env bats
# R-301: what a script may do with layers, and that it sees what it did; the processes that scripts
# run in, and what becomes of them.

load daemon_helper

setup() { helper_setup; }
teardown() { helper_teardown; }

# run_script TEXT [JQ]: one call, the result through jq.
run_script() {
	jq -cn --arg script "$1" '{jsonrpc:"2.0",method:"execute_script",params:{script:$script},id:1}' |
		talk | jq -c ".result | ${2:-.value}"
}

call() {
	rpc "{\"jsonrpc\":\"2.0\",\"method\":\"$1\",\"params\":$2,\"id\":1}" | jq -c "(.result // .error) | $3"
}

@test "R-301: a script clears layers, and draws on them again" {
	start_daemon
	call create_project '["p"]' .success
	call fill_region '{"min":[0,0,0],"max":[9,9,9]}' .success
	[ "$(run_script 'goxel.addVoxel(50,0,0); goxel.clear(); var gone = goxel.getVoxel(0,0,0); goxel.addVoxel(50,0,0,1,2,3); [gone, goxel.getVoxel(50,0,0).r, goxel.boundingBox()]')" = \
		'[null,1,{"min":[50,0,0],"max":[50,0,0],"dimensions":[1,1,1]}]' ]
	[ "$(call get_layer_voxels '[]' '[.count,.voxels[0].x]')" = '[1,50]' ]
	call undo '[]' .success
	[ "$(call get_layer_voxels '[]' .count)" = 1000 ]
	# Twice, another layer by its id, and one that there is not.
	[ "$(run_script 'var id = goxel.addLayer("b"); goxel.addVoxel(1,1,1); goxel.clear(1); goxel.clear(id); goxel.clear(id); goxel.boundingBox(id)')" = null ]
	[ "$(call list_layers '[]' '[.layers[].voxel_count]')" = '[0,0]' ]
	[ "$(run_script 'goxel.clear(77)' .error)" = '"RangeError: there is no layer 77"' ]
	stop_daemon
}

@test "R-301: a script deletes layers, but not the last one" {
	start_daemon
	call create_project '["p"]' .success
	call create_layer '["Two"]' .success
	call add_voxel '[1,2,3]' .success
	[ "$(run_script 'goxel.deleteLayer(2); var n = goxel.addLayer("n"); goxel.addVoxel(7,7,7); var m = goxel.addLayer("m"); goxel.addVoxel(8,8,8); goxel.deleteLayer(m); [goxel.getActiveLayer() == n, goxel.getVoxel(7,7,7) != null, goxel.listLayers().map(function (l) { return l.name })]')" = \
		'[true,true,["Layer.1","n"]]' ]
	[ "$(call list_layers '[]' '[.layers[] | [.name, .voxel_count, .is_active]]')" = '[["Layer.1",0,false],["n",1,true]]' ]
	[ "$(run_script 'goxel.listLayers().forEach(function (l) { goxel.deleteLayer(l.id) })' .error)" = \
		'"RangeError: the last layer cannot be deleted"' ]
	[ "$(run_script 'var l = goxel.getActiveLayer(); goxel.deleteLayer(l); goxel.setActiveLayer(l)' .success)" = false ]
	[ "$(call list_layers '[]' .count)" = 2 ]
	call undo '[]' .success
	[ "$(call get_voxel '[1,2,3]' .exists)" = true ]
	stop_daemon
}

@test "R-301: a script asks for the box of what is there and what it made" {
	start_daemon
	call create_project '["p"]' .success
	[ "$(run_script 'goxel.boundingBox()')" = null ]
	call fill_region '{"min":[-20,0,0],"max":[30,5,5]}' .success
	[ "$(run_script 'goxel.boundingBox()')" = '{"min":[-20,0,0],"max":[30,5,5],"dimensions":[51,6,6]}' ]
	[ "$(run_script 'goxel.addVoxel(0,0,99); goxel.fillBox(20,0,0,30,5,5,[0,0,0,0]); goxel.boundingBox()' '[.value.max, .value.min]')" = '[[19,5,99],[-20,0,0]]' ]
	[ "$(call get_bounding_box '[]' .max)" = '[19,5,99]' ]
	[ "$(run_script 'goxel.addLayer("new"); goxel.boundingBox()')" = null ]
	stop_daemon
}

@test "R-301: the engine gives a script no more than its memory limit" {
	start_daemon
	call create_project '["p"]' .success
	[[ $(run_script 'var a = []; for (;;) a.push(new Uint8Array(1 << 20))' .error) == *alloc* ]]
	[ "$(run_script '1 + 1')" = 2 ]
	stop_daemon
}

ENDLESS='{"jsonrpc":"2.0","method":"execute_script","params":{"script":"while(1){}","timeout_ms":60000},"id":7}'

# The script server, and the processes of scripts: those that run, and the one that is ready.
server_pid() {
	pgrep -P "$PID" -f 'goxel-daemon script-server'
}

process_pids() {
	pgrep -P "$(server_pid)"
}

# One process uses the processor, so a script runs.
is_computing() {
	local pid
	for pid in $(process_pids); do
		[ "$(awk '{ print $14 }' "/proc/$pid/stat")" -gt 0 ] && echo "$pid"
	done | grep .
}

running() {
	[ "$(status_of .scripts.running_count)" = "$1" ]
}

all_gone() {
	local pid
	for pid in "$@"; do
		[ ! -e "/proc/$pid" ] || return 1
	done
}

@test "status says what confines scripts, or that nothing does" {
	start_daemon
	call create_project '["p"]' .success
	[ "$(status_of .scripts.sandbox)" = 'unknown: no script has run yet' ]
	[ "$(run_script 1)" = 1 ]
	[[ $(status_of .scripts.sandbox) =~ ^(seccomp$|none:) ]]
	[ "$(status_of '.scripts | [.running_count, .runs_count, .servers_count] | tojson')" = '[0,1,1]' ]
	stop_daemon
	local without=${O:-build/release}/test/test_script_sandbox
	[ -x "$without" ] || skip "$without is not built"
	"$without" --without-filters "$BIN/goxel-daemon" -s "$SOCK" 2>"$DIR/log" 3>&- &
	PID=$!
	wait_until answers
	call create_project '["p"]' .success
	[ "$(run_script 'goxel.addVoxel(1,2,3); [goxel.getVoxel(1,2,3).r, new Date(0).getTime()]')" = '[255,0]' ]
	[ "$(status_of .scripts.sandbox)" = 'none: the filter cannot be installed: Operation not permitted' ]
	stop_daemon
}

@test "a script's process has one descriptor and no environment, and a low priority when it lasts" {
	start_daemon
	call create_project '["p"]' .success
	rpc "$ENDLESS" >"$DIR/reply" 3>&- &
	local client=$!
	wait_until is_computing
	local pid
	pid=$(is_computing)
	[ "$(ls "/proc/$pid/fd")" = 3 ]
	low() { [ "$(awk '{ print $19 }' "/proc/$pid/stat")" = 10 ]; }
	wait_until low # it has run for long: others go first
	[ -z "$(tr '\0' '\n' <"/proc/$pid/environ" | grep -vE '^(TZ|LD_LIBRARY_PATH|LD_BIND_NOW)=' | grep .)" ]
	[ "$(awk '/^(NoNewPrivs|Seccomp):/ { print $2 }' "/proc/$pid/status" | tr '\n' ' ')" = '1 2 ' ] ||
		[[ $(status_of .scripts.sandbox) == none:* ]]
	kill "$client"
	wait "$client" || true
	stop_daemon
}

@test "a killed server and a killed process: the script fails with a reason, the next one runs" {
	start_daemon
	call create_project '["p"]' .success
	rpc "$ENDLESS" >"$DIR/reply" 3>&- &
	local client=$!
	wait_until is_computing
	kill -KILL "$(is_computing)"
	wait "$client"
	[[ $(jq -r .result.error "$DIR/reply") == "the script's process has ended"* ]]
	[ "$(run_script 2)" = 2 ]
	rpc "$ENDLESS" >"$DIR/reply" 3>&- &
	client=$!
	wait_until is_computing
	kill -KILL "$(server_pid)"
	wait "$client"
	[[ $(jq -r .result.error "$DIR/reply") == "the script's process has ended"* ]]
	[ "$(run_script 3)" = 3 ]
	# Also one that was ready, and nobody had asked for.
	# shellcheck disable=SC2046
	kill -KILL $(process_pids)
	[ "$(run_script 4)" = 4 ]
	kill -KILL "$(server_pid)"
	[ "$(run_script 5)" = 5 ]
	[ "$(status_of .scripts.servers_count)" = 3 ]
	stop_daemon
}

@test "a server that does not answer is replaced" {
	start_daemon
	call create_project '["p"]' .success
	[ "$(run_script 1)" = 1 ]
	kill -STOP "$(server_pid)"
	[ "$(run_script 2)" = 2 ] # the process that was ready
	[ "$(run_script 3)" = 3 ]
	[ "$(status_of .scripts.servers_count)" = 2 ]
	stop_daemon
}

@test "the script of a client that has disconnected ends" {
	start_daemon
	call create_project '["p"]' .success
	rpc "$ENDLESS" >"$DIR/reply" 3>&- &
	local client=$!
	wait_until is_computing
	local pid
	pid=$(is_computing)
	kill -KILL "$client" "$(pgrep -P "$client")"
	wait "$client" || true
	wait_until all_gone "$pid"
	wait_until running 0
	stop_daemon
}

@test "no process of a script is left when the daemon ends, by TERM or by KILL" {
	for preset in v14 v15; do
		for signal in TERM KILL; do
			start_daemon --preset $preset
			call create_project '["p"]' .success
			rpc "$ENDLESS" >"$DIR/reply" 3>&- &
			local client=$!
			wait_until is_computing
			local pids
			pids="$(server_pid) $(process_pids)"
			stop_daemon $signal || [ $signal = KILL ]
			wait "$client" || true
			# shellcheck disable=SC2086
			wait_until all_gone $pids
			rm -f "$SOCK"
		done
	done
}
