/*
 * fuzz_base.c - value parsers and the JSON escaper on arbitrary text.
 *
 * What a value parser accepts must come back equal after formatting and parsing again; what the
 * escaper writes must be a string that jansson reads.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/cli/cli_private.h"
#include "daemon/base/json_out.h"
#include "daemon/base/sock.h"

enum { TEXT_MAX = 256 };

union number {
	int64_t i64;
	uint64_t u64;
	double real;
};

static void check_value(enum cli_type type, const char *text)
{
	const struct cli_opt opt = { .name = "x", .type = type };
	union number value = { 0 };
	union number again = { 0 };
	char shown[64];

	if (cli_value_set(&opt, &value, text, NULL))
		return;
	cli_value_format(&opt, &value, shown, sizeof(shown));
	if (cli_value_set(&opt, &again, shown, NULL) || again.u64 != value.u64)
		abort();
}

static void check_address(const char *text)
{
	struct sock_addr addr;
	struct sock_addr again;
	char shown[128];

	if (sock_parse_tcp(text, &addr, NULL))
		return;
	sock_format(&addr, shown, sizeof(shown));
	if (sock_parse_tcp(shown, &again, NULL) || addr.port != again.port ||
	    strcmp(addr.host, again.host) != 0)
		abort();
}

static void check_escaper(const char *bytes, size_t len)
{
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb };
	json_t *read;

	json_span(&j, NULL, span_of(bytes, len));
	read = json_loadb(sb.ptr, sb.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (!json_is_string(read))
		abort();
	/* Text that was valid already is unchanged: no byte of it became U+FFFD. */
	if (!memchr(bytes, 0xef, len) && json_string_length(read) == len &&
	    memcmp(json_string_value(read), bytes, len) != 0)
		abort();
	json_decref(read);
	strbuf_deinit(&sb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const enum cli_type types[] = { CLI_INT,   CLI_REAL, CLI_DURATION,
					       CLI_BYTES, CLI_RATE, CLI_SWITCH };
	char text[TEXT_MAX];

	if (len)
		check_escaper((const char *)data, len);
	if (len >= sizeof(text))
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		check_value(types[i], text);
	check_address(text);
	return 0;
}
