// SPDX-License-Identifier: MIT
/* ring bench: how fast records go from one process to another */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include "ring.h"

#define RING_SIZE	(1UL << 20)
#define AT_ONCE		1024	/* between looks at the clock */

struct benchmark {
	uint32_t length;	/* 0: several */
	double seconds;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct benchmark *b = state->input;

	switch (key) {
	case 'l':
		b->length = parse_bytes(arg, "LENGTH");
		if (!b->length || b->length > RING_SIZE / 16)
			fail_usage("%s: LENGTH is 1 to %lu", arg, RING_SIZE / 16);
		return 0;
	case 't':
		b->seconds = parse_seconds(arg);
		return 0;
	case ARGP_KEY_ARG:
		fail_usage("%s: there is nothing to name", arg);
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option options[] = {
	{ "length", 'l', "LENGTH", 0, "bytes of a record (64, 512 and 4096)", 0 },
	{ "time", 't', "SECONDS", 0, "how long for each (1)", 0 },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Measure how fast records go from one process to another, and how long it "
	       "takes to wake one another up.",
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void check(const char *what, int ret)
{
	if (ret)
		fail("%s: %s", what, strerror(-ret));
}

/* A ring, with both ends of it here, and so in children. */
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

static pid_t start(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void finish(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		fail("the other process has failed");
}

/* All of a record is looked at, as whoever uses it would. */
static uint64_t use(const void *record, size_t length)
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

static int consume(struct mmapshare_endpoint *ep)
{
	volatile uint64_t sum = 0;
	const void *record;
	size_t length;
	int ret;

	do {
		while (!(ret = mmapshare_ring_next(ep, &record, &length)))
			sum += use(record, length);
		mmapshare_ring_release(ep);
		if (ret == -EAGAIN)
			ret = mmapshare_ring_wait(ep, 0, -1);
	} while (!ret);
	return ret != -EPIPE;
}

static void put(struct mmapshare_endpoint *ep, const void *data, size_t length)
{
	int ret;

	while ((ret = mmapshare_ring_write(ep, data, length)) == -EAGAIN)
		check("wait", mmapshare_ring_wait(ep, 0, -1));
	check("write", ret);
}

/* Who has to wait does it until it is worth it. */
static void throughput(uint32_t length, double seconds)
{
	static char data[RING_SIZE / 16];
	const double begin = now();
	uint64_t records = 0;
	struct pair pair;
	double took;
	pid_t pid;
	int i;

	make_pair(&pair);
	mmapshare_ring_set_wake_bytes(pair.producer, RING_SIZE / 2);
	pid = start();
	if (!pid) {
		mmapshare_ring_close(pair.producer);
		_exit(consume(pair.consumer));
	}
	mmapshare_ring_close(pair.consumer);
	while (now() - begin < seconds)
		for (i = 0; i < AT_ONCE; i++, records++)
			put(pair.producer, data, length);
	mmapshare_ring_close(pair.producer);
	finish(pid);
	took = now() - begin;
	printf("%6u %12.0f %10.1f %10.1f\n", length, records / took, took * 1e9 / records,
	       records * length / took / 1e6);
}

static int take(struct mmapshare_endpoint *ep)
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

static int answer(struct mmapshare_endpoint *in, struct mmapshare_endpoint *out)
{
	int ret;

	while (!(ret = take(in)))
		put(out, "", 1);
	return ret != -EPIPE;
}

static void latency(double seconds)
{
	const double begin = now();
	struct pair to, from;
	uint64_t rounds = 0;
	double took;
	pid_t pid;

	make_pair(&to);
	make_pair(&from);
	pid = start();
	if (!pid) {
		mmapshare_ring_close(to.producer);
		mmapshare_ring_close(from.consumer);
		_exit(answer(to.consumer, from.producer));
	}
	mmapshare_ring_close(to.consumer);
	mmapshare_ring_close(from.producer);
	for (; now() - begin < seconds; rounds++) {
		put(to.producer, "", 1);
		check("take", take(from.consumer));
	}
	took = now() - begin;
	mmapshare_ring_close(to.producer);
	mmapshare_ring_close(from.consumer);
	finish(pid);
	printf("to and fro, asleep in between: %.1f us\n", took * 1e6 / rounds);
}

int ring_bench(int argc, char **argv)
{
	static const uint32_t lengths[] = { 64, 512, 4096 };
	struct benchmark b = { .seconds = 1 };
	size_t i;

	parse_arguments(&argp, argc, argv, &b);
	printf("LENGTH    RECORDS/S  NS/RECORD       MB/S\n");
	if (b.length)
		throughput(b.length, b.seconds);
	for (i = 0; !b.length && i < ARRAY_SIZE(lengths); i++)
		throughput(lengths[i], b.seconds);
	latency(b.seconds);
	return STATUS_OK;
}
