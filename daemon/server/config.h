/*
 * config.h - the JSON configuration file: groups of keys, each of which is an option.
 *
 * Unknown and ill-typed keys are refused with file, line and key.
 */
#ifndef DAEMON_SERVER_CONFIG_H
#define DAEMON_SERVER_CONFIG_H

struct cli_prog;
struct err;

enum { CONFIG_TEXTS_MAX = 64 };

/* Values that options borrow. */
struct config_texts {
	char *texts[CONFIG_TEXTS_MAX]; /* owned */
	unsigned count;
};

/* Puts what the file says into cfg, the struct of prog's table; its texts go to *texts. */
int config_load(const struct cli_prog *prog, void *cfg, const char *path,
		struct config_texts *texts, struct err *err);
void config_free(struct config_texts *texts);

#endif
