libs += parser
parser-srcs := \
	daemon/parser/envelope.c \
	daemon/parser/parser.c \
	daemon/parser/parser_dom.c \
	daemon/parser/parser_scalar.c \
	daemon/parser/parser_simd.c \
	daemon/parser/records.c \
	daemon/parser/reply_text.c \
	daemon/parser/reply_tree.c \
	daemon/parser/simd.c \
	daemon/parser/tape.c \
	daemon/parser/tape_envelope.c \
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
