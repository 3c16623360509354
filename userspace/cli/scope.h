/* SPDX-License-Identifier: MIT */
/* Declarations shared by the files of "mmapshare scope". */
#ifndef MMAPSHARE_CLI_SCOPE_H
#define MMAPSHARE_CLI_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../driver/examples/daq.h"

#define SAMPLES_MAX	4096

#define WAVES	(DAQ_NOISE + 1)
extern const char * const wave_names[WAVES];

/*
 * struct trace - the latest samples of all channels, taken at the same times
 * @name: the device
 * @wanted: samples of a channel to keep, at most SAMPLES_MAX
 * @count: samples of a channel that are stored, at most @wanted
 * @next: index in @samples of the next sample
 * @channels: channels in the last record; when it changes, all samples are
 *	discarded
 * @period: nanoseconds between two samples of a channel
 * @records: records read
 * @malformed: records that are not struct daq_record
 * @missed: gaps in the sequence numbers: records that the device dropped, or
 *	that were overwritten before they were read
 * @sequence: sequence number of the last record
 * @samples: a circular buffer for each channel
 */
struct trace {
	const char *name;
	size_t wanted;
	size_t count;
	size_t next;
	unsigned int channels;
	uint32_t period;
	uint64_t records;
	uint64_t malformed;
	uint64_t missed;
	uint64_t sequence;
	int16_t samples[DAQ_CHANNELS_MAX][SAMPLES_MAX];
};

/* The @i-th oldest of the stored samples. */
static inline int trace_sample(const struct trace *t, unsigned int channel, size_t i)
{
	return t->samples[channel][(t->next + SAMPLES_MAX - t->count + i) % SAMPLES_MAX];
}

/*
 * Get the terminal's size; false if standard output is not a terminal, or a
 * dumb one.
 */
bool scope_terminal(unsigned int *columns, unsigned int *rows);
/* Samples that fit into a row of the terminal. */
size_t scope_width(unsigned int columns);
/* Print the trace as curves on the terminal, or as a line of text. */
void scope_draw(const struct trace *t, double rate, unsigned int columns, unsigned int rows);
void scope_print(const struct trace *t, double rate);
/* Plot to @file with gnuplot; exits on failure. */
void scope_plot(const struct trace *t, const char *file);

#endif /* MMAPSHARE_CLI_SCOPE_H */
