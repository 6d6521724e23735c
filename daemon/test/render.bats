#!/usr/bin/env bats
# Pictures and scripts as clients ask for them.

load daemon_helper

setup() {
	helper_setup
	export GOXEL_RENDER_DIR=$DIR/renders
}
teardown() { helper_teardown; }

# call METHOD PARAMS [FILTER]: the result or the error, through jq.
call() {
	rpc "{\"jsonrpc\":\"2.0\",\"method\":\"$1\",\"params\":$2,\"id\":1}" |
		jq -rc "(.result // .error) | ${3:-.}"
}

build() {
	call create_project '{"name":"p"}' .success
	call procedural_shape '{"shape_type":"cube","size_x":20,"size_y":20,"size_z":20,"center_x":40,"center_y":40,"center_z":40,"r":200,"g":30,"b":30}' .success
}

is_png() {
	[ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
}

@test "R-303: a picture to a path, by name and by position, whole or not at all" {
	start_daemon
	[ "$(call render_scene '{}' .code)" = -1015 ]
	build
	[ "$(call render_scene "[\"$DIR/a.png\",64,48]" '[.success,.width,.height,.format,.output_path]')" = "[true,64,48,\"png\",\"$DIR/a.png\"]" ]
	is_png "$DIR/a.png"
	[ "$(call goxel.render_image "{\"output_path\":\"$DIR/b.png\",\"width\":null}" .width)" = 512 ]
	[ "$(call render_scene "{\"output_path\":\"$DIR/no/b.png\"}" .code)" = -1015 ]
	[ "$(call render_scene "{\"output_path\":\"$DIR/b.jpg\"}" .code)" = -32602 ]
	[ "$(call render_scene '{"width":4097}' .code)" = -32602 ]
	[ "$(call render_scene '{"camera_preset":"side"}' .message)" = "camera_preset: no preset 'side'; the presets are front, back, left, right, top, bottom, isometric, default" ]
	[ -z "$(find "$DIR" -name '*.tmp*' -o -name 'b.jpg')" ]
	stop_daemon
}

@test "R-303: a picture in the reply is the picture in the file" {
	start_daemon
	build
	params='"width":80,"height":60,"camera_preset":"front","background_color":[1,2,3]'
	call render_scene "{$params,\"output_path\":\"$DIR/a.png\"}" .success
	call render_scene "{$params}" .image | base64 -d >"$DIR/b.png"
	cmp "$DIR/a.png" "$DIR/b.png"
	call render_scene "{$params,\"options\":{\"background_color\":[9,9,9]}}" .image | base64 -d | cmp - "$DIR/b.png"
	stop_daemon
}

@test "R-303: seven angles in one call" {
	start_daemon
	build
	[ "$(call render_scene "{\"width\":64,\"height\":64,\"output_path\":\"$DIR/h.png\",\"angles\":[\"front\",\"back\",\"left\",\"right\",\"top\",\"bottom\",\"isometric\"]}" '[.count,(.images[]|.camera_preset)]')" = \
		'[7,"front","back","left","right","top","bottom","isometric"]' ]
	for angle in front back left right top bottom isometric; do
		is_png "$DIR/h_$angle.png"
	done
	[ "$(call render_scene '{"angles":["front","side"]}' .code)" = -32602 ]
	stop_daemon
}

@test "R-303: managed files are described, listed, deleted, and end with the daemon" {
	start_daemon
	build
	file=$(call render_scene '{"width":64,"height":64,"options":{"return_mode":"file_path"},"session_id":"mine"}' .file.path)
	is_png "$file"
	[[ $file == "$GOXEL_RENDER_DIR"/render_*_mine_*.png ]]
	[ "$(call get_render_info "[\"$file\"]" '[.render.dimensions.width,.render.session_id]')" = '[64,"mine"]' ]
	[ "$(call list_renders '{}' '[.count,.renders[0].path]')" = "[1,\"$file\"]" ]
	[ "$(call cleanup_render "[\"$DIR/log\"]" .code)" = -1021 ]
	[ -f "$DIR/log" ]
	[ "$(call cleanup_render "[\"$file\"]" .success)" = true ]
	[ ! -e "$file" ]
	[ "$(call get_render_info "[\"$file\"]" .code)" = -1020 ]
	file=$(call render_scene '{"width":64,"height":64,"return_mode":"file_path"}' .file.path)
	[ "$(call get_render_stats '{}' '[.active_renders,.total_renders]')" = '[1,2]' ]
	[ "$(call cleanup_expired '{}' .files_cleaned)" = 0 ]
	stop_daemon
	[ ! -e "$file" ]
}

@test "R-303: several angles of one call are the pictures of single calls" {
	start_daemon --render-cache off
	build
	call render_scene "{\"width\":64,\"height\":64,\"output_path\":\"$DIR/h.png\",\"angles\":[\"front\",\"top\",\"isometric\"],\"threads\":4}" .success
	for angle in front top isometric; do
		call render_scene "{\"width\":64,\"height\":64,\"output_path\":\"$DIR/one.png\",\"camera_preset\":\"$angle\"}" .success
		cmp "$DIR/one.png" "$DIR/h_$angle.png"
	done
	[ "$(call get_render_stats '{}' .picture_cache.enabled)" = false ]
	stop_daemon
}

# picture [MORE PARAMETERS]: its checksum
picture() {
	call render_scene "{\"width\":48,\"height\":48${1:+,$1}}" .image | md5sum
}

hits() { call get_render_stats '{}' .picture_cache.hits; }

@test "R-303: a picture of the same version and parameters comes from the cache, no other does" {
	start_daemon
	build
	first=$(picture)
	[ "$(hits)" = 0 ]
	[ "$(picture)" = "$first" ]
	[ "$(hits)" = 1 ]
	[ "$(picture '"angles":["default"]')" != "$first" ]
	for other in '"camera_preset":"front"' '"background_color":[1,2,3]' '"ortho":true' '"fov":30' \
		'"yaw":10' '"pitch":10' '"occlusion":false' '"shadow":true' '"smooth":false' '"flat":true' \
		'"target":[41,40,40]' '"camera_position":[100,100,100]' \
		'"camera_position":[100,100,100],"camera_target":[40,40,40]' \
		'"camera_position":[100,100,100],"up":[1,0,0]' '"height":47'; do
		echo "$other"
		before=$(hits)
		picture "$other"
		[ "$(hits)" = "$before" ]
		picture "$other"
		[ "$(hits)" = $((before + 1)) ]
	done
	stop_daemon
}

@test "R-303: the cache notices edits, undo, visibility and the project" {
	start_daemon
	build
	first=$(picture)
	call add_voxel '{"position":[60,40,40],"color":[0,255,0]}' .success
	edited=$(picture)
	[ "$edited" != "$first" ]
	call undo '{}' .success
	[ "$(picture)" = "$first" ]
	call redo '{}' .success
	[ "$(picture)" = "$edited" ]
	layer=$(call list_layers '{}' '.layers[0].id')
	call set_layer_visibility "{\"layer_id\":$layer,\"visible\":false}" .success
	[ "$(picture)" != "$edited" ]
	call set_layer_visibility "{\"layer_id\":$layer,\"visible\":true}" .success
	[ "$(picture)" = "$edited" ]
	id=$(call list_projects '{}' '.projects[0].project_id')
	call create_project '{"name":"q"}' .success
	empty=$(picture)
	[ "$empty" != "$edited" ]
	[ "$(picture "\"project_id\":$id")" = "$edited" ]
	[ "$(picture)" = "$empty" ]
	call set_camera '{"position":[200,10,30],"target":[40,40,40]}' .success
	call add_voxel '{"position":[40,40,40],"color":[0,255,0]}' .success
	placed=$(picture)
	call set_camera '{"position":[10,200,30],"target":[40,40,40]}' .success
	[ "$(picture)" != "$placed" ]
	stop_daemon
}

@test "R-303: other programs open the pictures" {
	command -v pngcheck >/dev/null || skip "pngcheck is not installed: scripts/bootstrap.sh"
	start_daemon
	build
	call render_scene "[\"$DIR/a.png\",64,48]" .success
	call render_scene "{\"output_path\":\"$DIR/clear.png\",\"width\":33,\"height\":7,\"background_color\":[0,0,0,0]}" .success
	call render_scene "{\"output_path\":\"$DIR/large.png\",\"width\":2048,\"height\":1024}" .success
	call export_model "{\"path\":\"$DIR/slices.png\"}" .success
	pngcheck -q "$DIR/a.png" "$DIR/clear.png" "$DIR/large.png" "$DIR/slices.png"
	pngcheck "$DIR/a.png" | grep -q '64x48, 24-bit RGB, non-interlaced'
	pngcheck "$DIR/clear.png" | grep -q '33x7, 32-bit RGB+alpha, non-interlaced'
	head -c 300 "$DIR/a.png" >"$DIR/cut.png"
	if pngcheck -q "$DIR/cut.png"; then false; fi
	stop_daemon
}

# 3072 x 3072 by one thread takes a second; the edit must not wait for its end.
@test "R-104: edits go on while a picture is drawn, and the picture does not see them" {
	start_daemon --workers 2
	build
	params='"width":3072,"height":3072,"shadow":true,"threads":1'
	mkfifo "$DIR/in"
	exec 8<>"$DIR/in"
	timeout 100 socat -t100 - "UNIX-CONNECT:$SOCK" <"$DIR/in" >"$DIR/out" 3>&- 8>&- &
	client=$!
	printf '{"jsonrpc":"2.0","method":"render_scene","params":{%s,"progress":true,"output_path":"%s"},"id":1}\n' "$params" "$DIR/during.png" >&8
	WAIT_S=30 wait_until grep -q progress "$DIR/out"
	[ "$(call add_voxel '{"position":[60,40,40],"color":[0,255,0]}' .success)" = true ]
	[ "$(grep -c result "$DIR/out")" = 0 ]
	WAIT_S=60 wait_until grep -q result "$DIR/out"
	exec 8>&-
	kill "$client" 2>/dev/null || true # it may have ended with its input
	call undo '{}' .success
	call render_scene "{$params,\"output_path\":\"$DIR/before.png\"}" .success
	cmp "$DIR/during.png" "$DIR/before.png"
	stop_daemon
}

@test "R-303: a picture file is removed after its lifetime" {
	GOXEL_RENDER_TTL=1 GOXEL_RENDER_CLEANUP_INTERVAL=1 start_daemon
	build
	file=$(call render_scene '{"width":16,"height":16,"return_mode":"file_path"}' .file.path)
	[ -f "$file" ]
	wait_until test ! -e "$file"
	[ "$(call list_renders '{}' .count)" = 0 ]
	[ "$(call get_render_stats '{}' .files_cleaned)" = 1 ]
	stop_daemon
}

# 4096 x 4096 with shadows takes seconds; the worker must be free again at once.
@test "R-303: a picture is cancelled when its client disconnects" {
	start_daemon --workers 1
	build
	printf '{"jsonrpc":"2.0","method":"render_scene","params":{"width":4096,"height":4096,"shadow":true,"threads":1,"progress":true,"output_path":"%s"},"id":1}\n' "$DIR/never.png" |
		timeout 20 socat -t10 - "UNIX-CONNECT:$SOCK" | head -n 1 >"$DIR/progress"
	[ "$(jq -r .method "$DIR/progress")" = progress ]
	[ "$(call render_scene '{"width":16,"height":16}' .success)" = true ]
	[ ! -e "$DIR/never.png" ]
	stop_daemon
}

# Eight of 2048 x 2048 take many seconds; what another client asks for in between does not wait for
# any of them.
@test "a client's large pictures do not hold up another's small ones" {
	start_daemon --render-cache off
	build
	call procedural_shape '{"shape_type":"sphere","size":150,"hollow":true,"center":[40,40,40]}' .success
	pids=
	for i in 1 2 3 4 5 6 7 8; do
		printf '{"jsonrpc":"2.0","method":"render_scene","params":{"width":4096,"height":4096,"shadow":true,"progress":true,"output_path":"%s"},"id":1}\n' "$DIR/large$i.png" |
			timeout 60 socat -t60 - "UNIX-CONNECT:$SOCK" >"$DIR/large$i" 3>&- &
		pids="$pids $!"
	done
	# The first notifications come when drawing has begun.
	WAIT_S=30 wait_until test -s "$DIR/large1" -o -s "$DIR/large5"
	for i in 1 2 3; do
		[ "$(call render_scene '{"width":32,"height":32}' .success)" = true ]
		[ "$(call render_scene '{"width":200,"height":200}' .success)" = true ]
	done
	[ -z "$(find "$DIR" -name 'large*.png')" ]
	# shellcheck disable=SC2086 # several words
	kill $pids
	stop_daemon
	[ -z "$(find "$DIR" -name 'large*.png')" ]
}

@test "a script edits in one step, answers its value and its output" {
	start_daemon
	[ "$(call execute_script '{"script":"1"}' .code)" = -32603 ]
	build
	[ "$(call execute_script '{"script":"for (var i = 0; i < 10; i++) goxel.addVoxel(i, 0, 0, [i, 2, 3]); console.log(\"made\", i); goxel.getVoxel(4, 0, 0)"}' '[.success,.code,.value,.output,.edits]')" = \
		'[true,0,{"r":4,"g":2,"b":3,"a":255},"made 10\n",10]' ]
	[ "$(call get_voxel '[9,0,0]' .color)" = '[9,2,3,255]' ]
	call undo '{}' .success
	[ "$(call get_voxel '[9,0,0]' .exists)" = false ]
	[ "$(call get_voxel '[0,0,0]' .exists)" = false ]
	printf 'goxel.addLayer("from a file"); goxel.addVoxel(1, 1, 1); 7' >"$DIR/a.js"
	[ "$(call execute_script "{\"path\":\"$DIR/a.js\"}" .value)" = 7 ]
	[ "$(call list_layers '{}' '.layers[-1].name')" = 'from a file' ]
	stop_daemon
}

@test "a script that fails or is stopped changes nothing" {
	start_daemon
	build
	[ "$(call execute_script '{"script":"goxel.addVoxel(0,0,0); throw new Error(\"why\")"}' '[.success,.code,.error]')" = '[false,-1,"Error: why"]' ]
	[ "$(call execute_script '{"script":"goxel.addVoxel(0,0,0); while (1);","timeout_ms":100}' '[.code,.message]')" = '[-32603,"Script execution timeout"]' ]
	[ "$(call execute_script '{"script":"try { for (;;) { try { while (1); } finally { continue } } } catch (e) {}","timeout_ms":100}' .code)" = -32603 ]
	[ "$(call execute_script '{"script":"var s = \"a\"; for (;;) s += s"}' .success)" = false ]
	[ "$(call execute_script '{"script":"(function f() { f() })()"}' .error)" = 'RangeError: callstack limit' ]
	[ "$(call execute_script '{"script":"goxel.addVoxel(1e10,0,0)"}' .success)" = false ]
	[ "$(call execute_script '{"script":"typeof require + typeof process + typeof load + typeof XMLHttpRequest"}' .value)" = undefinedundefinedundefinedundefined ]
	[ "$(call get_voxel '[0,0,0]' .exists)" = false ]
	[ "$(call undo '{}' .operation)" != script ]
	stop_daemon
}

@test "a script ends when its client disconnects" {
	start_daemon --workers 1
	build
	printf '{"jsonrpc":"2.0","method":"execute_script","params":{"script":"while (1);"},"id":1}\n' |
		timeout 0.5 socat -t10 - "UNIX-CONNECT:$SOCK" || true
	[ "$(call execute_script '{"script":"1"}' .value)" = 1 ]
	stop_daemon
}

@test "R-206: pictures and scripts stay inside the root" {
	mkdir "$DIR/root"
	printf '1' >"$DIR/out.js"
	printf '2' >"$DIR/root/in.js"
	ln -s "$DIR" "$DIR/root/link"
	start_daemon --root "$DIR/root"
	build
	[ "$(call render_scene '["a.png",16,16]' .success)" = true ]
	is_png "$DIR/root/a.png"
	[ "$(call render_scene "[\"$DIR/a.png\",16,16]" .code)" = -1015 ]
	[ "$(call render_scene '["../a.png",16,16]' .code)" = -1015 ]
	[ "$(call render_scene '["link/a.png",16,16]' .code)" = -1015 ]
	[ ! -e "$DIR/a.png" ]
	[ "$(call execute_script '{"path":"in.js"}' .value)" = 2 ]
	[ "$(call execute_script '{"path":"../out.js"}' .code)" = -32603 ]
	[ "$(call execute_script '{"path":"link/out.js"}' .code)" = -32603 ]
	stop_daemon
}
