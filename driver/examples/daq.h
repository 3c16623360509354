/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of the simulated data acquisition device: programs read samples
 * from the ring /dev/mmapshare-daq and write commands to the ring
 * /dev/mmapshare-daq-control.
 */
#ifndef MMAPSHARE_DAQ_H
#define MMAPSHARE_DAQ_H

#include <linux/types.h>

#define DAQ_CHANNELS_MAX	16

/**
 * struct daq_record - a record of samples
 * @sequence: number of records produced before this one, including those for
 *	which the ring had no free space
 * @time: when the first sample was taken: CLOCK_MONOTONIC, in nanoseconds
 * @period: nanoseconds between two samples of a channel
 * @channels: number of channels
 * @count: number of samples of each channel
 * @samples: interleaved: the first sample of each channel, then the second of
 *	each channel, and so on
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
	DAQ_RATE	= 1,	/* ticks per second, 0 to 1000000; 0 stops */
	DAQ_CHANNELS	= 2,	/* 1 to DAQ_CHANNELS_MAX */
	DAQ_COUNT	= 3,	/* samples of a channel in a record, 1 to 1024 */
	DAQ_WAVE	= 4,	/* enum daq_wave */
	DAQ_BURST	= 5,	/* records per tick, 1 to 10000 */
};

enum daq_wave {
	DAQ_SAW		= 0,
	DAQ_SQUARE	= 1,
	DAQ_TRIANGLE	= 2,
	DAQ_NOISE	= 3,
};

/**
 * struct daq_command - change a setting, from the next tick on
 * @what: enum daq_what
 * @value: the new value; the command is ignored if it is out of range
 */
struct daq_command {
	__u32 what;
	__u32 value;
};

#endif /* MMAPSHARE_DAQ_H */
