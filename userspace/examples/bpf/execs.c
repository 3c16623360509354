// SPDX-License-Identifier: GPL-2.0
/*
 * Load execs.bpf.elf, which publishes the programs that are executed, and print what
 * it publishes. Other programs may read the same ring.
 *
 * execs [COUNT]: end after that many records.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>
#include <mmapshare.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "execs.h"

/* Returns 0; the programs remain loaded until this process ends. */
static int start(void)
{
	struct bpf_object *object = bpf_object__open_file("execs.bpf.elf", NULL);
	struct bpf_test_run_opts opts = { .sz = sizeof(opts) };
	struct bpf_program *create, *executed;

	if (!object || bpf_object__load(object))
		return -1;
	create = bpf_object__find_program_by_name(object, "create");
	executed = bpf_object__find_program_by_name(object, "executed");
	if (bpf_prog_test_run_opts(bpf_program__fd(create), &opts) || opts.retval) {
		fprintf(stderr, "execs: cannot create the ring\n");
		return -1;
	}
	return bpf_program__attach(executed) ? 0 : -1;
}

static void print_all(struct mmapshare_endpoint *ep, long *count)
{
	const void *record;
	size_t length;

	while (*count && !mmapshare_ring_next(ep, &record, &length)) {
		struct exec exec;

		if (length != sizeof(exec))
			continue;
		memcpy(&exec, record, sizeof(exec));
		/* the ring overwrites: false if it did so with this record */
		if (mmapshare_ring_check(ep))
			continue;
		printf("%u %u %.16s\n", exec.pid, exec.uid, exec.comm);
		--*count;
	}
	fflush(stdout);
	mmapshare_ring_release(ep);
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? strtol(argv[1], NULL, 10) : -1;
	struct mmapshare_endpoint *ep;

	if (start())
		return 1;
	if (mmapshare_ring_open(&ep, "execs", MMAPSHARE_RING_ATTACH_CONSUMER)) {
		perror("execs: /dev/mmapshare-execs");
		return 1;
	}
	while (count && !mmapshare_ring_wait(ep, 0, -1))
		print_all(ep, &count);
	mmapshare_ring_close(ep);
	return 0;
}
