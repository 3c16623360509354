/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection. A thread that has written N to its fail-nth has the Nth
 * thing fail that can: an allocation of a slab object or of pages, or a copy
 * from or to user space, whoever wants it. The programs here do so to the 1st, the
 * 2nd, ... of one system call, until it gets by without.
 *
 * Needs root, and a kernel with CONFIG_FAULT_INJECTION_DEBUG_FS, FAILSLAB,
 * FAIL_PAGE_ALLOC and FAULT_INJECTION_USERCOPY; elsewhere the program skips.
 */
#ifndef INJECT_H
#define INJECT_H

#include "map_fixture.h"
#include <sys/rseq.h>
#include <sys/syscall.h>

#define INJECT_NTH	"/proc/thread-self/fail-nth"
#define INJECT_DEBUG	"/sys/kernel/debug/"
static const char * const inject_faults[] = {
	"failslab", "fail_page_alloc", "fail_usercopy",
};

#define INJECT_MAX	100000U	/* more than any call has */
#define INJECT_TIMEOUT	280	/* under emulation, with sanitizers */

struct inject {
	int nth;		/* INJECT_NTH */
	long injected;		/* how often something was made to fail, */
	long failed;		/* and how often the call did, because of it */
	char problem[160];
};

static inline bool inject_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	close(fd);
	return n == (ssize_t)strlen(text);
}

/* Everything counts, and nothing is said of it in the kernel's log. */
static inline const char *inject_missing(void)
{
	static const char * const settings[][2] = {
		{ INJECT_DEBUG "failslab/ignore-gfp-wait", "N" },
		{ INJECT_DEBUG "failslab/verbose", "0" },
		{ INJECT_DEBUG "fail_page_alloc/ignore-gfp-wait", "N" },
		{ INJECT_DEBUG "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ INJECT_DEBUG "fail_page_alloc/min-order", "0" },
		{ INJECT_DEBUG "fail_page_alloc/verbose", "0" },
		{ INJECT_DEBUG "fail_usercopy/verbose", "0" },
	};
	size_t i;

	if (access(INJECT_NTH, F_OK))
		return "the kernel has no fault injection";
	if (geteuid())
		return "needs root";
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		if (!inject_put(settings[i][0], settings[i][1]))
			return settings[i][0];
	return NULL;
}

/*
 * Only what is called from somewhere in [@start, @end), or what is not; @which
 * is "require" or "reject". False where the kernel cannot tell.
 */
static inline bool inject_filter(const char *which, unsigned long start,
				 unsigned long end)
{
	char path[80], text[2][24];
	size_t i, j;

	snprintf(text[0], sizeof(text[0]), "%#lx", start);
	snprintf(text[1], sizeof(text[1]), "%#lx", end);
	for (i = 0; i < ARRAY_SIZE(inject_faults); i++) {
		for (j = 0; j < 2; j++) {
			snprintf(path, sizeof(path), INJECT_DEBUG "%s/%s-%s",
				 inject_faults[i], which, j ? "end" : "start");
			if (!inject_put(path, text[j]))
				return false;
		}
	}
	return true;
}

static inline bool inject_no_filter(void)
{
	return inject_filter("require", 0, -1UL) && inject_filter("reject", 0, 0);
}

/* Not what is called from a function of the kernel, whose name begins so. */
static inline bool inject_spare(const char *name)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	unsigned long start = 0, end = 0, address;
	char line[512], symbol[256];

	/* they come in the order of their addresses */
	while (symbols && !end && fgets(line, sizeof(line), symbols)) {
		if (sscanf(line, "%lx %*c %255s", &address, symbol) != 2)
			continue;
		if (start && address > start)
			end = address;
		else if (!strncmp(symbol, name, strlen(name)))
			start = address;
	}
	if (symbols)
		fclose(symbols);
	return end && inject_filter("reject", start, end);
}

/*
 * Where the kernel is asked for it, vmalloc() tells its whole state when it
 * fails; a thread's stack is such a case.
 */
#define INJECT_SPARE_VMALLOC	"__vmalloc_node_range"

/*
 * When it fails at a mapping that is one run of pages, 6.12 warns that it does
 * not find the pages it has not mapped (get_pat_info(), gone in 6.16).
 */
#define INJECT_SPARE_REMAP	"remap_pfn_range_notrack"

/*
 * The kernel stores the number of the CPU in a thread's restartable sequence
 * whenever it likes, and kills a thread where it cannot: after fork() it has to
 * copy the page first.
 */
static inline void inject_no_rseq(void)
{
#if defined(RSEQ_SIG) && defined(__x86_64__)
	syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset,
		sizeof(struct rseq), RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
#endif
}

/* Not the C library's: that has work of its own, before and after. */
static inline long fork_alone(void)
{
#ifdef SYS_fork
	return syscall(SYS_fork);
#else
	return syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);
#endif
}

/* Before main(): one skip for the program and not one for each of its tests. */
static void __attribute__((constructor)) inject_or_skip(void)
{
	const char *missing = inject_missing();

	if (!missing) {
		inject_no_filter();
		inject_no_rseq();
		return;
	}
	printf("TAP version 13\n1..0 # SKIP %s\n", missing);
	exit(KSFT_SKIP);
}

/* To be done with nothing but the call in between. */
static inline void inject_arm(struct inject *in, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(in->nth, text, len, 0) != len)
		abort();
}

/*
 * How many more it would have taken; 0 if it happened. These two copy to and
 * from user space themselves: what is left over can hit them.
 */
static inline unsigned int inject_disarm(struct inject *in)
{
	char text[16] = "";
	unsigned int left = 1;

	if (pread(in->nth, text, sizeof(text) - 1, 0) > 0)
		left = strtoul(text, NULL, 10);
	while (left && pwrite(in->nth, "0", 1, 0) != 1)
		;
	return left;
}

/* What a system call returned, as the kernel gave it. */
#define result_of(ret)							\
	({								\
		long _ret = (long)(ret);				\
									\
		_ret == -1 ? -errno : _ret;				\
	})

static inline const char *inject_problem(struct inject *in, unsigned int n,
					 const char *what, long ret)
{
	if (ret < 0)
		snprintf(in->problem, sizeof(in->problem), "at %u: %s: %s", n,
			 what, strerror(-ret));
	else
		snprintf(in->problem, sizeof(in->problem), "at %u: %s", n, what);
	return in->problem;
}

static inline bool inject_expects(const int *errnos, long ret)
{
	while (*errnos && -ret != *errnos)
		errnos++;
	return *errnos;
}

/*
 * One call to try. @call does it and returns minus an errno if it fails; it is
 * the only thing done with a failure ahead. @after is called after each, with
 * its result: it says what is wrong, or NULL, and makes everything as it was.
 * @errnos are those the call may fail with, ending in 0.
 */
struct inject_case {
	long (*call)(void *arg);
	const char *(*after)(void *arg, long ret);
	void *arg;
	const int *errnos;
	bool no_retry;	/* takes too long to be tried again each time */
};

/* Make the @n-th fail, and if it did, do it once more in peace. */
static inline const char *inject_once(struct inject *in, unsigned int n,
				      const struct inject_case *c, bool *hit)
{
	const char *wrong;
	long ret;

	inject_arm(in, n);
	ret = c->call(c->arg);
	*hit = !inject_disarm(in);
	in->injected += *hit;
	in->failed += *hit && ret < 0;
	if (ret < 0 && !*hit)
		return inject_problem(in, n, "fails of itself", ret);
	if (ret < 0 && !inject_expects(c->errnos, ret))
		return inject_problem(in, n, "no errno for this", ret);
	wrong = c->after(c->arg, ret);
	if (wrong)
		return inject_problem(in, n, wrong, ret);
	if (!*hit || c->no_retry)
		return NULL;

	ret = c->call(c->arg);
	if (ret < 0)
		return inject_problem(in, n, "retry fails", ret);
	wrong = c->after(c->arg, ret);
	return wrong ? inject_problem(in, n, wrong, ret) : NULL;
}

/* Returns what went wrong, "" if nothing did. */
static inline const char *inject_sweep(struct inject *in,
				       const struct inject_case *c)
{
	const char *wrong;
	unsigned int n;
	bool hit;
	long ret;

	/* what is done only once is done now */
	ret = c->call(c->arg);
	if (ret < 0)
		return inject_problem(in, 0, "fails of itself", ret);
	wrong = c->after(c->arg, ret);
	if (wrong)
		return inject_problem(in, 0, wrong, ret);

	for (n = 1; n < INJECT_MAX; n++) {
		wrong = inject_once(in, n, c, &hit);
		if (wrong)
			return wrong;
		if (!hit)
			return "";
	}
	return "it has not come to an end";
}

/*
 * A mapping of the device with nothing near it: all of its page tables are
 * missing, where a strategy does not make them at once.
 */
#define INJECT_FAR	((void *)(1UL << 45))

static inline char *inject_map_far(const struct device *dev, size_t offset,
				   size_t length, int flags)
{
	return mmap(INJECT_FAR, length, PROT_READ | PROT_WRITE, flags, dev->fd,
		    offset);
}

/* What calls that failed could have left behind. */
struct inject_world {
	long maps;		/* VMAs of the region */
	long users;		/* references to the module */
	long areas;		/* of the module in vmalloc space */
	long page_tables;	/* pages */
	long shmem;
	long free;
};

static inline long inject_read_long(const char *path)
{
	FILE *f = fopen(path, "re");
	long value = -1;

	if (f && fscanf(f, "%ld", &value) != 1)
		value = -1;
	if (f)
		fclose(f);
	return value;
}

static inline long inject_count_lines(const char *path, const char *word)
{
	FILE *f = fopen(path, "re");
	char line[512];
	long count = 0;

	while (f && fgets(line, sizeof(line), f))
		count += !!strstr(line, word);
	if (f)
		fclose(f);
	return count;
}

static inline struct inject_world inject_look(int fd)
{
	struct inject_world w = {
		.maps = fd < 0 ? 0 : count_maps(fd),
		.users = inject_read_long("/sys/module/mmapshare/refcnt"),
		.areas = inject_count_lines("/proc/vmallocinfo", "[mmapshare]"),
	};
	char name[64];
	long value;
	FILE *f;

	/* gathers what each CPU has counted for itself */
	inject_read_long("/proc/sys/vm/stat_refresh");
	f = fopen("/proc/vmstat", "re");
	while (f && fscanf(f, "%63s %ld", name, &value) == 2) {
		if (!strcmp(name, "nr_page_table_pages"))
			w.page_tables = value;
		else if (!strcmp(name, "nr_shmem"))
			w.shmem = value;
		else if (!strcmp(name, "nr_free_pages"))
			w.free = value;
	}
	if (f)
		fclose(f);
	return w;
}

/*
 * Pages come and go by some, all over the system, and a sanitizer keeps freed
 * objects for a while. Losing one page a call would show in page_tables, losing
 * a region in all others.
 */
#define INJECT_SLACK		32
#define INJECT_SLACK_FREE	8192

static inline const char *inject_lost(struct inject *in,
				      const struct inject_world *before,
				      const struct inject_world *now)
{
	if (now->maps == before->maps && now->users == before->users &&
	    now->areas == before->areas &&
	    now->page_tables <= before->page_tables + INJECT_SLACK &&
	    now->shmem <= before->shmem + INJECT_SLACK &&
	    now->free >= before->free - INJECT_SLACK_FREE)
		return "";
	snprintf(in->problem, sizeof(in->problem),
		 "%ld maps, %ld users, %ld vmalloc areas, %ld page tables, %ld pages of shmem, %ld free pages",
		 now->maps - before->maps, now->users - before->users,
		 now->areas - before->areas,
		 now->page_tables - before->page_tables,
		 now->shmem - before->shmem, now->free - before->free);
	return in->problem;
}

/* summary.awk adds up these. */
static inline void inject_report(const struct inject *in)
{
	printf("# injected %ld failures, %ld calls failed\n", in->injected,
	       in->failed);
	fflush(stdout);
}

/* The fixture of those who try one call on the device. */
FIXTURE(inject) {
	struct device dev;
	struct inject in;
	struct inject_world before;
};

FIXTURE_SETUP(inject)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->in.nth = open(INJECT_NTH, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->in.nth);
	inject_look(self->dev.fd);
	self->before = inject_look(self->dev.fd);
}

FIXTURE_TEARDOWN(inject)
{
	struct inject_world now = inject_look(self->dev.fd);

	EXPECT_STREQ("", inject_lost(&self->in, &self->before, &now));
	inject_report(&self->in);
	close(self->in.nth);
	close(self->dev.fd);
}

/* Errnos of calls that only allocate, and of those that also copy. */
static const int inject_enomem[] __attribute__((unused)) = { ENOMEM, 0 };
static const int inject_efault[] __attribute__((unused)) = { ENOMEM, EFAULT, 0 };

#endif /* INJECT_H */
