/* limits.h - limits of what a client may ask and be answered; tests check each at the limit and one
 * above. */
#ifndef DAEMON_RPC_LIMITS_H
#define DAEMON_RPC_LIMITS_H

enum {
	RPC_REQUEST_BYTES_MAX = 1 << 30, /* text positions are 32-bit */
	RPC_DEPTH_MAX = 256,             /* nested arrays and objects */
	RPC_BATCH_MAX = 10000,           /* requests in one batch array */
	RPC_REPLY_BYTES_MAX = 64 << 20,  /* of one request; a batch's replies are streamed */
	RPC_PARAMS_MAX = 32,             /* named parameters of one method */
	RPC_METHOD_NAME_MAX = 128,       /* bytes; longer names are unknown methods */
	RPC_FAULT_TEXT_MAX = 256,
};

#endif
