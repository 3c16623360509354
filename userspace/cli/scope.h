/* SPDX-License-Identifier: MIT */
/* What the files of "mmapshare scope" know of each other. */
#ifndef MMAPSHARE_CLI_SCOPE_H
#define MMAPSHARE_CLI_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../driver/examples/daq.h"

#define SAMPLES_MAX	4096

/*
 * struct trace - what was seen last, of all channels at the same times
 * @wanted: how many samples of each are kept, SAMPLES_MAX at most
 * @count: how many there are
 * @next: where the next one goes; if there are all, it is the oldest one's place
 * @channels: of the last record; with another one everything begins anew
 * @period: nanoseconds from one sample to the next
 * @records: how many were seen
 * @bad: and how many that were no records of samples
 * @missed: by their sequence numbers, what the device had no room for or was lost here
 */
struct trace {
	const char *name;
	size_t wanted;
	size_t count;
	size_t next;
	unsigned int channels;
	uint32_t period;
	uint64_t records;
	uint64_t bad;
	uint64_t missed;
	uint64_t sequence;
	int16_t samples[DAQ_CHANNELS_MAX][SAMPLES_MAX];
};

/* Sample @i of those there are, the oldest first. */
static inline int trace_sample(const struct trace *t, unsigned int channel, size_t i)
{
	return t->samples[channel][(t->next + SAMPLES_MAX - t->count + i) % SAMPLES_MAX];
}

/* Size of the terminal in characters; false if that is none, or cannot draw. */
bool scope_terminal(unsigned int *columns, unsigned int *rows);
/* Samples to a line of the terminal. */
size_t scope_width(unsigned int columns);
/* All of it on the terminal, or a line of text. */
void scope_draw(const struct trace *t, double rate, unsigned int columns, unsigned int rows);
void scope_print(const struct trace *t, double rate);
/* With gnuplot; the program ends if that cannot be. */
void scope_plot(const struct trace *t, const char *file);

#endif /* MMAPSHARE_CLI_SCOPE_H */
