progs += goxel-start
goxel-start-srcs := scripts/goxel_start.c
goxel-start-libs := base
