# Readers only, in a cube of 16 x 16 x 16 of which the setup sets half.
[workload]
description = reads of single voxels, half of them set

[setup project]
method = goxel.create_project
params = ["load", 64, 64, 64]
expect = "success":true

# 3 x 1000 random cells of 4096 leave about half of them set; in three requests because some
# servers take no more than 64 KiB in one.
[setup voxels]
method = add_voxels
params = {"voxels":[${items}]}
item = {"x":${xy},"y":${xy},"z":${z},"r":200,"g":100,"b":50}
items = 1000
expect = "success":true

[setup voxels]
method = add_voxels
params = {"voxels":[${items}]}
item = {"x":${xy},"y":${xy},"z":${z},"r":100,"g":200,"b":50}
items = 1000
expect = "success":true

[setup voxels]
method = add_voxels
params = {"voxels":[${items}]}
item = {"x":${xy},"y":${xy},"z":${z},"r":50,"g":100,"b":200}
items = 1000
expect = "success":true

[var xy]
random = -8..7

[var z]
random = 0..15

[op get_voxel]
kind = read
method = goxel.get_voxel
params = [${xy},${xy},${z}]
expect = "exists":
