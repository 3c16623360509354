/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What the simulated data acquisition device and programs tell each other:
 * samples in the ring /dev/mmapshare-daq, commands in /dev/mmapshare-daq-control.
 */
#ifndef MMAPSHARE_DAQ_H
#define MMAPSHARE_DAQ_H

#include <linux/types.h>

#define DAQ_CHANNELS_MAX	16

/**
 * struct daq_record - a record of samples
 * @sequence: how many ticks there were before this one, whether or not there was
 *	room for their records
 * @time: of the first one, in nanoseconds since boot
 * @period: nanoseconds from one sample of a channel to the next
 * @channels: how many there are
 * @count: samples of each of them
 * @samples: the first of each channel, the second of each, and so on
 */
struct daq_record {
	__u64 sequence;
	__u64 time;
	__u32 period;
	__u16 channels;
	__u16 count;
	__s16 samples[];
};

enum daq_what {
	DAQ_RATE	= 1,	/* records a second; 0: none */
	DAQ_CHANNELS	= 2,	/* 1 to DAQ_CHANNELS_MAX */
	DAQ_COUNT	= 3,	/* samples of a channel in a record, 1 to 1024 */
	DAQ_WAVE	= 4,	/* enum daq_wave */
	DAQ_BURST	= 5,	/* records at each tick, as fast as it will go */
};

enum daq_wave {
	DAQ_SAW		= 0,
	DAQ_SQUARE	= 1,
	DAQ_TRIANGLE	= 2,
	DAQ_NOISE	= 3,
};

/**
 * struct daq_command - what is to be other from the next tick on
 * @what: enum daq_what
 * @value: to what; what cannot be is ignored
 */
struct daq_command {
	__u32 what;
	__u32 value;
};

#endif /* MMAPSHARE_DAQ_H */
