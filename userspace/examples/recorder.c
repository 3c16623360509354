// SPDX-License-Identifier: MIT
/*
 * recorder NAME record: write each line of standard input to the overwrite ring
 * /dev/mmapshare-NAME, which is created if it does not exist.
 * recorder NAME replay: print the lines in the ring.
 *
 * A recorder may be killed at any time: the ring then has every committed line
 * and no partial one. No flush and no repair is needed, and the next recorder
 * appends.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mmapshare.h>

#define SIZE		65536	/* bytes of records; rounded up to a power of two of pages */
#define CONSUMERS	4

static void check(const char *what, int error)
{
	if (error < 0)
		errx(1, "%s: %s", what, strerror(-error));
}

static int record(const char *name)
{
	struct mmapshare *region;
	struct mmapshare_endpoint *ep;
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	check(name, mmapshare_ring_create_or_open(&region, name, SIZE,
						  MMAPSHARE_RING_OVERWRITE, CONSUMERS, 0600));
	check(name, mmapshare_ring_attach(&ep, region, MMAPSHARE_RING_ATTACH_PRODUCER));
	fprintf(stderr, "appending after %llu lines\n",
		(unsigned long long)mmapshare_ring_seq(ep));
	while ((length = getline(&line, &size, stdin)) >= 0)
		check("write", mmapshare_ring_write(ep, line, length));
	free(line);
	mmapshare_ring_close(ep);
	mmapshare_close(region);
	return 0;
}

static int replay(const char *name)
{
	struct mmapshare_endpoint *ep;
	ssize_t length;
	char *line;

	check(name, mmapshare_ring_open(&ep, name, MMAPSHARE_RING_ATTACH_CONSUMER));
	line = malloc(mmapshare_ring_record_max(ep));
	if (!line)
		err(1, "malloc");
	/* read() copies one intact record, even while a recorder is running */
	while ((length = mmapshare_ring_read(ep, line, mmapshare_ring_record_max(ep))) >= 0)
		printf("%llu: %.*s", (unsigned long long)mmapshare_ring_seq(ep) - 1,
		       (int)length, line);
	if (length != -EAGAIN)
		check(name, length);
	free(line);
	mmapshare_ring_close(ep);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[2], "record"))
		return record(argv[1]);
	if (argc == 3 && !strcmp(argv[2], "replay"))
		return replay(argv[1]);
	fprintf(stderr, "usage: recorder NAME record|replay\n");
	return 2;
}
