/*
 * tape_envelope.c - reads the request envelope directly from the nodes of a tape.
 *
 * Every request is read here, so members are distinguished by the length of their key and one load
 * of it; the padding after the text makes the load safe.
 */
#include "daemon/parser/envelope.h"
#include "daemon/parser/simd.h"
#include "daemon/parser/tape.h"

/* Eight bytes as a load returns them, the first one lowest. */
#define WORD(a, b, c, d, e, f, g)                                                         \
	((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 | \
	 (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48)

static const uint64_t word_id = WORD('i', 'd', 0, 0, 0, 0, 0);
static const uint64_t word_tool = WORD('t', 'o', 'o', 'l', 0, 0, 0);
static const uint64_t word_method = WORD('m', 'e', 't', 'h', 'o', 'd', 0);
static const uint64_t word_params = WORD('p', 'a', 'r', 'a', 'm', 's', 0);
static const uint64_t word_version = WORD('j', 's', 'o', 'n', 'r', 'p', 'c');

static inline enum envelope_slot slot_of(const struct tape *t, const struct tape_node *n)
{
	uint64_t word;

	if (n->flags & TAPE_FAR_KEY || n->key_bytes >= sizeof(word))
		return envelope_slot(tape_node_key(t, n));
	if (n->key_bytes == 0)
		return ENVELOPE_SLOTS;
	memcpy(&word, t->text.ptr + n->key_at, sizeof(word));
	word &= ~(uint64_t)0 >> (64 - 8 * n->key_bytes);
	if (word == word_version)
		return ENVELOPE_VERSION;
	if (word == word_method)
		return ENVELOPE_METHOD;
	if (word == word_params)
		return ENVELOPE_PARAMS;
	if (word == word_id)
		return ENVELOPE_ID;
	return word == word_tool ? ENVELOPE_TOOL : ENVELOPE_SLOTS;
}

/* The position after the closing quote of the string whose content starts at p. */
static const char *skip_string(const char *p)
{
	while (*p != '"')
		p += *p == '\\' ? 2 : 1;
	return p + 1;
}

static const char *skip_space(const char *p)
{
	while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
		p++;
	return p;
}

/*
 * The text of a member's scalar value, as it was sent. The text is known to be valid: key, colon,
 * value, and a byte that ends it.
 */
static struct span raw_of(const struct tape *t, const struct tape_node *n)
{
	struct tape_far_key far;
	const char *start;
	const char *p;

	if (n->kind == VALUE_STRING && !(n->flags & TAPE_ARENA))
		return span_of(t->text.ptr + n->u.string.at - 1, n->u.string.bytes + 2);
	if (n->flags & TAPE_FAR_KEY) {
		memcpy(&far, (const char *)t->arena.ptr + n->key_at, sizeof(far));
		p = skip_string(t->text.ptr + far.text_at);
	} else {
		p = t->text.ptr + n->key_at + n->key_bytes + 1;
	}
	if (*p != ':')
		p = skip_space(p);
	start = p = skip_space(p + 1);
	if (*p == '"')
		return span_of(start, (size_t)(skip_string(p + 1) - start));
	if (n->kind == VALUE_INT) {
		uint64_t word;

		memcpy(&word, p, sizeof(word)); /* the padding makes it safe */
		p += simd_digits(word);
	}
	/* At most a comma or '}' follows; of a number's bytes only '+' is below it. */
	while ((*p > ',' && *p != '}') || *p == '+')
		p++;
	return span_of(start, (size_t)(p - start));
}

static void sort_member(struct envelope *e, const struct tape *t, const struct tape_node *n,
			enum envelope_slot slot, const struct tape_node **id)
{
	struct value value = { &t->doc, (uintptr_t)(n - tape_nodes(t)) };
	struct span text = { 0 };

	if (n->kind == VALUE_STRING)
		text = tape_node_string(t, n);
	envelope_put(e, slot, (enum value_kind)n->kind, text, value);
	if (slot == ENVELOPE_ID)
		*id = n;
}

/* Finds the members in the nodes. Returns the node of the id, or NULL. */
static const struct tape_node *find_members(const struct tape *t, struct value object,
					    struct envelope *e)
{
	const struct tape_node *nodes = tape_nodes(t);
	const struct tape_node *id = NULL;
	const struct tape_node *n;

	/* Rows of tables are not requests: they contain only integers. */
	if (object.node >= t->nodes.count || nodes[object.node].kind != VALUE_OBJECT)
		return NULL;
	for (n = nodes + object.node + 1; n->kind != TAPE_END;) {
		enum envelope_slot slot = slot_of(t, n);

		if (slot != ENVELOPE_SLOTS)
			sort_member(e, t, n, slot, &id);
		n = n->kind == VALUE_ARRAY || n->kind == VALUE_OBJECT ? nodes + n->u.container.end
								      : n + 1;
	}
	return id;
}

/* The members are known. Node 0, the root, represents absent members: it has a kind of its own. */
static bool usual_request(const struct tape *t, struct rpc_request *request)
{
	const struct tape_node *nodes = tape_nodes(t);
	const struct tape_node *version = &nodes[t->members[ENVELOPE_VERSION]];
	const struct tape_node *method = &nodes[t->members[ENVELOPE_METHOD]];
	const struct tape_node *id = &nodes[t->members[ENVELOPE_ID]];
	uint32_t params = t->members[ENVELOPE_PARAMS];

	if (version->kind != VALUE_STRING || version->u.string.bytes != 3 ||
	    memcmp(tape_node_string(t, version).ptr, "2.0", 3) != 0 ||
	    method->kind != VALUE_STRING || (id->kind >= VALUE_ARRAY && id != nodes) ||
	    id->kind == VALUE_BOOL ||
	    (nodes[params].kind != VALUE_OBJECT && nodes[params].kind != VALUE_ARRAY))
		return false;
	request->form = REQUEST_JSONRPC;
	request->method = tape_node_string(t, method);
	request->id = id == nodes ? span_of("", 0) : raw_of(t, id);
	request->params = (struct value){ params ? &t->doc : NULL, params };
	return true;
}

/* Not inlined: clearing an envelope costs more than a usual request. */
static __attribute__((noinline)) int any_request(const struct tape *t, struct value object,
						 struct rpc_request *request)
{
	struct envelope e = { 0 };
	const struct tape_node *id = find_members(t, object, &e);
	int rc = envelope_judge(&e, request);

	request->id = id && envelope_id_is_valid(&e) ? raw_of(t, id) : span_of("", 0);
	return rc;
}

int tape_envelope(const struct tape *t, struct value object, struct rpc_request *request)
{
	if (t->has_members && object.node == 0 && usual_request(t, request))
		return 0;
	return any_request(t, object, request);
}
