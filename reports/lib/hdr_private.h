/* hdr_private.h - constants of HdrHistogram's encodings, shared by writer and reader. */
#ifndef REPORTS_LIB_HDR_PRIVATE_H
#define REPORTS_LIB_HDR_PRIVATE_H

/* Cookies without the word-size nibble (bits 4..7). */
enum {
	COOKIE_V0 = 0x1c849308,
	COOKIE_V0_ZIP = 0x1c849309,
	COOKIE_V1 = 0x1c849301,
	COOKIE_V1_ZIP = 0x1c849302,
	COOKIE_V2 = 0x1c849303,
	COOKIE_V2_ZIP = 0x1c849304,
	COOKIE_WORD_MASK = 0xf0,
	COOKIE_V2_WORD = 0x10,
};
enum {
	ZIP_HEADER_BYTES = 8,
	HEADER_V0_BYTES = 32, /* cookie, digits, lowest, highest, total */
	HEADER_BYTES = 40,    /* cookie, payload, offset, digits, lowest, highest, ratio */
	LEB_BYTES_MAX = 9,
};

#endif
