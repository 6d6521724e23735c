/* pair_main.c - goxel-pair: compares servers in slices of milliseconds. */
#include <stdio.h>

#include "daemon/base/err.h"
#include "loadgen/pair/pair_run.h"

int main(int argc, char **argv)
{
	struct pair_options o;
	struct err err = ERR_INIT;
	int rc = pair_options_parse(&o, argc, argv, &err);

	if (rc > 0)
		return EXIT_OK;
	if (rc < 0) {
		fprintf(stderr, "goxel-pair: %s\n", err.msg);
		return EXIT_USAGE;
	}
	return pair_run(&o, NULL);
}
