// SPDX-License-Identifier: MIT
/* notify and wait */
#include <errno.h>
#include <time.h>
#include "cli.h"

struct waiting {
	const char *name;
	uint64_t count;
	bool has_count;
	bool hang_up;
	double timeout;		/* negative: for ever */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct waiting *w = state->input;

	switch (key) {
	case 'c':
		w->count = parse_bytes(arg, "COUNT");
		w->has_count = true;
		return 0;
	case 't':
		w->timeout = parse_seconds(arg);
		return 0;
	case 'u':
		w->hang_up = true;
		return 0;
	case ARGP_KEY_ARG:
		if (w->name)
			fail_usage("%s: one REGION at a time", arg);
		w->name = arg;
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp notify_argp = {
	.parser = parse,
	.args_doc = "[REGION]",
	.doc = "Tell all who wait for a region, or for /dev/mmapshare, that there is "
	       "something new.",
};

int cmd_notify(int argc, char **argv)
{
	struct waiting w = { 0 };
	struct mmapshare *region;
	int ret;

	parse_arguments(&notify_argp, argc, argv, &w);
	region = open_region(w.name, MMAPSHARE_WRITE);
	ret = mmapshare_notify(region);
	if (ret)
		fail_error(OP_USE, w.name, region, ret);
	mmapshare_close(region);
	return STATUS_OK;
}

static const struct argp_option wait_options[] = {
	{ "count", 'c', "COUNT", 0, "notifications that are known (those till now)", 0 },
	{ "hang-up", 'u', NULL, 0, "end when all others have gone", 0 },
	{ "timeout", 't', "SECONDS", 0, "how long to wait (for ever)", 0 },
	{ 0 }
};

static const struct argp wait_argp = {
	.options = wait_options,
	.parser = parse,
	.args_doc = "[REGION]",
	.doc = "Wait until somebody notifies, and print how many notifications of the "
	       "region, or of /dev/mmapshare, there have been.",
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Nanoseconds until then; not a moment less than 0. */
static int64_t until(double end)
{
	const double left = end - now();

	return left > 0 ? left * 1e9 : 0;
}

/*
 * Those who have gone were there since the region was opened. Who does not mind
 * that they have opens it anew, and knows the same count as before.
 */
static int wait_for_others(struct mmapshare **region, struct waiting *w)
{
	const double end = now() + w->timeout;
	int ret;

	for (;;) {
		ret = mmapshare_wait(*region, &w->count,
				     w->timeout < 0 ? -1 : until(end));
		if (ret != -EPIPE || w->hang_up)
			return ret;
		mmapshare_close(*region);
		*region = open_region(w->name, MMAPSHARE_READ);
	}
}

int cmd_wait(int argc, char **argv)
{
	struct waiting w = { .timeout = -1 };
	struct mmapshare *region;
	int ret;

	parse_arguments(&wait_argp, argc, argv, &w);
	region = open_region(w.name, MMAPSHARE_READ);
	if (!w.has_count) {
		ret = mmapshare_wait(region, &w.count, 0);
		if (ret && ret != -ETIMEDOUT && ret != -EPIPE)
			fail_error(OP_USE, w.name, region, ret);
	}
	ret = wait_for_others(&region, &w);
	if (ret && ret != -ETIMEDOUT && ret != -EPIPE)
		fail_error(OP_USE, w.name, region, ret);
	mmapshare_close(region);
	if (ret)
		return ret == -EPIPE ? STATUS_HUNGUP : STATUS_TIMEOUT;
	printf("%llu\n", (unsigned long long)w.count);
	return STATUS_OK;
}
