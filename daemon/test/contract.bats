#!/usr/bin/env bats
# R-301, R-302: every method and name that clients know, in every spelling, by what it answers; and
# that undo takes back exactly what an edit did. The calls stand in contract.txt.

load daemon_helper

setup() {
	helper_setup
	export GOXEL_RENDER_DIR=$DIR/renders
}
teardown() { helper_teardown; }

# rows: the calls, with this test's paths.
rows() {
	grep -v -e '^#' -e '^$' "$BATS_TEST_DIRNAME/contract.txt" |
		sed -e "s|@DIR@|$DIR|g" -e "s|@MODELS@|$BATS_TEST_DIRNAME/data/goxel|g"
}

# walk PREFIX: all calls over one connection; what is not as it must be goes to stdout.
walk() {
	rows | awk -v prefix="$1" '{
		call = $0; sub(/ => .*/, "", call)
		method = call; sub(/ .*/, "", method)
		params = substr(call, length(method) + 2)
		printf "{\"jsonrpc\":\"2.0\",\"method\":\"%s%s\",%s\"id\":%d}\n", prefix, method,
			params == "-" ? "" : "\"params\":" params ",", NR }' >"$DIR/requests"
	talk <"$DIR/requests" >"$DIR/replies"
	# One jq program of all rows: each gives its number and what it got where that is not right.
	rows | awk '{
		want = $0; sub(/.* => /, "", want)
		printf "%s($r[%d] | if (try (%s) catch false) then empty else \"%d \\(tojson)\" end)\n",
			(NR > 1 ? "," : "[inputs | .result // .error] as $r | "), NR - 1, want, NR }' \
		>"$DIR/check.jq"
	[ "$(wc -l <"$DIR/replies")" -eq "$(rows | wc -l)" ] || echo "not every request was answered"
	jq -nr -f "$DIR/check.jq" "$DIR/replies" >"$DIR/wrong"
	while read -r row reply; do
		rows | sed -n "${row}p"
		echo "    got ${reply:0:300}"
	done <"$DIR/wrong"
}

contract() {
	local wrong
	start_daemon --preset "$1"
	wrong=$(walk "$2")
	echo "$wrong"
	stop_daemon
	[ -z "$wrong" ]
}

@test "R-301: every call answers as it must, v15" { contract v15 ""; }
@test "R-301: every call answers as it must, v15, with the prefix" { contract v15 goxel.; }
@test "R-301: every call answers as it must, v14" { contract v14 ""; }
@test "R-301: every call answers as it must, v14, with the prefix" { contract v14 goxel.; }

@test "R-301: no name that the daemon knows is missing in the contract" {
	local name
	start_daemon
	rpc '{"jsonrpc":"2.0","method":"list_methods","params":[true],"id":1}' |
		jq -r '.result.methods[] | .method, .aliases[]' | sort >"$DIR/known"
	stop_daemon
	for name in $(rows | cut -d ' ' -f 1) heap_profile shutdown shutdown_daemon; do
		echo "$name"
	done | sort -u >"$DIR/walked"
	[ -z "$(comm -23 "$DIR/known" "$DIR/walked")" ]
}

# edits: one of each editing method, on the project that undo_all makes.
edits() {
	cat <<'TXT'
add_voxel [1,1,1,9,9,9]
add_voxel [100,100,100,9,9,9]
remove_voxel [0,0,0]
paint_voxels [0,0,0,1,2,3]
add_voxels [[{"x":0,"y":0,"z":0,"r":1,"g":2,"b":3},{"x":99,"y":0,"z":0,"r":1,"g":2,"b":3}]]
flood_fill [0,0,0,3,3,3]
fill_region {"min":[0,0,0],"max":[40,2,2],"color":[7,7,7]}
fill_region {"min":[0,0,0],"max":[20,20,20],"color":[7,7,7,0]}
procedural_shape {"shape_type":"sphere","size":9,"center":[5,5,5],"color":"#102030"}
procedural_shape {"shape_type":"torus","size":[12,12,4],"hollow":true,"color":[0,0,0,0]}
brush_stroke {"positions":[[0,0,0],[9,9,9]],"size":3,"color":[1,1,1]}
batch_operations {"operations":[{"type":"add_voxel","x":0,"y":0,"z":0,"r":1},{"type":"clear_region","min":[3,3,3],"max":[9,9,9]}]}
create_layer ["New"]
delete_layer [2]
delete_layer [1]
rename_layer {"layer_id":1,"name":"Other"}
duplicate_layer {"layer_id":1}
merge_layers [2,1]
reorder_layer {"layer_id":1,"index":1}
set_layer_visibility [1,false]
set_layer_opacity {"layer_id":1,"opacity":0.25}
set_active_layer {"layer_id":2}
clear_layer {"layer_id":1}
cut_selection -
paste_selection {"position":[30,30,30]}
move_selection {"delta":[3,3,3]}
fill_selection {"color":"#0a0b0c"}
delete_selection -
import_model {"path":"@MODELS@/layers.gox"}
execute_script {"script":"for(var i=0;i<50;i++)goxel.addVoxel(i,0,0,1,2,3);goxel.addLayer('s');goxel.addVoxel(5,5,5,'#ffffff')"}
TXT
}

# Everything that an edit can change.
look() {
	printf 'list_layers -\nget_bounding_box {"layer_id":-2}\n'
	printf 'get_layer_voxels {"layer_id":-2,"limit":0}\nget_layer_voxels {"layer_id":1,"limit":0}\n'
}

undo_all() {
	local edit
	{
		echo 'create_project ["p"]'
		echo 'procedural_shape {"shape_type":"box","size":8,"center":[4,4,4],"color":[5,5,5]}'
		echo 'create_layer ["Second"]'
		echo 'procedural_shape {"shape_type":"sphere","size":7,"center":[0,0,0],"color":[50,60,70]}'
		echo 'set_active_layer [1]'
		echo 'select_region {"min":[0,0,0],"max":[9,9,9]}'
		echo 'copy_selection -'
	} >"$DIR/calls"
	edits | sed "s|@MODELS@|$BATS_TEST_DIRNAME/data/goxel|" | while read -r edit; do
		echo 'select_region {"min":[0,0,0],"max":[9,9,9]}'
		look && echo "$edit" && look && echo 'undo -' && look && echo 'redo -' && look
		echo 'undo -' && look
	done >>"$DIR/calls"
	awk '{ params = substr($0, length($1) + 2)
		printf "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",%s\"id\":%d}\n", $1,
			params == "-" ? "" : "\"params\":" params ",", NR }' "$DIR/calls" |
		talk >"$DIR/replies"
	[ "$(wc -l <"$DIR/replies")" -eq "$(wc -l <"$DIR/calls")" ]
	# After the seven calls of preparation, 25 replies an edit, which is the sixth; four looks each
	# at 1, 6, 11, 16, 21. A layer that is gone is a look, too.
	jq -nr --rawfile edits <(edits) '($edits | split("\n")) as $names
		| [inputs | .result // .error] | .[7:] as $r | range(0; $r | length / 25) as $i
		| [1, 6, 11, 16, 21 | . + $i * 25 | $r[. : . + 4] | tojson] as $look
		| $r[$i * 25 + 5] as $edit
		| if ($edit.code // 0) < 0 then "failed: \($names[$i]) \($edit)"
		  elif $look[0] == $look[1] then "did nothing: \($names[$i])"
		  elif $look[0] != $look[2] or $look[0] != $look[4] then "not undone: \($names[$i])"
		  elif $look[1] != $look[3] then "not redone: \($names[$i])"
		  else empty end' "$DIR/replies" >"$DIR/wrong"
	cat "$DIR/wrong"
	[ ! -s "$DIR/wrong" ]
}

@test "R-301: undo takes back exactly what each editing method did, and redo does it again" {
	start_daemon
	undo_all
	stop_daemon
	start_daemon --preset v14
	undo_all
	stop_daemon
}

@test "R-301: history is bounded, and the limit is reported" {
	start_daemon
	{
		echo '{"jsonrpc":"2.0","method":"create_project","id":0}'
		for i in $(seq 200); do
			echo "{\"jsonrpc\":\"2.0\",\"method\":\"add_voxel\",\"params\":[$i,0,0,1,1,1],\"id\":$i}"
		done
		for i in $(seq 129); do echo "{\"jsonrpc\":\"2.0\",\"method\":\"undo\",\"id\":$i}"; done
		echo '{"jsonrpc":"2.0","method":"get_bounding_box","id":1}'
	} | talk | jq -c .result >"$DIR/results"
	[ "$(grep -c '"success":true,"operation":"set voxel"' "$DIR/results")" = 128 ]
	grep -q '"success":false,"operation":null,"undo_count":0,"redo_count":128' "$DIR/results"
	[ "$(tail -n 1 "$DIR/results" | jq -c .max)" = '[72,0,0]' ]
	stop_daemon
}

@test "R-206: a request without enough memory fails, and nothing else does" {
	case ${O:-} in *asan* | *tsan*) skip "a sanitizer needs all addresses" ;; esac
	ulimit -Sv 600000 # KiB of addresses; the sphere's blocks would take 900,000
	start_daemon
	ulimit -Sv unlimited
	{
		echo '{"jsonrpc":"2.0","method":"create_project","id":1}'
		echo '{"jsonrpc":"2.0","method":"add_voxel","params":[9000,0,0,1,2,3],"id":2}'
		echo '{"jsonrpc":"2.0","method":"procedural_shape","params":{"shape_type":"sphere","size":1800,"hollow":true},"id":3}'
		echo '{"jsonrpc":"2.0","method":"get_project_info","id":4}'
		echo '{"jsonrpc":"2.0","method":"procedural_shape","params":{"shape_type":"sphere","size":100},"id":5}'
		echo '{"jsonrpc":"2.0","method":"undo","id":6}'
		echo '{"jsonrpc":"2.0","method":"get_voxel","params":[9000,0,0],"id":7}'
	} | talk >"$DIR/replies"
	cat "$DIR/replies"
	jq -se '.[2].error | .code < 0 and (.message | test("out of memory"))' "$DIR/replies"
	jq -se '.[3].result.voxel_count == 1 and .[3].result.undo_count == 1' "$DIR/replies"
	jq -se '.[4].result.success and .[5].result.success and .[6].result.color == [1,2,3,255]' "$DIR/replies"
	stop_daemon
}
