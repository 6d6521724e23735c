#!/usr/bin/env bats
# R-305: edits in the journal of a real daemon: options, restarts, torn tails, damage, full disks.
# Kills at random moments under load are those of test_journal_kills.c.

load daemon_helper

setup() {
	helper_setup
	MODELS=$BATS_TEST_DIRNAME/data/goxel
	HOLDER=
}

teardown() {
	[ -z "$HOLDER" ] || kill "$HOLDER" 2>/dev/null || true
	helper_teardown
}

# call METHOD PARAMS: the result, or the error's text.
call() {
	rpc "{\"jsonrpc\":\"2.0\",\"method\":\"$1\",\"params\":$2,\"id\":1}" |
		jq -c 'if .error then "\(.error.code) \(.error.message)" else .result end'
}

# Kills the daemon and waits until it is gone.
kill_daemon() {
	kill -KILL "$PID"
	wait "$PID" || true
	rm -f "$SOCK"
	PID=
}

# Everything of all projects that should survive, as text.
everything() {
	local id
	call list_projects '[]' | jq -c '.projects[] | del(.undo_count, .redo_count)'
	for id in $(call list_projects '[]' | jq '.projects[].project_id'); do
		call list_layers "{\"project_id\":$id}"
		call get_layer_voxels "{\"project_id\":$id,\"layer_id\":-2,\"limit\":0}"
		call get_camera "{\"project_id\":$id}"
	done
}

# Edits of many kinds in three projects, one of them from a file.
edit_much() {
	call create_project '["first"]' | jq -e .success
	call procedural_shape '{"shape_type":"sphere","size":40,"color":[255,0,0]}' | jq -e .success
	call create_layer '{"name":"second","r":7,"visible":false}' | jq -e .success
	call add_voxel '[1,2,3,4,5,6]' | jq -e .success
	call duplicate_layer '{"layer_id":1,"name":"twin"}' | jq -e .success
	call set_layer_opacity '[1,0.5]' | jq -e .success
	call merge_layers '[3,2]' | jq -e .success
	call undo '[]' | jq -e .success
	call reorder_layer '[1,2]' | jq -e .success
	call set_camera '{"position":[90,80,70],"target":[0,0,0]}' | jq -e .success
	call execute_script '{"script":"goxel.addLayer(\"by script\"); goxel.fillBox(0,0,0,20,20,20,[1,2,3,255]);"}' |
		jq -e .success
	cp "$MODELS/layers.gox" "$DIR/model.gox"
	call load_project "[\"$DIR/model.gox\"]" | jq -e .success
	call import_model "[\"$MODELS/five.vox\"]" | jq -e .success
	call save_project "[\"$DIR/saved.gox\"]" | jq -e .success
	call create_project '["closed"]' | jq -e .success
	call add_voxel '[1,1,1,9,9,9]' | jq -e .success
	call close_project '[]' | jq -e .success
	call create_project '["last"]' | jq -e .success
	call add_voxels '{"voxels":[[1,2,3,4,5,6,7],[2,2,3,4,5,6,7]]}' | jq -e .success
	rm "$DIR/model.gox" # it is not needed again
}

@test "R-305: after kill -9 every project is as it was, with every policy and architecture" {
	local pair preset sync
	for pair in v14:always v14:off v15:always v15:interval; do
		preset=${pair%:*}
		sync=${pair#*:}
		rm -rf "$DIR/j"
		start_daemon --preset "$preset" --journal "$DIR/j" --journal-sync "$sync"
		edit_much >/dev/null
		everything >"$DIR/before"
		kill_daemon
		start_daemon --preset "$preset" --journal "$DIR/j" --journal-sync "$sync"
		everything | diff "$DIR/before" -
		[ "$(status_of .journal.replay.projects_count)" = 3 ]
		[ "$(status_of .journal.replay.cut_bytes)" = 0 ]
		kill_daemon
	done
	# Now from several segments, and by the other architecture.
	start_daemon --preset v15 --journal "$DIR/j"
	call create_layer '["one more"]' | jq -e .success
	everything >"$DIR/before"
	kill_daemon
	start_daemon --preset v14 --journal "$DIR/j"
	everything | diff "$DIR/before" -
	# Numbers of projects are not given out twice.
	[ "$(call create_project '["new"]' | jq .project_id)" = 5 ]
	stop_daemon
}

@test "R-305: every transport answers edits with always, and none waits for another's disk" {
	local transport
	for transport in epoll poll threads uring; do
		rm -rf "$DIR/j"
		start_daemon --transport "$transport" --journal "$DIR/j" --journal-sync always || {
			[ "$transport" = uring ] && grep -q 'uring' "$DIR/log" && continue
			return 1
		}
		call create_project '["p"]' | jq -e .success
		for i in $(seq 50); do
			printf '{"jsonrpc":"2.0","method":"add_voxel","params":[%d,0,0,1,2,3],"id":%d}' "$i" "$i"
		done | talk | jq -s 'map(select(.result.success)) | length' | grep -qx 50
		[ "$(status_of .journal.unsynced_count)" = 0 ]
		kill_daemon
		start_daemon --transport "$transport" --journal "$DIR/j"
		[ "$(call get_project_info '[]' | jq .voxel_count)" = 50 ]
		stop_daemon
	done
}

@test "R-305: an incomplete record at the end is removed and reported, once" {
	start_daemon --journal "$DIR/j"
	call create_project '["p"]'
	call add_voxel '[1,2,3,4,5,6]'
	everything >"$DIR/before"
	stop_daemon
	printf 'gxjr was being written' >>"$DIR/j/journal-1.log"
	start_daemon --journal "$DIR/j"
	everything | diff "$DIR/before" -
	[ "$(status_of .journal.replay.cut_bytes)" = 22 ]
	grep -q 'journal-1.log: torn tail, 22 bytes cut at byte [0-9]' "$DIR/log"
	stop_daemon
	start_daemon --journal "$DIR/j"
	everything | diff "$DIR/before" -
	[ "$(status_of .journal.replay.cut_bytes)" = 0 ]
	stop_daemon
}

@test "R-305: damage in the middle names file and byte, exits 4, and is cut when asked" {
	local size
	start_daemon --journal "$DIR/j"
	call create_project '["p"]'
	call add_voxel '[1,2,3,4,5,6]'
	everything >"$DIR/before"
	stop_daemon
	size=$(stat -c %s "$DIR/j/journal-1.log")
	start_daemon --journal "$DIR/j"
	call add_voxel '[2,2,3,4,5,6]'
	call add_voxel '[3,2,3,4,5,6]'
	stop_daemon
	cat "$DIR/j/journal-2.log" >"$DIR/second"
	printf '\xff' | dd of="$DIR/j/journal-2.log" bs=1 seek=100 conv=notrunc status=none
	run "$BIN/goxel-daemon" -s "$SOCK" --journal "$DIR/j"
	[ "$status" = 4 ]
	[[ $output == *"journal-2.log: damaged at byte 64, with 1 complete records after it"* ]]
	[[ $output == *"--journal-repair"* ]]
	[ ! -e "$SOCK" ]
	start_daemon --journal "$DIR/j" --journal-repair
	everything | diff "$DIR/before" -
	[ -s "$DIR/j/journal-2.damaged" ]
	stop_daemon
	start_daemon --journal "$DIR/j"
	everything | diff "$DIR/before" -
	stop_daemon
}

@test "R-305: two daemons do not share a journal, and one that everybody may write is refused" {
	start_daemon --journal "$DIR/j"
	run "$BIN/goxel-daemon" -s "$DIR/s2" --journal "$DIR/j"
	[ "$status" = 4 ]
	[[ $output == *"$DIR/j: process $PID uses it"* ]]
	stop_daemon
	[ "$(stat -c %a "$DIR/j" "$DIR/j/lock" "$DIR/j/journal-1.log" | tr '\n' ' ')" = '700 600 600 ' ]
	chmod 777 "$DIR/j"
	run "$BIN/goxel-daemon" -s "$DIR/s2" --journal "$DIR/j"
	[ "$status" = 4 ]
	[[ $output == *"everybody may write to it"* ]]
	run "$BIN/goxel-daemon" -s "$DIR/s2" --journal "$DIR/none/j"
	[ "$status" = 4 ]
	[[ $output == *"$DIR/none/j: No such file or directory"* ]]
}

@test "R-305: snapshots limit the size of the files during edits, and a kill then loses nothing" {
	local bytes
	start_daemon --journal "$DIR/j" --journal-segment 64KiB --journal-sync off
	call create_project '["p"]'
	"$BIN/goxel-load" --unix "$SOCK" --workload mixed --duration 1s --warmup 0s --depth 8 >/dev/null
	call get_project_info '[]' >"$DIR/info"
	[ "$(status_of .journal.snapshot.count)" -gt 0 ]
	kill_daemon
	bytes=$(du -sb "$DIR/j" | cut -f1)
	[ "$bytes" -lt 8000000 ]
	start_daemon --journal "$DIR/j" --journal-segment 64KiB
	call get_project_info '[]' | jq 'del(.undo_count, .redo_count)' >"$DIR/after"
	jq 'del(.undo_count, .redo_count)' "$DIR/info" | diff - "$DIR/after"
	stop_daemon
}

# A mount of its own that outlives the daemons in it: a process in the same namespace holds it.
@test "R-305: on a full disk edits fail and change nothing, and succeed when there is room" {
	unshare -m mount -t tmpfs -o size=2m none "$DIR" 2>/dev/null ||
		skip "mounting a small file system needs root"
	local small=$DIR/small seen
	mkdir "$small"
	unshare -m sh -c 'mount -t tmpfs -o size=1500k none "$1" && exec sleep 600' sh "$small" 3>&- &
	HOLDER=$!
	seen=/proc/$HOLDER/root$small
	wait_until sh -c "grep -q $small /proc/$HOLDER/mounts"
	in_small() {
		nsenter -t "$HOLDER" -m "$BIN/goxel-daemon" -s "$SOCK" --journal "$small/j" 2>"$DIR/log" 3>&- &
		PID=$!
		wait_until answers
	}
	in_small
	call create_project '["p"]' | jq -e .success
	call add_voxel '[1,2,3,4,5,6]' | jq -e .success
	head -c 2000000 /dev/zero >"$seen/filler" 2>/dev/null || true
	# Noise does not compress: 400 kB each time, more than what is reserved.
	noise() {
		jq -nc --argjson n "$1" '{jsonrpc:"2.0",method:"add_voxels",id:1,params:{voxels:[range(120000) |
			{x:(. % 50), y:(. / 50 % 50 | floor), z:(. / 2500 | floor),
			 r:((. * 7919 + $n) % 251), g:(. * 104729 % 241), b:(. * 1299709 % 239)}]}}' | talk
	}
	for i in 1 2 3 4 5; do
		call get_layer_voxels '{"limit":0}' | sha256sum >"$DIR/before"
		noise "$i" >"$DIR/answer"
		jq -e .error "$DIR/answer" && break
	done
	[[ $(jq -r .error.message "$DIR/answer") == *"the journal's disk is full, nothing was changed"* ]]
	call get_layer_voxels '{"limit":0}' | sha256sum | diff "$DIR/before" -
	call save_project "[\"$DIR/big.gox\"]" | jq -e .success
	[[ $(call load_project "[\"$DIR/big.gox\"]") == *"-1002"*"the journal's disk is full"* ]]
	[ "$(call list_projects '[]' | jq .count)" = 1 ]
	[ "$(status_of .journal.error)" = 'no room' ]
	grep -q 'error journal: no room' "$DIR/log"
	rm "$seen/filler"
	[ "$(noise 77 | jq .result.added)" = 120000 ]
	[ "$(status_of .journal.error)" = null ]
	everything | sha256sum >"$DIR/before"
	kill_daemon
	in_small
	everything | sha256sum | diff "$DIR/before" -
	stop_daemon
}

@test "R-305: an edit that the disk did not accept is not answered; edits continue when it accepts writes again" {
	start_daemon --journal "$DIR/j" --journal-sync always
	call create_project '["p"]' | jq -e .success
	call add_voxel '[1,2,3,4,5,6]' | jq -e .success
	prlimit --pid "$PID" --fsize=300:unlimited # below what is written already: as a write that fails
	[ -z "$(call add_voxel '[2,2,3,4,5,6]')" ]
	[[ $(call add_voxel '[3,2,3,4,5,6]') == *"-1004"*"the journal cannot be written, nothing was changed"* ]]
	[ "$(status_of .journal.error)" = 'File too large' ]
	call get_voxel '[1,2,3]' | jq -e .exists
	prlimit --pid "$PID" --fsize=unlimited:unlimited
	wait_until sh -c "grep -q 'repaired: edits are accepted again' $DIR/log"
	call add_voxel '[4,2,3,4,5,6]' | jq -e .success
	everything >"$DIR/before"
	kill_daemon
	start_daemon --journal "$DIR/j"
	everything | diff "$DIR/before" -
	stop_daemon
}

@test "R-305: the journal's place and policy: options, configuration file, defaults" {
	start_daemon
	[ "$(status_of .journal)" = null ]
	stop_daemon
	start_daemon --journal "$DIR/j"
	[ "$(status_of '.journal | "\(.dir) \(.sync) \(.interval_ms)"')" = "$DIR/j interval 1000" ]
	stop_daemon
	echo '{"journal": {"dir": "j2", "sync": "off", "interval_ms": 250, "segment_bytes": 1000000}}' >"$DIR/c"
	(cd "$DIR" && "$BIN/goxel-daemon" -D -s s -c c -p pid -l log --working-dir /)
	wait_until answers
	[ "$(status_of '.journal | "\(.dir) \(.sync) \(.interval_ms) \(.bound_bytes)"')" = "$DIR/j2 off 250 1000000" ]
	"$BIN/goxel-daemon" -p "$DIR/pid" --stop
	run "$BIN/goxel-daemon" -s "$SOCK" --journal "$DIR/j" --journal-sync sometimes
	[ "$status" = 2 ]
}
