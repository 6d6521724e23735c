#include "daemon/rpc/detect.h"

#include <string.h>

#define BODY                                                       \
	"This socket speaks JSON-RPC, one JSON text per message. " \
	"This daemon does not serve HTTP.\n"

static const char refusal[] = "HTTP/1.1 400 Bad Request\r\n"
			      "Content-Type: text/plain; charset=utf-8\r\n"
			      "Content-Length: 89\r\n"
			      "Connection: close\r\n\r\n" BODY;

_Static_assert(sizeof(BODY) - 1 == 89, "the length that the answer states");

bool rpc_is_http(struct span text)
{
	/* HTTP methods (RFC 9110, section 9; RFC 5789), and the first word of HTTP/2. */
	static const char *const words[] = { "GET ",     "POST ",  "PUT ",   "HEAD ",    "DELETE ",
					     "OPTIONS ", "PATCH ", "TRACE ", "CONNECT ", "PRI " };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (span_starts(text, span_str(words[i])))
			return true;
	return false;
}

void rpc_refuse_http(struct outbuf *out)
{
	outbuf_add(out, refusal, sizeof(refusal) - 1);
}
