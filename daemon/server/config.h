/*
 * config.h - the JSON configuration file: groups of keys, each of which is an option.
 *
 * Unknown and ill-typed keys are refused with file, line and key.
 */
#ifndef DAEMON_SERVER_CONFIG_H
#define DAEMON_SERVER_CONFIG_H

struct cli_prog;
struct err;

/* Puts what the file says into cfg, the struct of prog's table. */
int config_load(const struct cli_prog *prog, void *cfg, const char *path, struct err *err);

#endif
