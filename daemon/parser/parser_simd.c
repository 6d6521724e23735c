/* parser_simd.c - as in v15: the tape, filled with the widest vectors of this machine. */
#include <errno.h>

#include "daemon/base/cpu.h"
#include "daemon/parser/parser.h"
#include "daemon/parser/reply_builders.h"
#include "daemon/parser/tape.h"
#include "daemon/parser/walk.h"

#define VEC_TEMPLATE "daemon/parser/simd_tmpl.h"
#include "daemon/json/vec_each.h"

typedef int(simd_build_fn)(struct tape *tape, struct span text);

struct parser_simd {
	struct parser base;
	struct tape tape;
	simd_build_fn *build;
};

static simd_build_fn *const builders[] = VEC_TABLE(simd_build);

static int simd_init(struct parser *p, struct err *err)
{
	struct parser_simd *simd = (struct parser_simd *)p;

	(void)err;
	tape_init(&simd->tape);
	simd->build = builders[cpu_simd_level()];
	return 0;
}

static void simd_deinit(struct parser *p)
{
	tape_deinit(&((struct parser_simd *)p)->tape);
}

static int simd_parse(struct parser *p, struct span text, struct value *root,
		      struct parse_fault *fault)
{
	struct parser_simd *simd = (struct parser_simd *)p;
	int rc = simd->build(&simd->tape, text);

	/* On an error, the reference parses the text again; its verdict and message are used. */
	if (rc == -EPROTO)
		rc = walk_build(&simd->tape, text, fault);
	if (rc < 0)
		return rc;
	*root = tape_root(&simd->tape);
	return 0;
}

static int simd_envelope(struct parser *p, struct value object, struct rpc_request *request)
{
	return tape_envelope(&((struct parser_simd *)p)->tape, object, request);
}

static void simd_move(struct parser *p, struct span text, const char *to)
{
	(void)text;
	tape_move(&((struct parser_simd *)p)->tape, to);
}

static void simd_reset(struct parser *p)
{
	tape_trim(&((struct parser_simd *)p)->tape);
}

const struct parser_ops parser_simd_ops = {
	.head = { .name = "simd",
		  .summary = "one pass with vectors onto a flat tape, equal records detected (v15)",
		  .size = sizeof(struct parser_simd) },
	.reply = &reply_text_ops,
	.init = simd_init,
	.deinit = simd_deinit,
	.parse = simd_parse,
	.envelope = simd_envelope,
	.move = simd_move,
	.reset = simd_reset,
};
