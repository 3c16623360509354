// SPDX-License-Identifier: MIT
/* notify and wait */
#include <errno.h>
#include "cli.h"

/* The status of a wait, which has no error message. */
#define IS_STATUS(ret)	((ret) == -ETIMEDOUT || (ret) == -EPIPE)

struct wait_args {
	const char *name;
	uint64_t count;
	bool has_count;
	bool hang_up;
	double timeout;		/* seconds; negative: none */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct wait_args *w = state->input;

	switch (key) {
	case 'c':
		w->count = parse_number(arg, "COUNT");
		w->has_count = true;
		return 0;
	case 't':
		w->timeout = parse_timeout(arg);
		return 0;
	case 'u':
		w->hang_up = true;
		return 0;
	case ARGP_KEY_ARG:
		if (w->name)
			fail_usage("'%s': extra argument; only one REGION is allowed", arg);
		w->name = arg;
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp notify_argp = {
	.parser = parse,
	.args_doc = "[REGION]",
	.doc = "Notify REGION (default /dev/mmapshare): increment its count of notifications and "
	       "wake all waiters.",
};

int cmd_notify(int argc, char **argv)
{
	struct wait_args w = { 0 };
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
	{ "count", 'c', "COUNT", 0,
	  "wait until the count differs from COUNT (default: the current count)", 0 },
	{ "hang-up", 'u', NULL, 0,
	  "exit with status 4 when no other process has the region open", 0 },
	{ "timeout", 't', "SECONDS", 0,
	  "exit with status 3 after SECONDS (default: no timeout)", 0 },
	{ 0 }
};

static const struct argp wait_argp = {
	.options = wait_options,
	.parser = parse,
	.args_doc = "[REGION]",
	.doc = "Wait until REGION (default /dev/mmapshare) is notified, and print its count of "
	       "notifications.",
};

/* Nanoseconds until @end; 0 if it has passed. */
static int64_t remaining_ns(double end)
{
	const double left = end - monotonic_time();

	return left > 0 ? left * 1e9 : 0;
}

/*
 * A descriptor is hung up once all peers that it ever had have closed the
 * region. Without --hang-up reopen the region, which makes a descriptor without
 * former peers; the known count stays valid.
 */
static int wait_for_notification(struct mmapshare **region, struct wait_args *w)
{
	const double end = monotonic_time() + w->timeout;
	int ret;

	for (;;) {
		ret = mmapshare_wait(*region, &w->count,
				     w->timeout < 0 ? -1 : remaining_ns(end));
		/* a signal, such as SIGCONT after SIGSTOP */
		if (ret == -EINTR)
			continue;
		if (ret != -EPIPE || w->hang_up)
			return ret;
		mmapshare_close(*region);
		*region = open_region(w->name, MMAPSHARE_READ);
	}
}

/*
 * A descriptor does not hang up before it has had a peer. With --hang-up there must
 * be one: else it may have died before this process opened the region. The count is
 * checked afterwards, because a peer may have notified the region and closed it.
 */
static int check_peer(const struct mmapshare *region, struct wait_args *w)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	int ret = mmapshare_get_info(region, &info);

	if (ret || info.files > 1)
		return ret;
	ret = mmapshare_wait(region, &w->count, 0);
	return ret == -ETIMEDOUT ? -EPIPE : ret;
}

/* Returns 0 after a notification, or a negative errno. */
static int run_wait(struct mmapshare **region, struct wait_args *w)
{
	int ret;

	if (!w->has_count) {
		ret = mmapshare_wait(*region, &w->count, 0);
		if (ret && !IS_STATUS(ret))
			return ret;
	}
	if (w->hang_up) {
		const uint64_t known = w->count;

		ret = check_peer(*region, w);
		if (ret || w->count != known)
			return ret;
	}
	return wait_for_notification(region, w);
}

int cmd_wait(int argc, char **argv)
{
	struct wait_args w = { .timeout = -1 };
	struct mmapshare *region;
	int ret;

	parse_arguments(&wait_argp, argc, argv, &w);
	region = open_region(w.name, MMAPSHARE_READ);
	ret = run_wait(&region, &w);
	if (ret && !IS_STATUS(ret))
		fail_error(OP_USE, w.name, region, ret);
	mmapshare_close(region);
	if (ret)
		return ret == -EPIPE ? STATUS_HUNGUP : STATUS_TIMEOUT;
	printf("%llu\n", (unsigned long long)w.count);
	return STATUS_OK;
}
