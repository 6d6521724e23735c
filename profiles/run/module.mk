# goxel-run: one run of the main job, and its directory.
libs += runparts
runparts-srcs := \
	profiles/run/child.c \
	profiles/run/folder.c \
	profiles/run/options.c \
	profiles/run/record.c \
	profiles/run/run.c \
	profiles/run/run_load.c \
	profiles/run/run_say.c \
	profiles/run/run_server.c \
	profiles/run/run_wait.c \
	profiles/run/target.c

progs += goxel-run
goxel-run-srcs := profiles/run/main.c
goxel-run-libs := runparts resultlib base
goxel-run-ldlibs := -ljansson -lz -lm

tests += test_goxel_run
test_goxel_run-srcs := profiles/test/test_goxel_run.c reports/test/fixture.c
test_goxel_run-libs := runparts resultlib base
test_goxel_run-ldlibs := -lcmocka -ljansson -lz -lm
