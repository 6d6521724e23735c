libs += server
server-srcs := \
	daemon/server/request/answer.c \
	daemon/server/request/answer_fault.c \
	daemon/server/request/answer_request.c \
	daemon/server/arch.c \
	daemon/server/config.c \
	daemon/server/control.c \
	daemon/server/request/crew.c \
	daemon/server/request/decide.c \
	daemon/server/request/flow.c \
	daemon/server/request/hand_over.c \
	daemon/server/listen.c \
	daemon/server/notices.c \
	daemon/server/options.c \
	daemon/server/places.c \
	daemon/server/preset.c \
	daemon/server/process.c \
	daemon/server/request/readers.c \
	daemon/server/reclaim.c \
	daemon/server/request/road.c \
	daemon/server/selftest.c \
	daemon/server/server.c \
	daemon/server/signals.c \
	daemon/server/status.c \
	daemon/server/request/token.c \
	daemon/server/request/tool.c \
	daemon/server/request/watch.c \
	daemon/server/request/worker.c

progs += goxel-daemon
goxel-daemon-srcs := daemon/server/main.c
goxel-daemon-libs := server methods formats render store delivery transport queue parser dispatch buffers context voxel telemetry \
	rpc base alloccount
goxel-daemon-ldlibs = $(transport-ldlibs) $(methods-ldlibs) $(store-ldlibs) -lcjson -lm
goxel-daemon-ldflags = $(alloc-wrap-ldflags)

tests += test_places
test_places-srcs := daemon/test/test_places.c
test_places-libs := server base
test_places-ldlibs := -lcmocka

tests += test_server
test_server-srcs := daemon/test/test_server.c
test_server-libs := $(goxel-daemon-libs)
test_server-ldlibs = $(goxel-daemon-ldlibs) -lcmocka
test_server-ldflags = $(alloc-wrap-ldflags)

tests += test_script_server
test_script_server-srcs := daemon/test/test_script_server.c
test_script_server-libs := $(test_server-libs)
test_script_server-ldlibs = $(test_server-ldlibs)
test_script_server-ldflags = $(alloc-wrap-ldflags)

bats += daemon/test/bounds.bats
bats += daemon/test/connections.bats
bats += daemon/test/process.bats
bats += daemon/test/journal.bats
bats += daemon/test/memory.bats
bats += daemon/test/server.bats

tests += test_journal_kills
test_journal_kills-srcs := daemon/test/test_journal_kills.c daemon/test/journal_model.c
test_journal_kills-libs := $(goxel-daemon-libs)
test_journal_kills-ldlibs = $(goxel-daemon-ldlibs) -lcmocka -ljansson
test_journal_kills-ldflags = $(alloc-wrap-ldflags)
