#!/usr/bin/env bats
# Issue 7, item 2, and R-108: one limit for all memory that clients ask for, what happens there, and
# that freed memory goes back to the system.

load daemon_helper

setup() {
	helper_setup
	export GOXEL_RENDER_DIR=$DIR/renders
}

teardown() {
	helper_teardown
}

# call METHOD [PARAMS]: the reply.
call() {
	rpc "{\"jsonrpc\":\"2.0\",\"method\":\"$1\",\"params\":${2:-[]},\"id\":1}"
}

limit() {
	status_of .memory.limit_bytes
}

MIB=1048576

# resident: MiB that the daemon has now.
resident() {
	awk '/VmRSS/ { print int($2 / 1024) }' "/proc/$PID/status"
}

# The memory of a sanitizer is not the daemon's.
is_sanitized() {
	[[ ${O:-} == *san* ]]
}

resident_is_below() {
	[ "$(resident)" -lt "$1" ]
}

# Bytes of what lasts longer than a request; what a worker keeps to work in is not part of it.
HELD='.memory.used | .voxels + .kept + .pictures + .files'

# spread N: a request that puts a voxel into each of N blocks, 16 KiB each.
spread() {
	awk -v n="$1" 'BEGIN { printf "{\"jsonrpc\":\"2.0\",\"method\":\"add_voxels\",\"params\":{\"voxels\":["
		for (i = 0; i < n; i++) printf "%s[%d,%d,0,1,2,3,255]", i ? "," : "", 16 * (i % 256), 16 * int(i / 256)
		print "]},\"id\":1}" }'
}

@test "R-108: --memory-high takes MiB, sizes, auto and none; status and get_config show the effective limit" {
	local total
	for row in "64 67108864" "64MiB 67108864" "1GiB 1073741824" "0 0" "none 0" "16 16777216"; do
		# shellcheck disable=SC2086
		set -- $row
		start_daemon --memory-high "$1"
		[ "$(limit)" = "$2" ]
		[ "$(call get_config | jq .result.memory_high_bytes)" = "$2" ]
		stop_daemon
	done
	start_daemon
	total=$(($(awk '/MemTotal/ { print $2 }' /proc/meminfo) * 1024))
	[ "$(limit)" -gt 0 ]
	[ "$(limit)" -le $((total * 3 / 4)) ]
	[ "$(status_of '.memory | keys | join(" ")')" = "limit_bytes refused_count resident_bytes used used_bytes" ]
	[ "$(status_of '.memory | (.used | add) == .used_bytes')" = true ]
	stop_daemon
	for bad in 15 15MiB -1 much 2000000000; do
		run "$BIN/goxel-daemon" -s "$SOCK" --memory-high="$bad"
		[ "$status" -eq 2 ]
		[[ $output == *memory-high* ]]
	done
}

@test "R-108: memory_high_mb, its older name, and a reload" {
	for key in memory_high_mb gc_threshold_mb; do
		echo "{\"performance\":{\"$key\":100}}" >"$DIR/config"
		start_daemon --config "$DIR/config"
		[ "$(limit)" = $((100 * MIB)) ]
		echo "{\"performance\":{\"$key\":200}}" >"$DIR/config"
		kill -HUP "$PID"
		changed() { [ "$(limit)" = $((200 * MIB)) ]; }
		wait_until changed
		stop_daemon
	done
	echo '{"performance":{"memory_high_mb":1}}' >"$DIR/config"
	run "$BIN/goxel-daemon" -s "$SOCK" --config "$DIR/config"
	[ "$status" -eq 2 ]
	[[ $output == *"config:1: performance.memory_high_mb"* ]]
}

@test "at the limit requests are refused with the reason, other clients are served, all memory is returned" {
	for preset in v14 v15; do
		start_daemon --preset $preset --memory-high 64 --render-cache off
		local before
		before=$(status_of "$HELD")
		call create_project '["theirs"]' >/dev/null
		call add_voxel '[1,1,1,1,2,3]' >/dev/null
		call create_project '["mine"]' >/dev/null
		spread 5000 | talk >"$DIR/reply"
		[ "$(jq .error.code "$DIR/reply")" = -1004 ]
		[[ $(jq -r .error.message "$DIR/reply") == "Failed to add voxels: out of memory: the daemon's limit of 64 MiB (memory_high_mb) is reached" ]]
		[ "$(call get_project_info | jq .result.voxel_count)" = 0 ]
		spread 3000 | talk >"$DIR/reply"
		[ "$(jq .result.added "$DIR/reply")" = 3000 ]
		# Pictures of 64 MiB, several at once.
		for i in 1 2 3 4; do
			call render_scene '{"width":4096,"height":4096}' >"$DIR/picture$i" &
			WAITED="$WAITED $!"
		done
		# shellcheck disable=SC2086
		wait $WAITED
		WAITED=
		cat "$DIR"/picture? | jq -r .error.message >"$DIR/messages"
		[ "$(grep -c 'limit of 64 MiB (memory_high_mb) is reached' "$DIR/messages")" = 4 ]
		# The bystander's project, and room for reading, drawing and saving.
		[ "$(call get_voxel '{"x":1,"y":1,"z":1,"project_id":1}' | jq -c .result.color)" = '[1,2,3,255]' ]
		[ "$(call render_scene '{"width":32,"height":32,"project_id":1}' | jq .result.success)" = true ]
		[ "$(call save_project "{\"path\":\"$DIR/mine.gox\"}" | jq .result.success)" = true ]
		[ "$(status_of .memory.refused_count)" -gt 4 ]
		is_sanitized || [ "$(awk '/VmHWM/ { print int($2 / 1024) }' "/proc/$PID/status")" -lt 100 ]
		call close_project >/dev/null
		call close_project >/dev/null
		call debug_trigger_gc >/dev/null
		[ "$(status_of "$HELD")" = "$before" ]
		stop_daemon
	done
}

@test "memory of closed projects is returned to the system" {
	is_sanitized && skip "built with a sanitizer"
	for preset in v14 v15; do
		start_daemon --preset $preset
		answers
		local before
		before=$(resident)
		for i in 1 2 3; do
			call create_project >/dev/null
			spread 10000 | talk >/dev/null
		done
		[ "$(resident)" -gt $((before + 110)) ]
		for i in 1 2 3; do call close_project >/dev/null; done
		wait_until resident_is_below $((before + 10))
		stop_daemon
	done
}

@test "memory of parallel pictures is returned to the system" {
	is_sanitized && skip "built with a sanitizer"
	start_daemon
	call create_project >/dev/null
	call procedural_shape '{"shape_type":"sphere","size":60,"color":"#aa5533"}' >/dev/null
	for i in 1 2 3 4 5 6 7 8; do
		call render_scene "{\"width\":1024,\"height\":1024,\"azimuth\":$i}" >/dev/null &
		WAITED="$WAITED $!"
	done
	# shellcheck disable=SC2086
	wait $WAITED
	wait_until resident_is_below 15
	stop_daemon
}

@test "64 projects with unsaved changes stay; one without is closed for a new one" {
	for preset in v14 v15; do
		start_daemon --preset $preset
		for i in $(seq 64); do
			echo '{"jsonrpc":"2.0","method":"create_project","params":[],"id":1}'
			echo '{"jsonrpc":"2.0","method":"add_voxel","params":[1,1,1],"id":2}'
		done | talk >/dev/null
		call create_project >"$DIR/reply"
		[ "$(jq .error.code "$DIR/reply")" = -1001 ]
		[[ $(jq -r .error.message "$DIR/reply") == *"64 projects are open and all have unsaved changes: close one" ]]
		[ "$(call list_projects | jq .result.count)" = 64 ]
		call save_project "{\"path\":\"$DIR/a.gox\",\"project_id\":9}" >/dev/null
		[ "$(call create_project | jq .result.closed_project_id)" = 9 ]
		stop_daemon
	done
}
