#include "bench/suite.h"
/* main.c - goxel-bench */
int main(int argc, char **argv)
{
	for (size_t i = 0; suites[i]; i++)
		suites[i]->add();
	return bench_main(BENCH_ABI, argc, argv);
}
