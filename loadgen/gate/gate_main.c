/* gate_main.c - goxel-gate: is this server worse than the one that it is to replace? */
#include <stdio.h>

#include "daemon/base/err.h"
#include "loadgen/gate/gate.h"

int main(int argc, char **argv)
{
	struct gate_options o;
	struct err err = ERR_INIT;
	int rc = gate_options_parse(&o, argc, argv, &err);

	if (rc > 0)
		return EXIT_OK;
	if (rc < 0) {
		fprintf(stderr, "goxel-gate: %s\n", err.msg);
		return EXIT_USAGE;
	}
	return gate_run(&o);
}
