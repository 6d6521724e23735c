libs += parser
parser-srcs := \
	daemon/parser/dom.c \
	daemon/parser/envelope.c \
	daemon/parser/parser.c \
	daemon/parser/parser_dom.c \
	daemon/parser/parser_pool.c \
	daemon/parser/parser_scalar.c \
	daemon/parser/parser_simd.c \
	daemon/parser/records.c \
	daemon/parser/reply_text.c \
	daemon/parser/reply_tree.c \
	daemon/parser/simd.c \
	daemon/parser/tape.c \
	daemon/parser/tape_envelope.c \
	daemon/parser/tree_memory.c \
	daemon/parser/walk.c

parser-tests-libs := parser rpc base
parser-tests-ldlibs := -lcmocka -lcjson -lm

tests += test_parser
test_parser-srcs := daemon/test/test_parser.c daemon/test/parser_util.c
test_parser-libs := $(parser-tests-libs)
test_parser-ldlibs := $(parser-tests-ldlibs)

# simdjson is an oracle of the tests and the peer of their speed run; nothing of it is in the daemon.
ifneq ($(wildcard /usr/include/simdjson.h),)
tests += test_oracle
test_oracle-srcs := daemon/test/test_oracle.c daemon/test/json_speed.c \
    daemon/test/oracle_simdjson.cc daemon/test/parser_util.c
test_oracle-libs := $(parser-tests-libs)
test_oracle-ldlibs := $(parser-tests-ldlibs) -lsimdjson
endif

tests += test_parser_diff
test_parser_diff-srcs := daemon/test/test_parser_diff.c daemon/test/parser_util.c
test_parser_diff-libs := $(parser-tests-libs)
test_parser_diff-ldlibs := $(parser-tests-ldlibs)

tests += test_frame
test_frame-srcs := daemon/test/test_frame.c daemon/test/parser_util.c
test_frame-libs := $(parser-tests-libs)
test_frame-ldlibs := $(parser-tests-ldlibs)

tests += test_rpc
test_rpc-srcs := daemon/test/test_rpc.c
test_rpc-libs := rpc base
test_rpc-ldlibs := -lcmocka -lm

tests += test_reply_builders
test_reply_builders-srcs := daemon/test/test_reply_builders.c daemon/test/parser_util.c
test_reply_builders-libs := $(parser-tests-libs) alloccount
test_reply_builders-ldflags = $(alloc-wrap-ldflags)
test_reply_builders-ldlibs := $(parser-tests-ldlibs) -ljansson

parser-fuzz := fuzz_parser fuzz_frame fuzz_builders
fuzz += $(parser-fuzz)
$(foreach f,$(parser-fuzz),$(eval $f-srcs := daemon/fuzz/$f.c daemon/test/parser_util.c) \
    $(eval $f-libs := $(parser-tests-libs)) \
    $(eval $f-ldlibs := -lcjson -ljansson -lm))

tests += test_reply_faults
test_reply_faults-srcs := daemon/test/test_reply_faults.c
test_reply_faults-libs := $(parser-tests-libs)
test_reply_faults-ldlibs := $(parser-tests-ldlibs)
test_reply_faults-ldflags := -Wl,--wrap=malloc -Wl,--wrap=strdup -Wl,--wrap=strndup
