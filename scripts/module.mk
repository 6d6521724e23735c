progs += goxel-start
goxel-start-srcs := scripts/goxel_start.c scripts/guard.c
goxel-start-libs := base

bats += scripts/test/ab.bats scripts/test/acceptance.bats scripts/test/profile.bats scripts/test/scripts.bats
