// SPDX-License-Identifier: MIT
/*
 * contend: map, touch each page and unmap, by one process and by several at once,
 * of the same memory, or each of its own. They would get into each other's way by
 * locks and counters that they share.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

#define SIZE		(4 * MIB)
#define PROCESSES_MAX	2

/* Processes look at @go, and leave what it took them, and how often they did it. */
struct shared {
	int ready, go;
	uint64_t took[PROCESSES_MAX], times[PROCESSES_MAX];
};

static void cycle(struct memory *m)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	volatile char *at;
	size_t i;

	check("mmap", !memory_map(m, 0));
	at = m->at;
	for (i = 0; i < m->size; i += page)
		at[i] = 1;
	memory_unmap(m);
}

static void work(struct shared *s, int me, struct memory *m)
{
	uint64_t begin, took, times = 0;

	cycle(m);
	__atomic_add_fetch(&s->ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&s->go, __ATOMIC_ACQUIRE))
		sched_yield();
	begin = ticks();
	do {
		cycle(m);
		times++;
		took = ticks() - begin;
	} while (took < options.seconds * 1e9);
	s->took[me] = took;
	s->times[me] = times;
}

static void start(struct shared *s, int me, struct memory *m)
{
	pid_t pid = fork();

	check("fork", pid >= 0);
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	work(s, me, m);
	_exit(0);
}

/* What a cycle takes each of them. */
static double run_processes(struct memory *m, bool same, int n)
{
	struct shared *s = shared_memory(sizeof(*s));
	double sum = 0;
	int i, status;

	for (i = 0; i < n; i++)
		start(s, i, &m[same ? 0 : i]);
	while (__atomic_load_n(&s->ready, __ATOMIC_ACQUIRE) < n)
		sched_yield();
	__atomic_store_n(&s->go, 1, __ATOMIC_RELEASE);
	for (i = 0; i < n; i++)
		check("child", wait(&status) > 0 && !status);
	for (i = 0; i < n; i++)
		sum += (double)s->took[i] / s->times[i];
	munmap(s, sizeof(*s));
	return sum / n;
}

static const char *measure(const struct contender *c, const struct group *g,
			   double *values)
{
	struct memory m[PROCESSES_MAX];
	const char *why = NULL;
	int i;

	for (i = 0; i < PROCESSES_MAX && !why; i++)
		why = memory_open(&m[i], c->kind, SIZE);
	if (!why)
		*values = run_processes(m, !strcmp(g->what, "same"), g->size);
	while (i--)
		memory_close(&m[i]);
	return why;
}

static const struct contender contenders[] = {
	{ "memfd", measure, MEMFD, NULL },
	{ "fault", measure, FAULT, NULL },
	{ "huge", measure, HUGE, NULL },
	{ "vmalloc", measure, VMALLOC, NULL },
	{ "pfn", measure, PFN, NULL },
};

static void run(void)
{
	static const char * const ways[] = { "same", "own" };
	struct group g = {
		.experiment = "contend",
		.x = "processes",
		.contenders = contenders,
		.n_contenders = ARRAY_SIZE(contenders),
		.metrics = one_metric,
	};
	size_t way;

	for (way = 0; way < ARRAY_SIZE(ways); way++) {
		g.what = ways[way];
		for (g.size = 1; g.size <= PROCESSES_MAX; g.size++)
			compare(&g);
	}
}

const struct experiment contend_experiment = {
	.name = "contend",
	.doc = "one and two processes map 4 MiB, touch it and unmap it at once",
	.run = run,
	.timed_only = true,
};
