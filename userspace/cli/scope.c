// SPDX-License-Identifier: MIT
/* scope: show the samples of the simulated data acquisition device. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "ring.h"
#include "scope.h"

/* Bytes of records to wait for: one wake-up for many records */
#define WAKE_BYTES	65536

struct scope {
	const char *name;
	const char *png;
	double interval;
	uint64_t count;
	int64_t rate, channels, wave;	/* sent to the device unless negative */
	bool terminal;
	unsigned int columns, rows;
	struct mmapshare_endpoint *ep;
	void *buffer;
	size_t size;
};

const char * const wave_names[WAVES] = {
	[DAQ_SAW] = "saw",
	[DAQ_SQUARE] = "square",
	[DAQ_TRIANGLE] = "triangle",
	[DAQ_NOISE] = "noise",
};

static int64_t parse_wave(const char *text)
{
	size_t i;

	for (i = 0; i < WAVES; i++)
		if (!strcmp(text, wave_names[i]))
			return i;
	fail_usage("'%s': WAVE must be saw, square, triangle or noise", text);
}

static int64_t parse_range(const char *text, const char *what, uint64_t min, uint64_t max)
{
	const uint64_t n = parse_number(text, what);

	if (n < min || n > max)
		fail_usage("'%s': %s must be from %llu to %llu", text, what,
			   (unsigned long long)min, (unsigned long long)max);
	return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct scope *s = state->input;

	switch (key) {
	case 'c':
		s->count = parse_number(arg, "COUNT");
		return 0;
	case 'C':
		s->channels = parse_range(arg, "CHANNELS", 1, DAQ_CHANNELS_MAX);
		return 0;
	case 'n':
		s->interval = parse_seconds(arg);
		return 0;
	case 'p':
		s->png = arg;
		return 0;
	case 'r':
		s->rate = parse_range(arg, "RATE", 0, 1000000);
		return 0;
	case 'w':
		s->wave = parse_wave(arg);
		return 0;
	case ARGP_KEY_ARG:
		set_name(&s->name, arg);
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option options[] = {
	{ "channels", 'C', "CHANNELS", 0, "set the number of channels, 1 to 16", 0 },
	{ "count", 'c', "COUNT", 0, "exit after COUNT updates (default: until interrupted)", 0 },
	{ "interval", 'n', "SECONDS", 0,
	  "update interval (default 0.1, or 1 if output is not a terminal)", 0 },
	{ "png", 'p', "FILE", 0, "plot the samples of one interval to FILE with gnuplot", 0 },
	{ "rate", 'r', "RATE", 0, "set the number of records a second, up to 1000000", 0 },
	{ "wave", 'w', "WAVE", 0, "set the waveform: saw, square, triangle or noise", 0 },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[NAME]",
	.doc = "Show the samples of the simulated data acquisition device, the module "
	       "mmapshare_daq. NAME is the module's parameter name, daq by default.",
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static void send_command(struct mmapshare_endpoint *control, const char *name, uint32_t what,
			 int64_t value)
{
	const struct daq_command command = { .what = what, .value = value };
	int ret;

	if (value < 0)
		return;
	ret = mmapshare_ring_write(control, &command, sizeof(command));
	if (ret)
		fail_error(OP_RING, name, NULL, ret);
}

/* Needs permission to write to the ring of commands. */
static void configure_device(const struct scope *s)
{
	struct mmapshare_endpoint *control;
	char *name;
	int ret;

	if (s->rate < 0 && s->channels < 0 && s->wave < 0)
		return;
	if (asprintf(&name, "%s-control", s->name) < 0)
		fail("%s", strerror(ENOMEM));
	ret = mmapshare_ring_open(&control, name, MMAPSHARE_RING_ATTACH_PRODUCER);
	if (ret)
		fail_error(OP_ATTACH_PRODUCER, name, NULL, ret);
	send_command(control, name, DAQ_CHANNELS, s->channels);
	send_command(control, name, DAQ_WAVE, s->wave);
	send_command(control, name, DAQ_RATE, s->rate);
	mmapshare_ring_close(control);
	free(name);
}

static void attach(struct scope *s)
{
	int ret = mmapshare_ring_open(&s->ep, s->name, MMAPSHARE_RING_ATTACH_CONSUMER |
				      MMAPSHARE_RING_ATTACH_LATEST);

	if (ret == -ENOENT && !strchr(s->name, '/'))
		fail("'%s': no such device; modprobe mmapshare_daq name=%s", s->name, s->name);
	if (ret)
		fail_error(OP_ATTACH_CONSUMER, s->name, NULL, ret);
	mmapshare_ring_set_wake_bytes(s->ep, WAKE_BYTES);
	s->size = mmapshare_ring_record_max(s->ep);
	s->buffer = malloc(s->size);
	if (!s->buffer)
		fail("%s", strerror(ENOMEM));
}

static bool is_daq_record(const struct daq_record *r, size_t length)
{
	return length >= sizeof(*r) && r->channels && r->channels <= DAQ_CHANNELS_MAX &&
	       length == sizeof(*r) + sizeof(r->samples[0]) * r->channels * r->count;
}

static void add_record(struct trace *t, const struct daq_record *r)
{
	unsigned int channel, i;

	if (r->channels != t->channels) {
		t->channels = r->channels;
		t->count = 0;
	}
	if (t->records && r->sequence > t->sequence)
		t->missed += r->sequence - t->sequence - 1;
	t->sequence = r->sequence;
	t->period = r->period;
	t->records++;
	for (i = 0; i < r->count; i++) {
		for (channel = 0; channel < t->channels; channel++)
			t->samples[channel][t->next] = r->samples[i * t->channels + channel];
		t->next = (t->next + 1) % SAMPLES_MAX;
	}
	t->count += r->count;
	if (t->count > t->wanted)
		t->count = t->wanted;
}

/* Read all records in the ring. Returns 0 or a negative errno. */
static int read_records(struct scope *s, struct trace *t)
{
	ssize_t length;

	while ((length = mmapshare_ring_read(s->ep, s->buffer, s->size)) >= 0) {
		if (is_daq_record(s->buffer, length))
			add_record(t, s->buffer);
		else
			t->malformed++;
	}
	return length == -EAGAIN ? 0 : length;
}

/* Read records until @end. Returns an exit status. */
static int collect_until(struct scope *s, struct trace *t, double end)
{
	double left;
	int ret = 0;

	while (!ret && !interrupted) {
		ret = read_records(s, t);
		left = end - monotonic_time();
		if (ret || left <= 0)
			break;
		ret = mmapshare_ring_wait(s->ep, 0, left * 1e9);
		if (ret == -ETIMEDOUT || ret == -EINTR)
			ret = 0;
	}
	if (ret == -EPIPE)
		return STATUS_HUNGUP;
	if (ret)
		fail_error(OP_RING, s->name, NULL, ret);
	return STATUS_OK;
}

static void show(struct scope *s, struct trace *t, double rate)
{
	if (s->terminal) {
		scope_terminal(&s->columns, &s->rows);
		t->wanted = scope_width(s->columns);
		scope_draw(t, rate, s->columns, s->rows);
	} else {
		scope_print(t, rate);
	}
	fflush(stdout);
}

static int run(struct scope *s, struct trace *t)
{
	uint64_t before, round;
	double start = monotonic_time();
	int status = STATUS_OK;

	for (round = 0; !status && !interrupted && (!s->count || round < s->count); round++) {
		before = t->records;
		status = collect_until(s, t, start + s->interval);
		if (!s->png)
			show(s, t, (t->records - before) / (monotonic_time() - start));
		start = monotonic_time();
		if (ferror(stdout))
			break;
	}
	return status;
}

/* On a terminal, draw on the alternate screen and restore the primary one. */
int cmd_scope(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = interrupt };
	struct scope s = { .rate = -1, .channels = -1, .wave = -1 };
	static struct trace trace;
	int status;

	parse_arguments(&argp, argc, argv, &s);
	if (!s.name)
		s.name = "daq";
	trace.name = s.name;
	attach(&s);
	configure_device(&s);
	s.terminal = !s.png && scope_terminal(&s.columns, &s.rows);
	trace.wanted = s.terminal ? scope_width(s.columns) : SAMPLES_MAX;
	if (!s.interval)
		s.interval = s.terminal ? 0.1 : 1;
	if (s.png)
		s.count = 1;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (s.terminal)
		printf("\033[?1049h\033[?25l");
	status = run(&s, &trace);
	if (s.terminal)
		printf("\033[?25h\033[?1049l");
	if (s.png)
		scope_plot(&trace, s.png);
	if (status == STATUS_HUNGUP)
		complain("'%s': the producer has detached", s.name);
	mmapshare_ring_close(s.ep);
	free(s.buffer);
	return status;
}
