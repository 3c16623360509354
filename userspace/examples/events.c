// SPDX-License-Identifier: MIT
/*
 * Print the system calls and task switches that driver/examples/mmapshare_events.c
 * records, of all CPUs in the order of time, until the module is unloaded or the
 * program gets SIGINT or SIGTERM. Then print how many there were, and how many were
 * lost because a ring was full.
 */
#include <err.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>
#include <mmapshare.h>
#include "../../driver/examples/events.h"

/* Events between two releases, which give space back to the kernel */
#define BATCH		256
/* The kernel wakes this program for so many bytes, or after so many nanoseconds. */
#define WAKE_BYTES	16384
#define WAIT_NS		100000000
/* The kernel records an event within this time, so that all come in their order. */
#define WINDOW_NS	1000000

static volatile sig_atomic_t stopped;
static unsigned int types = ~0U;
static uint32_t only_tid;
static bool quiet;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void check(int ret, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s", what, strerror(-ret));
}

static uint32_t thread_of(const void *record, unsigned int type)
{
	if (type == EVENT_SCHED_SWITCH)
		return ((const struct event_sched_switch *)record)->next_tid;
	return ((const struct event_sys_exit *)record)->tid;
}

static void print_event(const void *record, unsigned int type)
{
	const struct event_sched_switch *sched = record;
	const struct event_sys_enter *enter = record;
	const struct event_sys_exit *leave = record;
	int i;

	switch (type) {
	case EVENT_SYS_ENTER:
		printf("sys_enter %u %u %d", enter->pid, enter->tid, enter->nr);
		for (i = 0; i < 6; i++)
			printf(" %#" PRIx64, (uint64_t)enter->args[i]);
		break;
	case EVENT_SYS_EXIT:
		printf("sys_exit %u %u %d %" PRId64, leave->pid, leave->tid, leave->nr,
		       (int64_t)leave->result);
		break;
	case EVENT_SCHED_SWITCH:
		printf("sched_switch %u %u %#x %.*s %.*s", sched->prev_tid, sched->next_tid,
		       sched->prev_state, EVENT_COMM, sched->prev_comm,
		       EVENT_COMM, sched->next_comm);
		break;
	}
	putchar('\n');
}

/* The kernel is the producer, and trusted: the lengths are those of the structures. */
static void take_event(struct mmapshare_set *set, const void *record)
{
	struct mmapshare_record_info info;

	check(mmapshare_set_record_info(set, &info), "time of a record");
	if (info.type >= EVENT_TYPES || !(types & 1U << info.type) || quiet)
		return;
	if (only_tid && thread_of(record, info.type) != only_tid)
		return;
	printf("%" PRIu64 ".%09" PRIu64 " %u ", (uint64_t)info.time / 1000000000,
	       (uint64_t)info.time % 1000000000, info.cpu);
	print_event(record, info.type);
}

static void wait_for_events(struct mmapshare_set *set)
{
	int ret;

	fflush(stdout);
	check(mmapshare_set_release(set), "release");
	ret = mmapshare_set_wait(set, 0, WAIT_NS);
	if (ret == -EPIPE)
		stopped = 1;
	else if (ret != -ETIMEDOUT && ret != -EINTR)
		check(ret, "wait");
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = stop };
	struct mmapshare_set *set;
	uint64_t taken = 0;
	const void *record;
	size_t length;
	int c, ret;

	while ((c = getopt(argc, argv, "qt:T:")) != -1) {
		if (c == 'q')
			quiet = true;
		else if (c == 't')
			types = strtoul(optarg, NULL, 0);
		else if (c == 'T')
			only_tid = strtoul(optarg, NULL, 0);
		else
			errx(1, "usage: events [-q] [-t TYPES] [-T THREAD]");
	}
	check(mmapshare_set_open(&set, "events", 0), "events");
	check(mmapshare_set_window(set, WINDOW_NS), "window");
	mmapshare_set_wake_bytes(set, WAKE_BYTES);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);

	while (!stopped) {
		ret = mmapshare_set_next(set, &record, &length, NULL);
		if (ret == -EAGAIN) {
			wait_for_events(set);
			continue;
		}
		check(ret, "next");
		take_event(set, record);
		if (++taken % BATCH == 0)
			check(mmapshare_set_release(set), "release");
	}
	fprintf(stderr, "%" PRIu64 " events, %" PRIu64 " lost\n", taken,
		mmapshare_set_lost(set));
	mmapshare_set_close(set);
	return 0;
}
