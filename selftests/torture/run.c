// SPDX-License-Identifier: GPL-2.0
/* A worker's life. */
#include "torture.h"
#include <time.h>

#define PMD_SIZE	(2UL << 20)
#define ARENA_SIZE	((size_t)ARENA_PAGES * PAGE)

static const struct op {
	const char *name;
	unsigned int weight;
	void (*run)(struct worker *w);
} ops[] = {
	{ "mmap",		100, op_map },
	{ "munmap",		30, op_munmap },
	{ "mremap",		60, op_mremap },
	{ "mremap_refused",	20, op_mremap_refused },
	{ "mprotect",		60, op_mprotect },
	{ "madvise",		100, op_madvise },
	{ "populate",		20, op_populate },
	{ "mlock",		20, op_mlock },
	{ "msync",		10, op_msync },
	{ "load",		120, op_load },
	{ "store",		120, op_store },
	{ "probe",		20, op_probe },
	{ "read",		40, op_read },
	{ "write",		30, op_write },
	{ "fill",		20, op_fill },
	{ "checksum",		15, op_checksum },
	{ "splice",		15, op_splice },
	{ "process_vm_readv",	30, op_vm_readv },
	{ "process_vm_writev",	30, op_vm_writev },
	{ "proc_mem",		20, op_proc_mem },
	{ "vmsplice",		30, op_vmsplice },
	{ "direct_read",	30, op_direct_read },
	{ "direct_write",	30, op_direct_write },
	{ "futex",		20, op_futex },
	{ "smaps",		2, op_smaps },
	{ "reopen",		5, op_reopen },
	{ "common",		150, op_common },
	{ "anonymous",		10, op_anonymous },
	{ "named",		20, op_named },
	{ "seal",		5, op_seal },
	{ "read_only",		5, op_read_only },
	{ "revoke",		5, op_revoke },
	{ "bell",		10, op_bell },
	{ "ring",		40, op_ring },
	/* children have none of their own: these are the last */
	{ "fork",		4, op_fork },
	{ "kill",		2, op_kill },
};

_Static_assert(ARRAY_SIZE(ops) <= MAX_OPS, "the tally is too small");

static __thread struct worker *this_worker;

unsigned int count_op_kinds(void)
{
	return ARRAY_SIZE(ops);
}

const char *op_name(unsigned int kind)
{
	return ops[kind].name;
}

/* A worker only touches what he may. */
static void on_signal(int sig, siginfo_t *info, void *context)
{
	struct worker *w = this_worker;

	if (w)
		fail(w, "signal %d at arena %+ld", sig,
		     (long)((char *)info->si_addr - w->arena));
	_exit(1);
}

bool worker_pipes(struct worker *w)
{
	/* as large as all that a worker puts in: nobody ever waits */
	return !pipe2(w->pipe, O_CLOEXEC) && !pipe2(w->splice, O_CLOEXEC);
}

/*
 * The arena is where a PMD entry can begin. What is around it stays reserved,
 * so that nothing else becomes its neighbour.
 */
static char *make_arena(void)
{
	const size_t room = ARENA_SIZE + 2 * PMD_SIZE;
	char *mem = mmap(NULL, room, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mem == MAP_FAILED)
		return mem;
	return (char *)(((uintptr_t)mem + PMD_SIZE) & ~(PMD_SIZE - 1));
}

char *map_common(struct torture *t)
{
	return mmap(NULL, (size_t)t->pages * PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED, t->dev.fd, 0);
}

/* Everything that maps memory of its own: before anybody begins. */
struct worker *worker_open(struct torture *t, unsigned int id, char *common)
{
	struct worker *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (w == MAP_FAILED)
		return NULL;
	w->t = t;
	w->id = id;
	w->common = common;
	w->dice = t->seed ^ (id + 1) * 0xd1342543de82ef95ULL;
	w->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	w->fd_ro = open(DEVICE, O_RDONLY | O_CLOEXEC);
	w->disk = t->disk ? open(t->disk, O_RDWR | O_DIRECT | O_CLOEXEC) : -1;
	w->arena = make_arena();
	if (common == MAP_FAILED || w->fd < 0 || w->fd_ro < 0 || w->arena == MAP_FAILED ||
	    !worker_pipes(w))
		fail(w, "cannot begin: errno %d", errno);
	return w;
}

/* Leaves the worker's memory: it is small, and a page of it is looked at. */
void worker_close(struct worker *w)
{
	munmap(w->arena, ARENA_SIZE);
	close(w->pipe[0]);
	close(w->pipe[1]);
	close(w->splice[0]);
	close(w->splice[1]);
	close(w->fd);
	close(w->fd_ro);
	if (w->disk >= 0)
		close(w->disk);
}

static unsigned int some_op(struct worker *w)
{
	const unsigned int kinds = ARRAY_SIZE(ops) - (w->is_child ? 2 : 0);
	unsigned int i, all = 0, n;

	for (i = 0; i < kinds; i++)
		all += ops[i].weight;
	n = dice(w, all);
	for (i = 0; n >= ops[i].weight; i++)
		n -= ops[i].weight;
	return i;
}

static bool too_late(const struct torture *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return t->deadline && now.tv_sec >= t->deadline;
}

/*
 * What is in the arena the worker alone says from here on: nobody in the
 * process must map anything at an address of the kernel's choice any more.
 */
void worker_begin(struct worker *w)
{
	munmap(w->arena, ARENA_SIZE);
}

/* Ends earlier when any worker has failed. */
void run_ops(struct worker *w, uint64_t n)
{
	struct sigaction action = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO,
	};
	unsigned int kind;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	this_worker = w;
	for (; n && !w->failed; n--) {
		if (__atomic_load_n(&w->t->failed, __ATOMIC_RELAXED) ||
		    (w->done % 64 == 63 && too_late(w->t)))
			break;
		kind = some_op(w);
		ops[kind].run(w);
		w->done++;
		__atomic_add_fetch(&w->t->tally[kind], 1, __ATOMIC_RELAXED);
	}
}
