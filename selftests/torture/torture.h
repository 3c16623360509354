/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Workers, threads in several processes, do random operations on mappings of the
 * region. A model says which bytes each operation may see.
 *
 * Each page of the region is owned by one worker, which alone stores to it. Pages
 * are stored as a whole; each 64-bit word encodes the page, the word's index and
 * the page's version. The owner sets page_model.begun before it stores a version
 * and page_model.done afterwards. A reader must find no version older than done
 * before it read, and none newer than begun after it read. If both are the same
 * version, the bytes must be exactly those of it.
 *
 * Each process has one common mapping of all pages, used by all its threads. Each
 * worker also has an address range of its own, the arena, with a struct place for
 * each page of it: what is mapped there, and by which VMA. Stores to a private
 * mapping use another tag, which no other mapping may show.
 *
 * The operations of a worker depend only on the seed and on the worker's id, not
 * on other workers or on time.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include "device.h"
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#endif

#define PAGE		4096
#define WORDS		(PAGE / 8)
#define BLOCK		4	/* contiguous pages with the same owner */
#define ARENA_PAGES	1024	/* the range of two PMD entries */
#define MAX_PAGES	4096	/* of the region that are used */
#define MAX_WORKERS	64
#define MAX_OPS		64	/* kinds of operations */
#define HISTORY		12
#define FAILING_PAGES	256	/* of the region whose memory fails */
#define FAILURES_MAX	64	/* pages lost until the machine restarts */

/* Written by the page's owner only: version * 2, + 1 if stored by FILL. */
struct page_model {
	uint32_t begun;
	uint32_t done;
};

/* Shared by all processes. */
struct torture {
	uint64_t seed;
	unsigned int processes;
	unsigned int threads;
	unsigned int pages;
	uint64_t ops;			/* per worker */
	int64_t deadline;		/* CLOCK_MONOTONIC, 0 for none */
	struct device dev;
	const char *disk;
	uint16_t tag;
	unsigned int failed;		/* workers; atomic */
	uint64_t op_count[MAX_OPS];	/* atomic */
	unsigned int finished;		/* workers; atomic */
	unsigned int may_exit;		/* finished workers wait for it */
	uint64_t hash[MAX_WORKERS];	/* each written by its worker */
	long vmas[MAX_WORKERS];
	struct page_model model[MAX_PAGES];
	int failing_fd;
	char *failing;			/* mapped by all processes */
	bool can_fail;			/* the kernel can inject memory failures */
	bool is_uml;
	unsigned int n_failures;	/* atomic */
	unsigned int page_state[FAILING_PAGES];	/* atomic */
};

enum kind { NOTHING, SHARED, PRIVATE };

/* The content of a page of a private mapping. */
enum copy {
	CLEAN,		/* the region's page */
	MAYBE,		/* CLEAN, or a copy made since place.version */
	OWN,		/* a copy the worker has stored to */
};

/* Attributes of a VMA: VMAs whose attributes differ are not merged. */
#define ATTR_READ_ONLY	0x01	/* mapped from a read-only descriptor */
#define ATTR_RANDOM	0x02
#define ATTR_SEQUENTIAL	0x04
#define ATTR_HUGE	0x08
#define ATTR_NO_HUGE	0x10
#define ATTR_DONTFORK	0x20

struct place {
	uint8_t kind;
	uint8_t prot;
	uint8_t attr;
	uint8_t copy;
	uint16_t page;		/* of the region */
	uint32_t vma;		/* id, differs between adjacent VMAs */
	uint32_t version;	/* of a copy, see enum copy */
};

struct event {
	const char *op;
	unsigned int at, n;
	long arg;
	int error;
};

/* Used by one thread; a forked child has a copy. */
struct worker {
	uint64_t buf[BLOCK * WORDS] __attribute__((aligned(PAGE)));
	struct torture *t;
	unsigned int id;
	uint64_t rng;
	uint64_t hash;
	uint64_t done;
	bool is_child;
	bool failed;
	int fd, fd_ro, disk;
	int pipe[2];		/* empty between operations */
	int splice[2];		/* holds the pages of the last vmsplice() */
	unsigned int n_spliced, spliced[BLOCK];
	char *volatile may_fail;	/* the page that may raise SIGBUS, or NULL */
	volatile bool injecting;	/* MADV_HWPOISON is being called for it */
	char *common;		/* mapping of all workers of the process */
	char *arena;
	uint32_t next_vma;
	uint32_t private_version;
	struct place place[ARENA_PAGES];
	struct event history[HISTORY];
	uint64_t n_events;
};

/* Pages about to be read, and the oldest version each may show. */
struct view {
	unsigned int n;
	struct {
		uint32_t page, from;
		bool own;
	} at[BLOCK];
};

/* model.c */
uint64_t from_environment(const char *name, uint64_t fallback);
uint64_t seed_from_environment(void);
uint64_t random_below(struct worker *w, uint64_t limit);
struct event *note(struct worker *w, const char *op, unsigned int at,
		   unsigned int n, long arg);
void fail(struct worker *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool expect(struct worker *w, long ret, int error);
char *address(struct worker *w, unsigned int at);
bool owns(struct worker *w, unsigned int page);
unsigned int own_page(struct worker *w);
void make_page(struct torture *t, uint64_t *words, unsigned int page,
	       uint32_t version);
void make_private(struct torture *t, uint64_t *words, unsigned int page,
		  uint32_t version);
uint32_t begin_store(struct torture *t, unsigned int page, bool fill);
void end_store(struct torture *t, unsigned int page);
uint64_t fill_word(struct torture *t, unsigned int page, uint32_t version);
void view_pages(struct worker *w, struct view *v, unsigned int page,
		unsigned int n);
void view_places(struct worker *w, struct view *v, unsigned int at,
		 unsigned int n);
bool view_check(struct worker *w, const struct view *v, const uint64_t *words);
uint32_t crc32c_update(uint32_t crc, const void *data, size_t length);

/*
 * next_mapped(): the first mapped page of the arena from @at on, wrapping around.
 * run_at(): the pages of the VMA from @at on, at most @max.
 */
unsigned int next_mapped(struct worker *w, unsigned int at);
unsigned int run_at(struct worker *w, unsigned int at, unsigned int max);
void clear_places(struct worker *w, unsigned int at, unsigned int n);
void split(struct worker *w, unsigned int at);
long count_vmas(struct worker *w);

/* One operation each: maps.c, access.c, common.c, regions.c, ... */
void op_map(struct worker *w);
void op_munmap(struct worker *w);
void op_mremap(struct worker *w);
void op_mremap_refused(struct worker *w);
void op_mprotect(struct worker *w);
void op_madvise(struct worker *w);
void op_populate(struct worker *w);
void op_mlock(struct worker *w);
void op_msync(struct worker *w);
void op_load(struct worker *w);
void op_store(struct worker *w);
void op_probe(struct worker *w);
void op_read(struct worker *w);
void op_write(struct worker *w);
void op_fill(struct worker *w);
void op_checksum(struct worker *w);
void op_vm_readv(struct worker *w);
void op_vm_writev(struct worker *w);
void op_proc_mem(struct worker *w);
void op_vmsplice(struct worker *w);
void op_splice(struct worker *w);
void op_direct_read(struct worker *w);
void op_direct_write(struct worker *w);
void op_futex(struct worker *w);
void op_smaps(struct worker *w);
void op_reopen(struct worker *w);
void op_common(struct worker *w);
void op_anonymous(struct worker *w);
void op_named(struct worker *w);
void op_seal(struct worker *w);
void op_read_only(struct worker *w);
void op_revoke(struct worker *w);
void op_bell(struct worker *w);
void op_ring(struct worker *w);
void op_failure(struct worker *w);
void op_stuck(struct worker *w);
void op_fork(struct worker *w);
void op_kill(struct worker *w);

/* regions.c */
int create_region(struct worker *w, const char *name, unsigned int pages,
		  unsigned int strategy);
void destroy_named(struct torture *t);
/* failure.c */
bool on_memory_failure(struct worker *w, const siginfo_t *info);
bool failing_open(struct torture *t);
unsigned int failing_wrong_pages(struct torture *t);
void failing_close(struct torture *t);
/* rings.c */
void destroy_rings(struct torture *t);

/* run.c */
unsigned int count_op_kinds(void);
const char *op_name(unsigned int kind);
char *map_common(struct torture *t);
struct worker *worker_open(struct torture *t, unsigned int id, char *common);
void worker_begin(struct worker *w);
void worker_close(struct worker *w);
bool worker_pipes(struct worker *w);
void run_ops(struct worker *w, uint64_t n);

#endif /* TORTURE_H */
