libs += parser
parser-srcs := \
	daemon/parser/envelope.c \
	daemon/parser/parser.c \
	daemon/parser/parser_dom.c \
	daemon/parser/parser_scalar.c \
	daemon/parser/reply_text.c \
	daemon/parser/reply_tree.c \
	daemon/parser/tape.c \
	daemon/parser/walk.c
