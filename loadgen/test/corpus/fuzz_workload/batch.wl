# Many voxels a request: what a request costs beside what a voxel costs.
[workload]
description = 100 voxels in each request

[setup project]
method = goxel.create_project
params = ["load", 64, 64, 64]
expect = "success":true

[var xy]
random = -32..31

[var z]
random = 0..63

[var colour]
random = 0..255

[op add_voxels]
kind = write
method = add_voxels
params = {"voxels":[${items}]}
item = {"x":${xy},"y":${xy},"z":${z},"r":${colour},"g":${colour},"b":${colour}}
items = 100
expect = "success":true
