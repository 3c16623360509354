// SPDX-License-Identifier: MIT
/*
 * The program stores, the kernel loads. Copy random bytes into the mapping,
 * have the kernel compute their CRC-32C through its own mapping
 * (MMAPSHARE_IOC_CHECKSUM), and compare that with the CRC-32C of the private
 * copy.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "crc32c.h"
#include "region.h"

static size_t length;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'l':
		length = parse_number(arg);
		break;
	case ARGP_KEY_ARG:
		argp_usage(state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{ "length", 'l', "BYTES", 0, "bytes to store (default: the whole region)", 0 },
	{ 0 }
};

static const struct argp argp = {
	options, parse, NULL,
	"Store random bytes in /dev/mmapshare and have the kernel checksum them.",
	NULL, NULL, NULL
};

int main(int argc, char **argv)
{
	struct mmapshare_checksum_args sum = { .size = sizeof(sum) };
	struct region r;
	size_t filled;
	char *copy;
	unsigned int crc;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	r = region_map(O_RDWR);
	if (!length || length > r.size)
		length = r.size;

	copy = malloc(length);
	if (!copy)
		err(1, "malloc of %zu bytes", length);
	for (filled = 0; filled < length; ) {
		ssize_t n = getrandom(copy + filled, length - filled, 0);

		if (n < 0)
			err(1, "getrandom");
		filled += n;
	}

	memcpy(r.base, copy, length);
	sum.length = length;
	if (ioctl(r.fd, MMAPSHARE_IOC_CHECKSUM, &sum))
		err(1, DEVICE ": MMAPSHARE_IOC_CHECKSUM");

	crc = crc32c(copy, length);
	printf("stored   %zu random bytes\n", length);
	printf("program  crc32c %08x\n", crc);
	printf("kernel   crc32c %08x\n", sum.crc32c);
	return crc != sum.crc32c;
}
