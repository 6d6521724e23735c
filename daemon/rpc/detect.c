#include "daemon/rpc/detect.h"

#include <stdio.h>

enum { MEMBERS_MAX = 4, REFUSAL_BYTES_MAX = 512 };

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

/* Whether p begins with a literal; one or two loads. */
#define STARTS(p, end, lit) \
	((size_t)((end) - (p)) >= sizeof(lit) - 1 && memcmp((p), (lit), sizeof(lit) - 1) == 0)

/* HTTP methods (RFC 9110, section 9; RFC 5789), and the first word of HTTP/2. */
static enum detect_protocol detect_line(const char *p, const char *end)
{
	static const char *const words[] = { "GET ",     "POST ",  "PUT ",   "HEAD ",    "DELETE ",
					     "OPTIONS ", "PATCH ", "TRACE ", "CONNECT ", "PRI " };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t len = strlen(words[i]);
		size_t have = (size_t)(end - p) < len ? (size_t)(end - p) : len;

		if (memcmp(p, words[i], have) == 0)
			return have == len ? DETECT_HTTP : DETECT_MORE;
	}
	return DETECT_GARBAGE;
}

/* p is at the method's opening quote. */
static bool is_mcp_method(const char *p, const char *end)
{
	if (end - p < 2)
		return false;
	/* Hardly any method of ours begins like one of these. */
	switch (p[1]) {
	case 'c':
		return STARTS(p, end, "\"completion/");
	case 'e':
		return STARTS(p, end, "\"elicitation/");
	case 'i':
		return STARTS(p, end, "\"initialize\"");
	case 'l':
		return STARTS(p, end, "\"logging/");
	case 'n':
		return STARTS(p, end, "\"notifications/");
	case 'p':
		return STARTS(p, end, "\"prompts/");
	case 'r':
		return STARTS(p, end, "\"resources/") || STARTS(p, end, "\"roots/");
	case 's':
		return STARTS(p, end, "\"sampling/");
	case 't':
		return STARTS(p, end, "\"tools/");
	default:
		return false;
	}
}

/* Behind a plain string or a bare word; NULL when it does not end here or is neither. */
static const char *skip_scalar(const char *p, const char *end)
{
	if (p == end || *p == '{' || *p == '[')
		return NULL;
	if (*p == '"') {
		for (p++; p < end && *p != '"'; p++) {
			if (*p == '\\')
				return NULL;
		}
		return p < end ? p + 1 : NULL;
	}
	while (p < end && *p != ',' && *p != '}' && *p != ':' && *p != ' ')
		p++;
	return p < end ? p : NULL;
}

/* The members of a request, up to its method. */
static enum detect_protocol detect_object(const char *p, const char *end)
{
	for (int i = 0; i < MEMBERS_MAX; i++) {
		bool is_method;

		if (STARTS(p, end, "\"jsonrpc\":\"2.0\",")) {
			p = skip_space(p + 16, end);
			continue;
		}
		is_method = STARTS(p, end, "\"method\"");
		if (i == 0 && STARTS(p, end, "\"tool\""))
			return DETECT_TOOL;
		if (is_method)
			p += 8;
		else
			p = STARTS(p, end, "\"id\"") ? p + 4 : skip_scalar(p, end);
		if (!p)
			return DETECT_JSONRPC;
		p = skip_space(p, end);
		if (p == end || *p != ':')
			return DETECT_JSONRPC;
		p = skip_space(p + 1, end);
		if (is_method)
			return is_mcp_method(p, end) ? DETECT_MCP : DETECT_JSONRPC;
		p = skip_scalar(p, end);
		if (!p)
			return DETECT_JSONRPC;
		p = skip_space(p, end);
		if (p == end || *p != ',')
			return DETECT_JSONRPC;
		p = skip_space(p + 1, end);
	}
	return DETECT_JSONRPC;
}

enum detect_protocol rpc_detect(struct span first)
{
	const char *end = first.ptr + first.len;
	const char *p = skip_space(first.ptr, end);

	if (p == end)
		return DETECT_MORE;
	if (*p == '[')
		return DETECT_JSONRPC;
	if (*p != '{')
		return detect_line(p, end);
	p = skip_space(p + 1, end);
	return p == end ? DETECT_MORE : detect_object(p, end);
}

void rpc_refuse_http(struct outbuf *out, const char *http_address)
{
	char body[REFUSAL_BYTES_MAX];
	char *to;
	int len;

	if (http_address)
		len = snprintf(body, sizeof(body),
			       "This socket speaks JSON-RPC, one JSON text per message. "
			       "HTTP is at http://%s/.\n",
			       http_address);
	else
		len = snprintf(body, sizeof(body),
			       "This socket speaks JSON-RPC, one JSON text per message. "
			       "This daemon listens for HTTP nowhere.\n");
	if (len >= (int)sizeof(body))
		len = (int)sizeof(body) - 1;
	to = outbuf_room(out, 2 * sizeof(body));
	if (!to)
		return;
	out->len += (size_t)snprintf(to, 2 * sizeof(body),
				     "HTTP/1.1 400 Bad Request\r\n"
				     "Content-Type: text/plain; charset=utf-8\r\n"
				     "Content-Length: %d\r\n"
				     "Connection: close\r\n\r\n%.*s",
				     len, len, body);
}
