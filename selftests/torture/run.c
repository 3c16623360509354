// SPDX-License-Identifier: GPL-2.0
/* Workers: their files and arena, and the choice of operations. */
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
	{ "failure",		40, op_failure },
	/* not done by children, see choose_op(): keep these last */
	{ "stuck",		1, op_stuck },
	{ "fork",		4, op_fork },
	{ "kill",		2, op_kill },
};

_Static_assert(ARRAY_SIZE(ops) <= MAX_OPS, "MAX_OPS is too small");

static __thread struct worker *this_worker;

unsigned int count_op_kinds(void)
{
	return ARRAY_SIZE(ops);
}

const char *op_name(unsigned int kind)
{
	return ops[kind].name;
}

/* Only accesses of op_failure() may raise a signal. */
static void on_signal(int sig, siginfo_t *info, void *context)
{
	struct worker *w = this_worker;

	if (w && w->may_fail && sig == SIGBUS && on_memory_failure(w, info))
		return;
	if (w)
		fail(w, "signal %d at arena %+ld", sig,
		     (long)((char *)info->si_addr - w->arena));
	_exit(1);
}

bool worker_pipes(struct worker *w)
{
	/* no write blocks: a worker never writes more than a pipe can hold */
	return !pipe2(w->pipe, O_CLOEXEC) && !pipe2(w->splice, O_CLOEXEC);
}

/*
 * The arena starts at a multiple of PMD_SIZE. The ranges before and after it stay
 * reserved, so that no other mapping is adjacent to it.
 */
static char *make_arena(void)
{
	const size_t length = ARENA_SIZE + 2 * PMD_SIZE;
	char *mem = mmap(NULL, length, PROT_NONE,
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

/* Call before any worker of the process calls worker_begin(). */
struct worker *worker_open(struct torture *t, unsigned int id, char *common)
{
	struct worker *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (w == MAP_FAILED)
		return NULL;
	w->t = t;
	w->id = id;
	w->common = common;
	w->rng = t->seed ^ (id + 1) * 0xd1342543de82ef95ULL;
	w->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	w->fd_ro = open(DEVICE, O_RDONLY | O_CLOEXEC);
	w->disk = t->disk ? open(t->disk, O_RDWR | O_DIRECT | O_CLOEXEC) : -1;
	w->arena = make_arena();
	if (common == MAP_FAILED || w->fd < 0 || w->fd_ro < 0 || w->arena == MAP_FAILED ||
	    !worker_pipes(w))
		fail(w, "cannot open the worker's files or map its arena: errno %d", errno);
	return w;
}

/* Does not free @w: the caller still reads it. */
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

static unsigned int choose_op(struct worker *w)
{
	const unsigned int kinds = ARRAY_SIZE(ops) - (w->is_child ? 3 : 0);
	unsigned int i, sum = 0, n;

	for (i = 0; i < kinds; i++)
		sum += ops[i].weight;
	n = random_below(w, sum);
	for (i = 0; n >= ops[i].weight; i++)
		n -= ops[i].weight;
	return i;
}

static bool is_past_deadline(const struct torture *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return t->deadline && now.tv_sec >= t->deadline;
}

/*
 * Release the reservation of the arena. From here on no thread of the process may
 * let the kernel choose the address of a mapping: it could choose the arena.
 */
void worker_begin(struct worker *w)
{
	munmap(w->arena, ARENA_SIZE);
}

/* Does up to @n operations; stops early once a worker has failed. */
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
		    (w->done % 64 == 63 && is_past_deadline(w->t)))
			break;
		kind = choose_op(w);
		ops[kind].run(w);
		w->done++;
		__atomic_add_fetch(&w->t->op_count[kind], 1, __ATOMIC_RELAXED);
	}
}
