# Editing as a modelling client does it: nine voxels set for each one looked at. The coordinates
# cover 64 x 64 x 64, so blocks are hit again and again and stay in memory.
[workload]
description = 90 % writes, 10 % reads of single voxels at random coordinates

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

[op add_voxel]
kind = write
weight = 90
method = goxel.add_voxel
params = [${xy},${xy},${z},${colour},${colour},${colour},255]
expect = "success":true

[op get_voxel]
kind = read
weight = 10
method = goxel.get_voxel
params = [${xy},${xy},${z}]
expect = "exists":
