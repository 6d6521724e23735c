/*
 * config.h - the JSON configuration file: groups of keys, each of which is an option.
 *
 * Unknown keys and wrong types are refused with file, line and key.
 */
#ifndef DAEMON_SERVER_CONFIG_H
#define DAEMON_SERVER_CONFIG_H

struct cli_prog;
struct err;

enum { CONFIG_TEXTS_MAX = 64 };

/* Values that options refer to. */
struct config_texts {
	char *texts[CONFIG_TEXTS_MAX]; /* owned */
	unsigned count;
};

/* Sets cfg, the struct of prog's table, from the file; its texts are stored in *texts. */
int config_load(const struct cli_prog *prog, void *cfg, const char *path,
		struct config_texts *texts, struct err *err);
void config_free(struct config_texts *texts);

#endif
