// SPDX-License-Identifier: MIT
/*
 * contend: one process, or two at the same time, map memory, touch each page
 * and unmap it. The two processes use the same memory, or each uses its own. If
 * mappings shared locks or counters, two processes would be slower than one.
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

/**
 * struct shared - memory that the parent and its children share
 * @ready: number of children that wait for @go
 * @go: set by the parent once all are ready
 * @took: nanoseconds that each child took
 * @cycles: number of cycles that each child did
 */
struct shared {
	int ready, go;
	uint64_t took[PROCESSES_MAX], cycles[PROCESSES_MAX];
};

static void run_cycle(struct memory *m)
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

static void run_child(struct shared *s, int child, struct memory *m)
{
	uint64_t begin, took, cycles = 0;

	run_cycle(m);
	__atomic_add_fetch(&s->ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&s->go, __ATOMIC_ACQUIRE))
		sched_yield();
	begin = read_clock();
	do {
		run_cycle(m);
		cycles++;
		took = read_clock() - begin;
	} while (took < options.seconds * 1e9);
	s->took[child] = took;
	s->cycles[child] = cycles;
}

static void start_child(struct shared *s, int child, struct memory *m)
{
	pid_t pid = fork();

	check("fork", pid >= 0);
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run_child(s, child, m);
	_exit(0);
}

/* Returns the duration of a cycle, averaged over the processes. */
static double run_processes(struct memory *m, bool same, int n)
{
	struct shared *s = shared_memory(sizeof(*s));
	double sum = 0;
	int i, status;

	for (i = 0; i < n; i++)
		start_child(s, i, &m[same ? 0 : i]);
	while (__atomic_load_n(&s->ready, __ATOMIC_ACQUIRE) < n)
		sched_yield();
	__atomic_store_n(&s->go, 1, __ATOMIC_RELEASE);
	for (i = 0; i < n; i++)
		check("child", wait(&status) > 0 && !status);
	for (i = 0; i < n; i++)
		sum += (double)s->took[i] / s->cycles[i];
	munmap(s, sizeof(*s));
	return sum / n;
}

static const char *measure(const struct contender *c, const struct group *g,
			   double *values)
{
	struct memory m[PROCESSES_MAX];
	const char *reason = NULL;
	int i;

	for (i = 0; i < PROCESSES_MAX && !reason; i++)
		reason = memory_open(&m[i], c->kind, SIZE);
	if (!reason)
		*values = run_processes(m, !strcmp(g->what, "same"), g->size);
	while (i--)
		memory_close(&m[i]);
	return reason;
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
	static const char * const modes[] = { "same", "own" };
	struct group g = {
		.experiment = "contend",
		.x = "processes",
		.contenders = contenders,
		.n_contenders = ARRAY_SIZE(contenders),
		.metrics = time_metric,
	};
	size_t mode;

	for (mode = 0; mode < ARRAY_SIZE(modes); mode++) {
		g.what = modes[mode];
		for (g.size = 1; g.size <= PROCESSES_MAX; g.size++)
			compare(&g);
	}
}

const struct experiment contend_experiment = {
	.name = "contend",
	.doc = "one process, then two at once, map 4 MiB, touch and unmap it",
	.run = run,
	.timed_only = true,
};
