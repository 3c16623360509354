// SPDX-License-Identifier: MIT
/*
 * Read samples from the simulated data acquisition device of
 * driver/examples/mmapshare_daq.c, in place, from a ring that the driver's
 * timer writes. Configure the device through a second ring, and check every
 * sample.
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

/*
 * Numbers of records read, of missing sequence numbers, and of wrong samples.
 */
static unsigned long taken, gaps, wrong;

static void check(int ret, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s", what, strerror(-ret));
}

static void send_command(struct mmapshare_endpoint *control, unsigned int what, unsigned int value)
{
	const struct daq_command command = { what, value };

	check(mmapshare_ring_write(control, &command, sizeof(command)), "command");
}

/* A sawtooth; the second channel has twice the frequency of the first. */
static unsigned long count_wrong_samples(const struct daq_record *record)
{
	unsigned long wrong_here = 0;
	unsigned int n, value;

	for (n = 0; n < CHANNELS * COUNT; n++) {
		value = (record->sequence * COUNT + n / CHANNELS) * (n % CHANNELS + 1) << 8;
		wrong_here += record->samples[n] != (short)((value & 0xffff) - 0x8000);
	}
	return wrong_here;
}

/*
 * Check a record in place. If the producer overwrites it meanwhile, the results
 * are discarded. Records that were produced before the commands took effect
 * have another format, and are ignored.
 */
static void check_record(struct mmapshare_endpoint *samples, const struct daq_record *record)
{
	const bool configured = record->channels == CHANNELS && record->count == COUNT;
	const unsigned long long seq = record->sequence;
	const unsigned long wrong_here = configured ? count_wrong_samples(record) : 0;
	static unsigned long long last_seq;

	if (!configured || mmapshare_ring_check(samples))
		return;
	wrong += wrong_here;
	if (taken++)
		gaps += seq - last_seq - 1;
	last_seq = seq;
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
	send_command(control, DAQ_CHANNELS, CHANNELS);
	send_command(control, DAQ_COUNT, COUNT);
	send_command(control, DAQ_WAVE, DAQ_SAW);
	send_command(control, DAQ_RATE, 500);

	while (taken < wanted) {
		ret = mmapshare_ring_next(samples, &record, &length);
		if (ret == -EAGAIN) {
			check(mmapshare_ring_release(samples), "release");
			check(mmapshare_ring_wait(samples, 0, -1), "wait");
			continue;
		}
		check(ret, "next");
		check_record(samples, record);
	}
	mmapshare_ring_release(samples);
	send_command(control, DAQ_RATE, 0);
	printf("%lu records of %d channels, %d samples each\n", taken, CHANNELS, COUNT);
	printf("lost: %llu according to the ring, %lu according to sequence numbers\n",
	       (unsigned long long)mmapshare_ring_lost(samples), gaps);
	printf("wrong samples: %lu\n", wrong);
	mmapshare_ring_close(samples);
	mmapshare_ring_close(control);
	return 0;
}
