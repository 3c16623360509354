// SPDX-License-Identifier: GPL-2.0
/*
 * slow_close KIND: get a descriptor without a node from /dev/mmapshare, set the
 * task's name to "stopped", and close the descriptor, which then is the only
 * open file of the module. KIND: create, read_only, ring, endpoint. Not a test.
 */
#include <fcntl.h>
#include <linux/mmapshare.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

static int create(int control, unsigned int ring)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.region_size = 4096,
		.ring = ring,
		.consumers = !!ring,
	};

	return ioctl(control, MMAPSHARE_IOC_CREATE, &create);
}

static int read_only(int control)
{
	struct mmapshare_read_only_args ro = { .size = sizeof(ro) };

	return ioctl(control, MMAPSHARE_IOC_READ_ONLY, &ro);
}

static int endpoint(int control)
{
	struct mmapshare_ring_attach_args attach = {
		.size = sizeof(attach),
		.flags = MMAPSHARE_RING_ATTACH_CONSUMER,
	};
	const int ring = create(control, MMAPSHARE_RING);
	const int fd = ioctl(ring, MMAPSHARE_IOC_RING_ATTACH, &attach);

	close(ring);
	return fd;
}

int main(int argc, char **argv)
{
	const int control = open("/dev/mmapshare", O_RDWR);
	const char *kind = argc > 1 ? argv[1] : "";
	int fd = -1;

	if (!strcmp(kind, "create"))
		fd = create(control, 0);
	else if (!strcmp(kind, "ring"))
		fd = create(control, MMAPSHARE_RING);
	else if (!strcmp(kind, "read_only"))
		fd = read_only(control);
	else if (!strcmp(kind, "endpoint"))
		fd = endpoint(control);
	close(control);
	if (fd < 0) {
		perror(kind);
		return 1;
	}
	prctl(PR_SET_NAME, "stopped");
	return close(fd) ? 1 : 0;
}
