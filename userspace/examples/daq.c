// SPDX-License-Identifier: MIT
/*
 * A driver gathers data and hands it to an application: driver/examples/
 * mmapshare_daq.c, whose timer makes records of samples right where they are
 * read here. Commands go the other way.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mmapshare.h>
#include "../../driver/examples/daq.h"

#define CHANNELS	2
#define COUNT		8

/* what the program has found */
static unsigned long taken, gaps, wrong;

static void check(int ret, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s", what, strerror(-ret));
}

static void tell(struct mmapshare_endpoint *control, unsigned int what, unsigned int value)
{
	const struct daq_command command = { what, value };

	check(mmapshare_ring_write(control, &command, sizeof(command)), "command");
}

/* A saw: the second channel goes twice as fast as the first. */
static unsigned long wrong_samples(const struct daq_record *record)
{
	unsigned long bad = 0;
	unsigned int n, at;

	for (n = 0; n < CHANNELS * COUNT; n++) {
		at = (record->sequence * COUNT + n / CHANNELS) * (n % CHANNELS + 1) << 8;
		bad += record->samples[n] != (short)((at & 0xffff) - 0x8000);
	}
	return bad;
}

/* The ring may forget it while we look: then it counts for nothing. */
static void take(struct mmapshare_endpoint *samples, const struct daq_record *record)
{
	const bool ours = record->channels == CHANNELS && record->count == COUNT;
	const unsigned long long sequence = record->sequence;
	const unsigned long bad = ours ? wrong_samples(record) : 0;
	static unsigned long long before;

	if (!ours || mmapshare_ring_check(samples))
		return;
	wrong += bad;
	if (taken++)
		gaps += sequence - before - 1;
	before = sequence;
}

int main(int argc, char **argv)
{
	const unsigned long wanted = argc == 2 ? strtoul(argv[1], NULL, 0) : 0;
	struct mmapshare_endpoint *samples, *control;
	const void *record;
	size_t length;
	int ret;

	if (!wanted)
		errx(1, "usage: daq RECORDS");
	check(mmapshare_ring_open(&samples, "daq", MMAPSHARE_RING_ATTACH_CONSUMER |
				  MMAPSHARE_RING_ATTACH_LATEST), "daq");
	check(mmapshare_ring_open(&control, "daq-control", MMAPSHARE_RING_ATTACH_PRODUCER),
	      "daq-control");
	tell(control, DAQ_CHANNELS, CHANNELS);
	tell(control, DAQ_COUNT, COUNT);
	tell(control, DAQ_WAVE, DAQ_SAW);
	tell(control, DAQ_RATE, 500);

	while (taken < wanted) {
		ret = mmapshare_ring_next(samples, &record, &length);
		if (ret == -EAGAIN) {
			check(mmapshare_ring_release(samples), "release");
			check(mmapshare_ring_wait(samples, 0, -1), "wait");
			continue;
		}
		check(ret, "next");
		take(samples, record);
	}
	mmapshare_ring_release(samples);
	tell(control, DAQ_RATE, 0);
	printf("%lu records of %d channels, %d samples each\n", taken, CHANNELS, COUNT);
	printf("missed: %llu as the ring says, %lu by their numbers\n",
	       (unsigned long long)mmapshare_ring_lost(samples), gaps);
	printf("samples that are wrong: %lu\n", wrong);
	mmapshare_ring_close(samples);
	mmapshare_ring_close(control);
	return 0;
}
