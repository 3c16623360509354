/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The torture of VMAs: workers, threads in several processes, do random things
 * to mappings of the region, and each knows at any time what it should see.
 *
 * Each page of the region belongs to one worker, who alone stores to it. A page
 * is stored as a whole, each 64-bit word of it telling the page, its place in
 * the page and the page's version. Before the owner stores a version it says
 * so in page_model.begun, afterwards in page_model.done, so that whoever looks
 * at a page finds none older than what was done before he looked, and none
 * newer than what was begun when he had. Where both are the same, the bytes
 * must be exactly those of that version.
 *
 * A process has one mapping of all pages, where its threads meet. Beside that
 * each worker has a range of addresses of its own, the arena, and a struct
 * place for every page of it: what is mapped there, and which VMA it is. What
 * was stored to a private mapping is another kind of bytes, which nobody must
 * see elsewhere.
 *
 * All that a worker does follows from the seed and its number, and not from
 * what the others do or how long it takes.
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
#define BLOCK		4	/* pages next to each other with one owner */
#define ARENA_PAGES	1024	/* room for two PMD entries */
#define MAX_PAGES	4096	/* of the region that take part */
#define MAX_WORKERS	64
#define MAX_OPS		64	/* kinds of operations */
#define HISTORY		12

/* Written by the page's owner only: version * 2 + 1 if it is a fill. */
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
	uint64_t ops;			/* each worker is to do */
	int64_t deadline;		/* CLOCK_MONOTONIC, 0 for none */
	struct device dev;
	const char *disk;
	uint16_t tag;
	unsigned int failed;		/* workers; atomic */
	uint64_t tally[MAX_OPS];	/* atomic */
	unsigned int parked;		/* workers that are through; atomic */
	unsigned int leave;		/* and may go */
	uint64_t hash[MAX_WORKERS];	/* each written by its worker */
	long vmas[MAX_WORKERS];
	struct page_model model[MAX_PAGES];
};

enum kind { NOTHING, SHARED, PRIVATE };

/* What a private page shows. */
enum copy {
	CLEAN,		/* the device */
	MAYBE,		/* a copy that was made since place.version, or not */
	OWN,		/* what was stored there */
};

/* Attributes of a VMA, where one differs the kernel splits. */
#define ATTR_READ_ONLY	0x01	/* the descriptor was */
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
	uint32_t vma;		/* differs between neighbours */
	uint32_t version;	/* of a copy, see there */
};

struct event {
	const char *op;
	unsigned int at, n;
	long what;
	int error;
};

/* Belongs to one thread; a child has a copy. */
struct worker {
	uint64_t buf[BLOCK * WORDS] __attribute__((aligned(PAGE)));
	struct torture *t;
	unsigned int id;
	uint64_t dice;
	uint64_t hash;
	uint64_t done;
	bool is_child;
	bool failed;
	int fd, fd_ro, disk;
	int pipe[2];		/* for what is written and read at once */
	int splice[2];		/* where pages stay for a while */
	unsigned int n_spliced, spliced[BLOCK];
	char *common;		/* of all workers of this process */
	char *arena;
	uint32_t next_vma;
	uint32_t private_version;
	struct place place[ARENA_PAGES];
	struct event history[HISTORY];
	uint64_t n_events;
};

/* What somebody is about to look at, and what he may see at least. */
struct view {
	unsigned int n;
	struct {
		uint32_t page, from;
		bool own;
	} at[BLOCK];
};

/* model.c */
uint64_t dice(struct worker *w, uint64_t sides);
struct event *note(struct worker *w, const char *op, unsigned int at,
		   unsigned int n, long what);
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
 * Of the arena: the first page from @at on, and round again, where anything is
 * mapped; and how much of the same VMA begins there.
 */
unsigned int next_mapped(struct worker *w, unsigned int at);
unsigned int run_at(struct worker *w, unsigned int at, unsigned int max);
void forget(struct worker *w, unsigned int at, unsigned int n);
void split(struct worker *w, unsigned int at);
long count_vmas(struct worker *w);

/* maps.c, access.c, common.c, regions.c, rights.c, rings.c, children.c: one operation each */
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
void op_fork(struct worker *w);
void op_kill(struct worker *w);

/* regions.c */
int create_region(struct worker *w, const char *name, unsigned int pages,
		  unsigned int strategy);
void destroy_named(struct torture *t);
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
