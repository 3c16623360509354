/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection. After a thread has written N to its fail-nth, its Nth
 * operation that can fail does: a slab or page allocation, or a copy from or to
 * user space, by any code of the kernel. The tests repeat one system call with
 * N = 1, 2, ... until the call has fewer than N such operations.
 *
 * Needs root, and a kernel with CONFIG_FAULT_INJECTION_DEBUG_FS, FAILSLAB,
 * FAIL_PAGE_ALLOC and FAULT_INJECTION_USERCOPY; otherwise the program is
 * skipped.
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

#define INJECT_MAX	100000U	/* no call has so many failure points */
#define INJECT_TIMEOUT	280	/* seconds; emulated sanitizers are slow */

struct inject {
	int nth;		/* INJECT_NTH */
	long injected;		/* faults injected */
	long failed;		/* calls that failed because of one */
	char message[200];
};

static inline bool inject_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	close(fd);
	return n == (ssize_t)strlen(text);
}

/*
 * Make every allocation and copy a failure point, and do not log injected
 * failures. Returns NULL, or the reason why that is impossible.
 */
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
 * Inject only into calls whose stack has an address in [@start, @end) (@which is
 * "require"), or only into those without one ("reject"). False if the kernel has
 * no CONFIG_FAULT_INJECTION_STACKTRACE_FILTER.
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

static inline bool inject_filter_reset(void)
{
	return inject_filter("require", 0, -1UL) && inject_filter("reject", 0, 0);
}

/*
 * Do not inject into callees of the kernel function whose name begins with
 * @name.
 */
static inline bool inject_reject_caller(const char *name)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	unsigned long start = 0, end = 0, address;
	char line[512], symbol[256];

	/* kallsyms is sorted by address */
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
 * A failing vmalloc() without __GFP_NOWARN dumps the memory state to the log; the
 * stack of a new task is such an allocation.
 */
#define INJECT_REJECT_VMALLOC	"__vmalloc_node_range"

/*
 * When remap_pfn_range() fails for a contiguous mapping, 6.12 warns that it finds
 * no page table entry for it (get_pat_info(), gone in 6.16).
 */
#define INJECT_REJECT_REMAP	"remap_pfn_range_notrack"

/*
 * Unregister the thread's restartable sequence: the kernel stores the CPU
 * number there when the thread is scheduled, and kills the thread if that
 * fails. After fork() the kernel has to copy the page for that store, and the
 * allocation could be made to fail.
 */
static inline void inject_no_rseq(void)
{
#if defined(RSEQ_SIG) && defined(__x86_64__)
	syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset,
		sizeof(struct rseq), RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
#endif
}

/* fork() without the work the C library's fork() does before and after. */
static inline long fork_raw(void)
{
#ifdef SYS_fork
	return syscall(SYS_fork);
#else
	return syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);
#endif
}

/* Runs before main(): one skip for the program, not one for each test. */
static void __attribute__((constructor)) inject_or_skip(void)
{
	const char *missing = inject_missing();

	if (!missing) {
		inject_filter_reset();
		inject_no_rseq();
		return;
	}
	printf("TAP version 13\n1..0 # SKIP %s\n", missing);
	exit(KSFT_SKIP);
}

/* Between inject_arm() and inject_disarm() only the tested call may run. */
static inline void inject_arm(struct inject *in, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(in->nth, text, len, 0) != len)
		abort();
}

/*
 * Returns 0 if the Nth failure point has failed, else by how many the call has
 * had fewer than N. pread() and pwrite() copy to and from user space, so that a
 * pending fault can hit them: retry.
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

/* The return value as the kernel returns it: minus the errno on failure. */
#define result_of(ret)							\
	({								\
		long _ret = (long)(ret);				\
									\
		_ret == -1 ? -errno : _ret;				\
	})

static inline const char *inject_message(struct inject *in, unsigned int n,
					 const char *what, long ret)
{
	if (ret < 0)
		snprintf(in->message, sizeof(in->message), "at %u: %s: %s", n,
			 what, strerror(-ret));
	else
		snprintf(in->message, sizeof(in->message), "at %u: %s", n, what);
	return in->message;
}

static inline bool inject_is_expected(const int *errnos, long ret)
{
	while (*errnos && -ret != *errnos)
		errnos++;
	return *errnos;
}

/*
 * The call under test. Only @call runs with a fault pending; it returns minus the
 * errno on failure. @after gets its result, checks and restores the state, and
 * returns NULL or a message. @errnos are the permitted ones, 0-terminated.
 */
struct inject_case {
	long (*call)(void *arg);
	const char *(*after)(void *arg, long ret);
	void *arg;
	const int *errnos;
	bool no_retry;	/* too slow to repeat after each fault */
};

/*
 * Call with a fault at the @n-th failure point. Sets @hit to true if the call
 * has had that many; then repeats the call without a fault.
 */
static inline const char *inject_once(struct inject *in, unsigned int n,
				      const struct inject_case *c, bool *hit)
{
	const char *error;
	long ret;

	inject_arm(in, n);
	ret = c->call(c->arg);
	*hit = !inject_disarm(in);
	in->injected += *hit;
	in->failed += *hit && ret < 0;
	if (ret < 0 && !*hit)
		return inject_message(in, n, "fails without a fault", ret);
	if (ret < 0 && !inject_is_expected(c->errnos, ret))
		return inject_message(in, n, "unexpected errno", ret);
	error = c->after(c->arg, ret);
	if (error)
		return inject_message(in, n, error, ret);
	if (!*hit || c->no_retry)
		return NULL;

	ret = c->call(c->arg);
	if (ret < 0)
		return inject_message(in, n, "retry fails", ret);
	error = c->after(c->arg, ret);
	return error ? inject_message(in, n, error, ret) : NULL;
}

/* Returns "" or a message. */
static inline const char *inject_sweep(struct inject *in,
				       const struct inject_case *c)
{
	const char *error;
	unsigned int n;
	bool hit;
	long ret;

	/* no fault yet: some allocations happen in the first call only */
	ret = c->call(c->arg);
	if (ret < 0)
		return inject_message(in, 0, "fails without a fault", ret);
	error = c->after(c->arg, ret);
	if (error)
		return inject_message(in, 0, error, ret);

	for (n = 1; n < INJECT_MAX; n++) {
		error = inject_once(in, n, c, &hit);
		if (error)
			return error;
		if (!hit)
			return "";
	}
	return "more than INJECT_MAX failure points";
}

/*
 * Map the device at an address with no mapping near it, so that no page table
 * exists, except with strategies that populate the mapping in mmap().
 */
#define INJECT_FAR	((void *)(1UL << 45))

static inline char *inject_map_far(const struct device *dev, size_t offset,
				   size_t length, int flags)
{
	return mmap(INJECT_FAR, length, PROT_READ | PROT_WRITE, flags, dev->fd,
		    offset);
}

/* Resources that a failed call could leak. */
struct inject_resources {
	long maps;		/* VMAs of the region */
	long users;		/* module references */
	long vmalloc_areas;	/* of the module */
	long page_tables;	/* pages */
	long unevictable;	/* pages */
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

static inline struct inject_resources inject_snapshot(int fd)
{
	struct inject_resources w = {
		.maps = fd < 0 ? 0 : count_maps(fd),
		.users = inject_read_long("/sys/module/mmapshare/refcnt"),
		.vmalloc_areas = inject_count_lines("/proc/vmallocinfo", "[mmapshare]"),
	};
	char name[64];
	long value;
	FILE *f;

	/* fold the per-CPU counters into vmstat */
	inject_read_long("/proc/sys/vm/stat_refresh");
	f = fopen("/proc/vmstat", "re");
	while (f && fscanf(f, "%63s %ld", name, &value) == 2) {
		if (!strcmp(name, "nr_page_table_pages"))
			w.page_tables = value;
		else if (!strcmp(name, "nr_unevictable"))
			w.unevictable = value;
		else if (!strcmp(name, "nr_free_pages"))
			w.free = value;
	}
	if (f)
		fclose(f);
	return w;
}

/*
 * Tolerances: other tasks allocate and free pages, and a sanitizer delays
 * frees. They hide no leak: a page leaked in each call would exceed
 * INJECT_SLACK in page_tables, and a leaked region changes the other counters.
 */
#define INJECT_SLACK		32
#define INJECT_SLACK_FREE	8192

static inline const char *inject_find_leak(struct inject *in,
					   const struct inject_resources *before,
					   const struct inject_resources *now)
{
	if (now->maps == before->maps && now->users == before->users &&
	    now->vmalloc_areas == before->vmalloc_areas &&
	    now->page_tables <= before->page_tables + INJECT_SLACK &&
	    now->unevictable <= before->unevictable + INJECT_SLACK &&
	    now->free >= before->free - INJECT_SLACK_FREE)
		return "";
	snprintf(in->message, sizeof(in->message),
		 "more than before: %ld VMAs, %ld module users, %ld vmalloc areas, %ld page tables, %ld unevictable pages, %ld free pages",
		 now->maps - before->maps, now->users - before->users,
		 now->vmalloc_areas - before->vmalloc_areas,
		 now->page_tables - before->page_tables,
		 now->unevictable - before->unevictable, now->free - before->free);
	return in->message;
}

/* summary.awk parses this line. */
static inline void inject_report(const struct inject *in)
{
	printf("# injected %ld failures, %ld calls failed\n", in->injected,
	       in->failed);
	fflush(stdout);
}

/* The fixture of tests of a call on the device. */
FIXTURE(inject) {
	struct device dev;
	struct inject in;
	struct inject_resources before;
};

FIXTURE_SETUP(inject)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->in.nth = open(INJECT_NTH, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->in.nth);
	inject_snapshot(self->dev.fd);
	self->before = inject_snapshot(self->dev.fd);
}

FIXTURE_TEARDOWN(inject)
{
	struct inject_resources now = inject_snapshot(self->dev.fd);

	EXPECT_STREQ("", inject_find_leak(&self->in, &self->before, &now));
	inject_report(&self->in);
	close(self->in.nth);
	close(self->dev.fd);
}

/* Permitted errnos of calls that only allocate, and of those that also copy. */
static const int inject_enomem[] __attribute__((unused)) = { ENOMEM, 0 };
static const int inject_efault[] __attribute__((unused)) = { ENOMEM, EFAULT, 0 };

#endif /* INJECT_H */
