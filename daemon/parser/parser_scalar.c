/* parser_scalar.c - the reference reader onto a tape, without vectors. */
#include "daemon/parser/envelope.h"
#include "daemon/parser/parser.h"
#include "daemon/parser/reply_builders.h"
#include "daemon/parser/tape.h"
#include "daemon/parser/walk.h"

struct parser_scalar {
	struct parser base;
	struct tape tape;
};

static int scalar_init(struct parser *p, struct err *err)
{
	(void)err;
	tape_init(&((struct parser_scalar *)p)->tape);
	return 0;
}

static void scalar_deinit(struct parser *p)
{
	tape_deinit(&((struct parser_scalar *)p)->tape);
}

static int scalar_parse(struct parser *p, struct span text, struct value *root,
			struct parse_fault *fault)
{
	struct tape *tape = &((struct parser_scalar *)p)->tape;
	int rc = walk_build(tape, text, fault);

	if (rc < 0)
		return rc;
	*root = tape_root(tape);
	return 0;
}

static int scalar_envelope(struct parser *p, struct value object, struct rpc_request *request)
{
	return tape_envelope(&((struct parser_scalar *)p)->tape, object, request);
}

static void scalar_move(struct parser *p, struct span text, const char *to)
{
	(void)text;
	tape_move(&((struct parser_scalar *)p)->tape, to);
}

static void scalar_reset(struct parser *p)
{
	tape_trim(&((struct parser_scalar *)p)->tape);
}

const struct parser_ops parser_scalar_ops = {
	.head = { .name = "scalar",
		  .summary = "one pass, byte by byte, onto a flat tape",
		  .size = sizeof(struct parser_scalar) },
	.reply = &reply_text_ops,
	.init = scalar_init,
	.deinit = scalar_deinit,
	.parse = scalar_parse,
	.envelope = scalar_envelope,
	.move = scalar_move,
	.reset = scalar_reset,
};
