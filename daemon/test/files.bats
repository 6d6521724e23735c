#!/usr/bin/env bats
# Files through the daemon: saved, opened, exported, imported, and refused (R-206, R-304).

load daemon_helper

setup() {
	helper_setup
	MODELS=$BATS_TEST_DIRNAME/data/goxel
}
teardown() { helper_teardown; }

# call METHOD PARAMS: the result, or the error's text.
call() {
	rpc "{\"jsonrpc\":\"2.0\",\"method\":\"$1\",\"params\":$2,\"id\":1}" |
		jq -c 'if .error then "\(.error.code) \(.error.message)" else .result end'
}

# What is in the project, layers merged: x y z color, sorted.
voxels() {
	call export_model "[\"$DIR/all.txt\"]" >/dev/null
	grep -v '^#' "$DIR/all.txt" | sort
}

@test "R-304: the original's files open, and the replies list their contents" {
	start_daemon
	[ "$(call load_project "[\"$MODELS/ball.gox\"]" | jq .voxel_count)" = 2208 ]
	[ "$(call open_file "{\"file_path\":\"$MODELS/layers.gox\"}" | jq .layer_count)" -ge 3 ]
	for ext in gox vox qb txt; do
		[ "$(call goxel.load_project "[\"$MODELS/five.$ext\"]" | jq .voxel_count)" = 5 ]
	done
	[ "$(call get_project_info '[]' | jq -r .name)" = five ]
	stop_daemon
}

@test "R-304: what can be read again comes back the same" {
	local ext
	start_daemon
	call load_project "[\"$MODELS/layers.gox\"]"
	voxels >"$DIR/want"
	[ -s "$DIR/want" ]
	for ext in gox vox qb txt; do
		call load_project "[\"$MODELS/layers.gox\"]"
		[ "$(call export_model "[\"$DIR/copy.$ext\"]" | jq .success)" = true ]
		[ "$(call load_project "[\"$DIR/copy.$ext\"]" | jq .success)" = true ]
		voxels | diff "$DIR/want" -
	done
	stop_daemon
}

@test "R-304: every format of the original's list is written, by name and by ending" {
	local name
	start_daemon
	call load_project "[\"$MODELS/five.gox\"]"
	for name in gltf glb obj ply stl gox vox text txt povray pov qubicle 'png slices'; do
		call export_model "[\"$DIR/by-name\",\"$name\"]" | jq -e .success
		[ -s "$DIR/by-name" ]
		rm "$DIR/by-name"
	done
	for name in gltf glb obj ply stl gox vox txt povray pov qb png; do
		call export_project "[\"$DIR/five.$name\"]" | jq -e .success
		[ -s "$DIR/five.$name" ]
	done
	[[ $(call export_model "[\"$DIR/five.nonsense\"]") == *"-1007 Failed to export model"*"unknown format"* ]]
	stop_daemon
}

@test "R-304: saving uses the project's own path; without one it is an error" {
	start_daemon
	[[ $(call save_project '[]') == *"-1003 Failed to save_project: no project is open"* ]]
	call create_project '["p"]'
	[[ $(call save_project '[]') == *"the project has no file yet"* ]]
	call add_voxel '[1,2,3,4,5,6]'
	[ "$(call get_project_info '[]' | jq .modified)" = true ]
	call save_project "[\"$DIR/p.gox\"]" | jq -e .success
	[ "$(call get_project_info '[]' | jq .modified)" = false ]
	call add_voxel '[2,2,3,4,5,6]'
	call save_file '[]' | jq -e .success
	[ "$(call load_project "[\"$DIR/p.gox\"]" | jq .voxel_count)" = 2 ]
	# A picture of the whole stands in front of the voxels.
	[ "$(grep -abo PREV "$DIR/p.gox" | cut -d: -f1)" -lt "$(grep -abo BL16 "$DIR/p.gox" | head -1 | cut -d: -f1)" ]
	stop_daemon
}

@test "R-304: an import adds layers in one step of undo" {
	start_daemon
	[ "$(call import_model "[\"$MODELS/five.vox\"]" | jq .voxel_count)" = 5 ]
	[ "$(call import_model "[\"$MODELS/layers.gox\"]" | jq .imported_layers)" = 3 ]
	[ "$(call get_project_info '[]' | jq .layer_count)" = 4 ]
	call undo '[]'
	[ "$(call get_project_info '[]' | jq .layer_count)" = 1 ]
	[ "$(call get_project_info '[]' | jq .voxel_count)" = 5 ]
	stop_daemon
}

@test "R-304: a hidden layer is left out unless it is named" {
	start_daemon
	call create_project '["p"]'
	call add_voxel '[0,0,0,255,0,0]'
	call create_layer '["hidden"]'
	call add_voxel '[5,0,0,0,255,0]'
	call set_layer_visibility '[2,false]'
	[ "$(voxels)" = "0 0 0 ff0000" ]
	call export_model "{\"path\":\"$DIR/one.txt\",\"layer_id\":\"hidden\"}"
	[ "$(grep -v '^#' "$DIR/one.txt")" = "5 0 0 00ff00" ]
	[[ $(call export_model "{\"path\":\"$DIR/one.txt\",\"layer_id\":9}") == *"-1007"*"layer_id"* ]]
	stop_daemon
}

@test "R-304: a damaged file names itself and the byte, and opens nothing" {
	start_daemon
	call create_project '["stays"]'
	head -c 700 "$MODELS/five.gox" >"$DIR/cut.gox"
	call load_project "[\"$DIR/cut.gox\"]"
	[[ $(call load_project "[\"$DIR/cut.gox\"]") == *"-1002 Failed to load project '$DIR/cut.gox': byte "* ]]
	[[ $(call load_project "[\"$DIR/absent.gox\"]") == *"-1002"*"No such file"* ]]
	[[ $(call load_project '[]') == *"-32602 path"* ]]
	[[ $(call save_project '["/nowhere/x.gox"]') == *"-1003"*"/nowhere/x.gox"*"No such file"* ]]
	[ "$(call list_projects '[]' | jq '.projects | length')" = 1 ]
	[ "$(call get_project_info '[]' | jq -r .name)" = stays ]
	stop_daemon
}

@test "R-206: with --root nothing outside of it is read or written" {
	mkdir "$DIR/root"
	cp "$MODELS/five.gox" "$DIR/root/five.gox"
	cp "$MODELS/five.gox" "$DIR/secret.gox"
	ln -s ../secret.gox "$DIR/root/link.gox"
	start_daemon --root "$DIR/root"
	call load_project '["five.gox"]' | jq -e .success
	call load_project "[\"$DIR/root/five.gox\"]" | jq -e .success
	for path in ../secret.gox "$DIR/secret.gox" link.gox x/../../secret.gox; do
		[[ $(call load_project "[\"$path\"]") == *"-1002"* ]]
	done
	[[ $(call load_project '["../secret.gox"]') == *"outside the root"* ]]
	[[ $(call save_project '["../new.gox"]') == *"-1003"*"outside the root"* ]]
	[[ $(call export_model '["/tmp/../tmp/goxel-new.obj"]') == *"-1007"*"outside the root"* ]]
	[[ $(call render_scene '{"output_path":"../new.png","width":16,"height":16}') == *"outside the root"* ]]
	[ ! -e "$DIR/new.gox" ] && [ ! -e "$DIR/new.png" ]
	call export_model '["out.obj"]' | jq -e .success
	[ -s "$DIR/root/out.obj" ]
	stop_daemon
	run "$BIN/goxel-daemon" -s "$DIR/s2" --root "$DIR/absent"
	[ "$status" -ne 0 ]
	[[ $output == *"--root"* ]]
}

@test "R-206: over TCP files need --root" {
	start_daemon --tcp 127.0.0.1:0
	[[ $(call load_project "[\"$MODELS/five.gox\"]") == *"--root DIR"* ]]
	stop_daemon
	start_daemon --tcp 127.0.0.1:0 --root "$MODELS"
	call load_project '["five.gox"]' | jq -e .success
	stop_daemon
}

@test "R-104: edits go on while files are written, and each file is one moment of the project" {
	local i count pids=()
	start_daemon
	call create_project '["p"]'
	call procedural_shape '{"shape_type":"cube","size_x":40,"size_y":40,"size_z":40,"r":9}' | jq -e .success
	for i in 1 2 3 4; do
		call export_model "[\"$DIR/e$i.txt\"]" >"$DIR/answer$i" 3>&- &
		pids+=($!)
	done
	for i in $(seq 100 140); do
		printf '{"jsonrpc":"2.0","method":"add_voxel","params":[%d,0,0,1,2,3],"id":%d}' "$i" "$i"
	done | talk | jq -s 'map(select(.result.success)) | length' | grep -qx 41
	wait "${pids[@]}"
	for i in 1 2 3 4; do
		jq -e .success "$DIR/answer$i"
		count=$(grep -vc '^#' "$DIR/e$i.txt")
		[ "$count" -ge 64000 ] && [ "$count" -le 64041 ]
		# What was added later is there only with all that was added before.
		[ "$((count - 64000))" = "$(grep -c '^1[0-4][0-9] 0 0 010203$' "$DIR/e$i.txt")" ]
	done
	stop_daemon
}

@test "R-304: assimp opens the meshes" {
	command -v assimp >/dev/null || skip "assimp is not installed (package assimp-utils)"
	local ext
	start_daemon
	call load_project "[\"$MODELS/ball.gox\"]"
	for ext in obj ply stl glb gltf; do
		call export_model "[\"$DIR/ball.$ext\"]" | jq -e .success
		assimp info "$DIR/ball.$ext" >"$DIR/info"
		grep -q 'Meshes: *1' "$DIR/info"
		grep -Eq 'Faces: *[1-9]' "$DIR/info"
	done
	stop_daemon
}

@test "R-304: the validator of Khronos finds nothing wrong with .gltf and .glb" {
	local modules=$BATS_TEST_DIRNAME/../../scripts/test/node_modules
	[ -d "$modules/gltf-validator" ] || skip "gltf-validator is not installed: scripts/bootstrap.sh test"
	local name
	start_daemon
	call load_project "[\"$MODELS/ball.gox\"]"
	call export_model "[\"$DIR/ball.gltf\"]" | jq -e .success
	call export_model "[\"$DIR/ball.glb\"]" | jq -e .success
	call create_project '["empty"]'
	call export_model "[\"$DIR/empty.gltf\"]" | jq -e .success
	call export_model "[\"$DIR/empty.glb\"]" | jq -e .success
	call add_voxel '[0,0,0,255,0,0,200]'
	call export_model "[\"$DIR/clear.glb\"]" | jq -e .success
	for name in ball.gltf ball.glb empty.gltf empty.glb clear.glb; do
		NODE_PATH=$modules node -e '
			const validator = require("gltf-validator");
			validator.validateBytes(new Uint8Array(require("fs").readFileSync(process.argv[1])))
				.then(r => console.log(JSON.stringify(r.issues)));' "$DIR/$name" >"$DIR/issues"
		cat "$DIR/issues"
		[ "$(jq '.numErrors + .numWarnings' "$DIR/issues")" = 0 ]
	done
	stop_daemon
}

@test "R-304: assimp sees the colors of the .obj's vertices" {
	command -v assimp >/dev/null || skip "assimp is not installed (package assimp-utils)"
	start_daemon
	call create_project '["p"]'
	jq -nc '{jsonrpc:"2.0",method:"add_voxels",id:1,params:{voxels:[range(256) |
		{x:(. * 2), y:0, z:0, r:., g:(255 - .), b:7}]}}' >"$DIR/colors"
	[ "$(talk <"$DIR/colors" | jq .result.added)" = 256 ]
	call export_model "[\"$DIR/row.obj\"]" | jq -e .success
	assimp export "$DIR/row.obj" "$DIR/row.ply" >"$DIR/info"
	grep -q '^property uchar red' "$DIR/row.ply"
	# A cube's 6 faces have 4 vertices each: 24 of each color.
	sed '1,/end_header/d' "$DIR/row.ply" | awk 'NF == 10 { print $7, $8, $9 }' | sort -n | uniq -c |
		awk '{ print $1, $2, $3, $4 }' >"$DIR/got"
	for i in $(seq 0 255); do echo "24 $i $((255 - i)) 7"; done | diff - "$DIR/got"
	stop_daemon
}

@test "R-304: POV-Ray draws the .pov" {
	command -v povray >/dev/null || skip "POV-Ray is not installed (package povray)"
	start_daemon
	call create_project '["p"]'
	call procedural_shape '{"shape_type":"sphere","size":21,"color":[255,0,0]}'
	call export_model "[\"$DIR/ball.pov\"]" | jq -e .success
	stop_daemon
	(cd "$DIR" && timeout 60 povray +Iball.pov +Oball.ppm +FP +W64 +H64 -D -GA >log.pov 2>&1) || {
		cat "$DIR/log.pov"
		return 1
	}
	# The pixels stand at the end, three bytes each: the ball is red, and around it there is nothing.
	tail -c $((64 * 64 * 3)) "$DIR/ball.ppm" | od -An -v -tu1 -w3 >"$DIR/pixels"
	[ "$(awk '$1 > 60 && $1 > 4 * ($2 + $3)' "$DIR/pixels" | wc -l)" -gt 100 ]
	[ "$(awk '$1 + $2 + $3 == 0' "$DIR/pixels" | wc -l)" -gt 1000 ]
}

# Needs a mount of its own: as root in a mount namespace, which ends with the daemon.
@test "R-304: on a full disk the old file survives, and nothing is left beside it" {
	unshare -m mount -t tmpfs -o size=256k none "$DIR" 2>/dev/null ||
		skip "mounting a small file system needs root"
	local full=$DIR/full before
	mkdir "$full"
	# The socket lies outside; what is inside is looked at through the daemon's own eyes.
	unshare -m sh -c 'mount -t tmpfs -o size=256k none "$1" && shift && exec "$@"' sh \
		"$full" "$BIN/goxel-daemon" -s "$SOCK" 2>"$DIR/log" 3>&- &
	PID=$!
	wait_until answers
	local seen=/proc/$PID/root$full
	call create_project '["p"]'
	call add_voxel '[-1,2,3,4,5,6]'
	call save_project "[\"$full/p.gox\"]" | jq -e .success
	before=$(sha256sum <"$seen/p.gox")
	# Noise does not compress: 400 kB and more.
	jq -nc '{jsonrpc:"2.0",method:"add_voxels",id:1,params:{voxels:[range(120000) |
		{x:(. % 50), y:(. / 50 % 50 | floor), z:(. / 2500 | floor),
		 r:(. * 7919 % 251), g:(. * 104729 % 241), b:(. * 1299709 % 239)}]}}' >"$DIR/noise"
	[ "$(talk <"$DIR/noise" | jq .result.added)" = 120000 ]
	[[ $(call save_project '[]') == *"-1003"*"$full/p.gox"*"No space left on device"* ]]
	[[ $(call export_model "[\"$full/p.txt\"]") == *"-1007"*"$full/p.txt"*"No space left on device"* ]]
	[ "$(ls -A "$seen")" = p.gox ]
	[ "$(sha256sum <"$seen/p.gox")" = "$before" ]
	[ "$(call get_project_info '[]' | jq -c '[.voxel_count, .modified]')" = '[120001,true]' ]
	[ "$(call load_project "[\"$full/p.gox\"]" | jq .voxel_count)" = 1 ]
	stop_daemon
}
