#!/usr/bin/env bats
# R-301: what a script may do with layers, and that it sees what it did.

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

@test "R-301: the engine gives a script its memory and no more" {
	start_daemon
	call create_project '["p"]' .success
	[[ $(run_script 'var a = []; for (;;) a.push(new Uint8Array(1 << 20))' .error) == *alloc* ]]
	[ "$(run_script '1 + 1')" = 2 ]
	stop_daemon
}
