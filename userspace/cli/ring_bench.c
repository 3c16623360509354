// SPDX-License-Identifier: MIT
/* ring bench: throughput and round-trip latency between two processes */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
#include "ring.h"

#define RING_SIZE	(1UL << 20)
#define BATCH		1024	/* records between reads of the clock */

struct bench_args {
	uint32_t length;	/* 0: each of the default lengths */
	double seconds;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct bench_args *b = state->input;

	switch (key) {
	case 'l':
		b->length = parse_number(arg, "LENGTH");
		if (!b->length || b->length > RING_SIZE / 16)
			fail_usage("'%s': LENGTH must be from 1 to %lu", arg, RING_SIZE / 16);
		return 0;
	case 't':
		b->seconds = parse_seconds(arg);
		return 0;
	case ARGP_KEY_ARG:
		fail_usage("'%s': bench takes no arguments", arg);
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option options[] = {
	{ "length", 'l', "LENGTH", 0, "record length in bytes (default: 64, 512 and 4096)", 0 },
	{ "time", 't', "SECONDS", 0, "duration of each measurement (default 1)", 0 },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Measure the throughput of a ring between two processes, and the round-trip time "
	       "when both sleep.",
};

static void check(const char *what, int ret)
{
	if (ret)
		fail("%s: %s", what, strerror(-ret));
}

/* Both endpoints of a ring; children inherit them. */
struct pair {
	struct mmapshare_endpoint *producer, *consumer;
};

static void make_pair(struct pair *pair)
{
	struct mmapshare *region;
	int ret = mmapshare_ring_create(&region, NULL, RING_SIZE, 0, 1, 0);

	if (ret)
		fail_error(OP_CREATE | OP_CREATE_RING, NULL, NULL, ret);
	check("attach", mmapshare_ring_attach(&pair->producer, region,
					      MMAPSHARE_RING_ATTACH_PRODUCER));
	check("attach", mmapshare_ring_attach(&pair->consumer, region,
					      MMAPSHARE_RING_ATTACH_CONSUMER));
	mmapshare_close(region);
}

static pid_t fork_peer(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void wait_for_peer(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		fail("the peer process failed");
}

/* Load the whole record, as a real consumer does. */
static uint64_t sum_words(const void *record, size_t length)
{
	const unsigned char *bytes = record;
	uint64_t sum = 0, word;
	size_t i;

	for (i = 0; i + 8 <= length; i += 8) {
		memcpy(&word, bytes + i, 8);
		sum += word;
	}
	return sum;
}

static int consume_all(struct mmapshare_endpoint *ep)
{
	volatile uint64_t sum = 0;
	const void *record;
	size_t length;
	int ret;

	do {
		while (!(ret = mmapshare_ring_next(ep, &record, &length)))
			sum += sum_words(record, length);
		mmapshare_ring_release(ep);
		if (ret == -EAGAIN)
			ret = mmapshare_ring_wait(ep, 0, -1);
	} while (!ret);
	return ret != -EPIPE;
}

static void write_record(struct mmapshare_endpoint *ep, const void *data, size_t length)
{
	int ret;

	while ((ret = mmapshare_ring_write(ep, data, length)) == -EAGAIN)
		check("wait", mmapshare_ring_wait(ep, 0, -1));
	check("write", ret);
}

/* A producer that finds the ring full sleeps until half of it is free. */
static void measure_throughput(uint32_t length, double seconds)
{
	static char data[RING_SIZE / 16];
	const double start = monotonic_time();
	uint64_t records = 0;
	struct pair pair;
	double elapsed;
	pid_t pid;
	int i;

	make_pair(&pair);
	mmapshare_ring_set_wake_bytes(pair.producer, RING_SIZE / 2);
	pid = fork_peer();
	if (!pid) {
		mmapshare_ring_close(pair.producer);
		_exit(consume_all(pair.consumer));
	}
	mmapshare_ring_close(pair.consumer);
	while (monotonic_time() - start < seconds)
		for (i = 0; i < BATCH; i++, records++)
			write_record(pair.producer, data, length);
	mmapshare_ring_close(pair.producer);
	wait_for_peer(pid);
	elapsed = monotonic_time() - start;
	printf("%6u %12.0f %10.1f %10.1f\n", length, records / elapsed, elapsed * 1e9 / records,
	       records * length / elapsed / 1e6);
}

static int read_record(struct mmapshare_endpoint *ep)
{
	const void *record;
	size_t length;
	int ret;

	while ((ret = mmapshare_ring_next(ep, &record, &length)) == -EAGAIN) {
		ret = mmapshare_ring_wait(ep, 0, -1);
		if (ret)
			return ret;
	}
	return ret ? ret : mmapshare_ring_release(ep);
}

static int echo_records(struct mmapshare_endpoint *in, struct mmapshare_endpoint *out)
{
	int ret;

	while (!(ret = read_record(in)))
		write_record(out, "", 1);
	return ret != -EPIPE;
}

static void measure_latency(double seconds)
{
	const double start = monotonic_time();
	struct pair to, from;
	uint64_t rounds = 0;
	double elapsed;
	pid_t pid;

	make_pair(&to);
	make_pair(&from);
	pid = fork_peer();
	if (!pid) {
		mmapshare_ring_close(to.producer);
		mmapshare_ring_close(from.consumer);
		_exit(echo_records(to.consumer, from.producer));
	}
	mmapshare_ring_close(to.consumer);
	mmapshare_ring_close(from.producer);
	for (; monotonic_time() - start < seconds; rounds++) {
		write_record(to.producer, "", 1);
		check("read", read_record(from.consumer));
	}
	elapsed = monotonic_time() - start;
	mmapshare_ring_close(to.producer);
	mmapshare_ring_close(from.consumer);
	wait_for_peer(pid);
	printf("round trip with sleep: %.1f us\n", elapsed * 1e6 / rounds);
}

int ring_bench(int argc, char **argv)
{
	static const uint32_t lengths[] = { 64, 512, 4096 };
	struct bench_args b = { .seconds = 1 };
	size_t i;

	parse_arguments(&argp, argc, argv, &b);
	printf("LENGTH    RECORDS/S  NS/RECORD       MB/S\n");
	if (b.length)
		measure_throughput(b.length, b.seconds);
	for (i = 0; !b.length && i < ARRAY_SIZE(lengths); i++)
		measure_throughput(lengths[i], b.seconds);
	measure_latency(b.seconds);
	return STATUS_OK;
}
