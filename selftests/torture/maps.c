// SPDX-License-Identifier: GPL-2.0
/* Operations that change mappings, and their effect on the model. */
#include "torture.h"

/* Missing in older libc headers. */
#define ADV_POPULATE_READ	22
#define ADV_POPULATE_WRITE	23

static bool has_pages(struct worker *w)
{
	return has_feature(&w->t->dev, MMAPSHARE_FEAT_DONTNEED);
}

/* Returns a random number of pages, 1 to @max, mostly a small one. */
static unsigned int random_count(struct worker *w, unsigned int max)
{
	static const unsigned int most[] = { 4, 4, 8, 8, 16, 16, 80, UINT_MAX };
	unsigned int n = most[random_below(w, ARRAY_SIZE(most))];

	return 1 + random_below(w, n < max ? n : max);
}

static int random_prot(struct worker *w)
{
	static const int prots[] = {
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE,
	};

	return prots[random_below(w, ARRAY_SIZE(prots))];
}

/* Those of the pages that are private and writable may have been copied. */
static void mark_maybe_copied(struct worker *w, unsigned int at, unsigned int n,
			      const uint32_t *done)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct place *p = &w->place[at + i];

		if (p->kind == PRIVATE && (p->prot & PROT_WRITE) &&
		    p->copy == CLEAN) {
			p->copy = MAYBE;
			p->version = done[i];
		}
	}
}

/* Load the completed versions: no copy made after this is older. */
static void load_done_versions(struct worker *w, unsigned int page, unsigned int n,
			       uint32_t *done)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		done[i] = __atomic_load_n(&w->t->model[page + i].done,
					  __ATOMIC_ACQUIRE);
}

struct request {
	unsigned int at, n, page;
	int prot, flags;
	bool read_only;
};

static void make_request(struct worker *w, struct request *request)
{
	const unsigned int pages = w->t->pages, pmd = 512;

	request->at = random_below(w, ARENA_PAGES);
	request->page = random_below(w, pages);
	if (!random_below(w, 16)) {	/* aligned for a PMD entry */
		request->at = request->at / pmd * pmd;
		request->page = request->page / pmd * pmd;
	}
	request->n = ARENA_PAGES - request->at;
	if (request->n > pages - request->page)
		request->n = pages - request->page;
	request->n = random_count(w, request->n);
	request->prot = random_prot(w);
	request->flags = MAP_FIXED | (random_below(w, 4) ? MAP_SHARED : MAP_PRIVATE);
	if (!random_below(w, 8))
		request->flags |= MAP_POPULATE;
	if (!random_below(w, 16) && !geteuid())
		request->flags |= MAP_LOCKED;
	request->read_only = !random_below(w, 8);
	if (!random_below(w, 32))	/* beyond the end by one page */
		request->page = w->t->dev.size / PAGE - request->n + 1;
}

static int request_error(struct worker *w, const struct request *request)
{
	if ((request->flags & MAP_SHARED) && (request->prot & PROT_WRITE) &&
	    request->read_only)
		return EACCES;
	if (request->page + request->n > w->t->dev.size / PAGE)
		return ENXIO;
	if ((request->flags & MAP_PRIVATE) &&
	    !has_feature(&w->t->dev, MMAPSHARE_FEAT_COW))
		return EINVAL;
	return 0;
}

static void set_places(struct worker *w, const struct request *request)
{
	unsigned int i;

	clear_places(w, request->at, request->n);
	w->next_vma++;
	for (i = 0; i < request->n; i++)
		w->place[request->at + i] = (struct place){
			.kind = request->flags & MAP_SHARED ? SHARED : PRIVATE,
			.prot = request->prot,
			.attr = request->read_only ? ATTR_READ_ONLY : 0,
			.page = request->page + i,
			.vma = w->next_vma,
		};
}

void op_map(struct worker *w)
{
	uint32_t done[ARENA_PAGES];
	struct request request;
	int error;
	void *mem;

	make_request(w, &request);
	error = request_error(w, &request);
	if (!error)
		load_done_versions(w, request.page, request.n, done);
	note(w, "mmap", request.at, request.n, request.page << 8 | request.prot << 4 |
	     request.read_only << 2 | (request.flags & 3));
	mem = mmap(address(w, request.at), (size_t)request.n * PAGE, request.prot,
		   request.flags, request.read_only ? w->fd_ro : w->fd,
		   (off_t)request.page * PAGE);
	if (!expect(w, (long)mem, error) || error == EACCES)
		return;
	if (error) {
		/* whether a failed MAP_FIXED unmaps depends on the kernel */
		munmap(address(w, request.at), (size_t)request.n * PAGE);
		clear_places(w, request.at, request.n);
		return;
	}
	set_places(w, &request);
	if (request.flags & (MAP_POPULATE | MAP_LOCKED))
		mark_maybe_copied(w, request.at, request.n, done);
}

void op_munmap(struct worker *w)
{
	const unsigned int at = random_below(w, ARENA_PAGES);
	const unsigned int n = random_count(w, ARENA_PAGES - at);

	note(w, "munmap", at, n, 0);
	if (expect(w, munmap(address(w, at), (size_t)n * PAGE), 0))
		clear_places(w, at, n);
}

/* Choose a part of a VMA; false if nothing is mapped. */
static bool choose_run(struct worker *w, unsigned int *at, unsigned int *n)
{
	*at = next_mapped(w, random_below(w, ARENA_PAGES));
	*n = run_at(w, *at, ARENA_PAGES);
	if (*n)
		*n = random_count(w, *n);
	else
		op_probe(w);
	return *n;
}

/* Move, shrink, or both. */
void op_mremap(struct worker *w)
{
	unsigned int at, n, length, to, i;
	struct place old[ARENA_PAGES];
	bool move, overlap;
	void *mem;

	if (!choose_run(w, &at, &n))
		return;
	length = random_below(w, 3) ? n : 1 + random_below(w, n);
	move = length == n || random_below(w, 2);
	to = move ? random_below(w, ARENA_PAGES - length + 1) : at;
	overlap = move && to < at + n && at < to + length;
	note(w, "mremap", at, n, (long)to << 32 | length);
	mem = mremap(address(w, at), (size_t)n * PAGE, (size_t)length * PAGE,
		     move ? MREMAP_MAYMOVE | MREMAP_FIXED : 0, address(w, to));
	if (!expect(w, (long)mem, overlap ? EINVAL : 0) || overlap)
		return;
	if (!move) {
		clear_places(w, at + length, n - length);
		return;
	}
	memcpy(old, &w->place[at], length * sizeof(old[0]));
	clear_places(w, at, n);
	clear_places(w, to, length);
	w->next_vma++;
	for (i = 0; i < length; i++) {
		w->place[to + i] = old[i];
		w->place[to + i].vma = w->next_vma;
	}
}

void op_mremap_refused(struct worker *w)
{
	const unsigned int variant = random_below(w, 3);
	unsigned int at, n;
	char *mem;

	if (!choose_run(w, &at, &n))
		return;
	note(w, "mremap_refused", at, n, variant);
	mem = address(w, at);
	if (variant == 0)
		expect(w, (long)mremap(mem, (size_t)n * PAGE, (size_t)n * PAGE,
				       MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL),
		       EINVAL);
	else if (variant == 1 && w->place[at].kind == SHARED)	/* duplicate */
		expect(w, (long)mremap(mem, 0, (size_t)n * PAGE,
				       MREMAP_MAYMOVE), EFAULT);
	else	/* grow; to duplicate a private one would log a warning */
		expect(w, (long)mremap(mem, (size_t)n * PAGE,
				       (size_t)(n + 1) * PAGE, MREMAP_MAYMOVE),
		       EFAULT);
}

/*
 * The kernel changes VMA after VMA, up to the first for which that is refused.
 */
void op_mprotect(struct worker *w)
{
	const unsigned int start = random_below(w, ARENA_PAGES);
	const unsigned int n = random_count(w, ARENA_PAGES - start);
	const int prot = random_prot(w);
	unsigned int at = start, i, length;
	int error = 0, ret;

	note(w, "mprotect", start, n, prot);
	ret = mprotect(address(w, start), (size_t)n * PAGE, prot);
	while (at < start + n && !error) {
		const struct place *p = &w->place[at];

		length = run_at(w, at, start + n - at);
		if (!length)
			error = ENOMEM;
		else if (p->kind == SHARED && (p->attr & ATTR_READ_ONLY) &&
			 (prot & PROT_WRITE))
			error = EACCES;
		if (error)
			break;
		if (p->prot != prot) {
			split(w, at);
			split(w, at + length);
		}
		for (i = 0; i < length; i++)
			w->place[at + i].prot = prot;
		at += length;
	}
	expect(w, ret, error);
}

static const struct advice {
	int advice;
	int set, clear;		/* ATTR_* */
	int pages, pfn;		/* errno of has_pages() strategies, of others */
} advices[] = {
	{ MADV_DONTNEED,	0, 0, 0, EINVAL },
	{ MADV_DONTNEED,	0, 0, 0, EINVAL },
	{ MADV_COLD,		0, 0, 0, EINVAL },
	{ MADV_PAGEOUT,		0, 0, 0, EINVAL },
	{ MADV_WILLNEED,	0, 0, 0, 0 },
	{ MADV_NORMAL,		0, ATTR_RANDOM | ATTR_SEQUENTIAL, 0, 0 },
	{ MADV_RANDOM,		ATTR_RANDOM, ATTR_SEQUENTIAL, 0, 0 },
	{ MADV_SEQUENTIAL,	ATTR_SEQUENTIAL, ATTR_RANDOM, 0, 0 },
	{ MADV_DONTFORK,	ATTR_DONTFORK, 0, 0, 0 },
	{ MADV_REMOVE,		0, 0, ENODEV, ENODEV },
	{ MADV_FREE,		0, 0, EINVAL, EINVAL },
	{ MADV_DODUMP,		0, 0, EINVAL, EINVAL },
	{ MADV_WIPEONFORK,	0, 0, EINVAL, EINVAL },
	/* keep these last: they need transparent huge pages */
	{ MADV_HUGEPAGE,	ATTR_HUGE, ATTR_NO_HUGE, 0, 0 },
	{ MADV_NOHUGEPAGE,	ATTR_NO_HUGE, ATTR_HUGE, 0, 0 },
};

static int advise_run(struct worker *w, const struct advice *a,
		      unsigned int at, unsigned int n)
{
	const int attr = (w->place[at].attr | a->set) & ~a->clear;
	unsigned int i;

	/* MADV_REMOVE needs a shared mapping that may be written */
	if (a->advice == MADV_REMOVE && (w->place[at].kind == PRIVATE ||
					 (attr & ATTR_READ_ONLY)))
		return EACCES;
	if (has_pages(w) ? a->pages : a->pfn)
		return has_pages(w) ? a->pages : a->pfn;
	if (attr != w->place[at].attr) {
		split(w, at);
		split(w, at + n);
	}
	for (i = 0; i < n; i++) {
		w->place[at + i].attr = attr;
		if (a->advice == MADV_DONTNEED)
			w->place[at + i].copy = CLEAN;
	}
	return 0;
}

/*
 * The kernel applies the advice to VMA after VMA, up to the first for which
 * that is refused; it returns ENOMEM for holes only if no VMA is refused.
 */
void op_madvise(struct worker *w)
{
	const bool thp = !access("/sys/kernel/mm/transparent_hugepage", F_OK);
	const unsigned int start = random_below(w, ARENA_PAGES);
	const unsigned int n = random_count(w, ARENA_PAGES - start);
	const struct advice *a =
		&advices[random_below(w, ARRAY_SIZE(advices) - (thp ? 0 : 2))];
	unsigned int at = start, length;
	int error = 0, hole = 0, ret;

	note(w, "madvise", start, n, a->advice);
	ret = madvise(address(w, start), (size_t)n * PAGE, a->advice);
	while (at < start + n && !error) {
		length = run_at(w, at, start + n - at);
		if (length)
			error = advise_run(w, a, at, length);
		else
			hole = ENOMEM;
		at += length ?: 1;
	}
	expect(w, ret, error ?: hole);
}

void op_populate(struct worker *w)
{
	const bool write = random_below(w, 2);
	uint32_t done[ARENA_PAGES];
	unsigned int at, n;
	int error = 0;

	if (!choose_run(w, &at, &n))
		return;
	load_done_versions(w, w->place[at].page, n, done);
	if (!has_pages(w) ||
	    !(w->place[at].prot & (write ? PROT_WRITE : PROT_READ)))
		error = EINVAL;
	note(w, "populate", at, n, write);
	if (expect(w, madvise(address(w, at), (size_t)n * PAGE,
			      write ? ADV_POPULATE_WRITE : ADV_POPULATE_READ),
		   error) && !error && write)
		mark_maybe_copied(w, at, n, done);
}

void op_mlock(struct worker *w)
{
	uint32_t done[ARENA_PAGES];
	unsigned int at, n;
	int error = 0;

	if (!choose_run(w, &at, &n))
		return;
	if (geteuid())
		return op_probe(w);
	load_done_versions(w, w->place[at].page, n, done);
	if (has_pages(w) && w->place[at].prot == PROT_NONE)
		error = ENOMEM;
	note(w, "mlock", at, n, 0);
	if (expect(w, mlock(address(w, at), (size_t)n * PAGE), error))
		mark_maybe_copied(w, at, n, done);
	if (random_below(w, 2)) {
		note(w, "munlock", at, n, 0);
		expect(w, munlock(address(w, at), (size_t)n * PAGE), 0);
	}
}

void op_msync(struct worker *w)
{
	static const int flags[] = { MS_SYNC, MS_ASYNC, MS_SYNC | MS_INVALIDATE };
	const unsigned int at = random_below(w, ARENA_PAGES);
	const unsigned int n = random_count(w, ARENA_PAGES - at);
	const int flag = flags[random_below(w, ARRAY_SIZE(flags))];
	unsigned int i;
	int error = 0;

	for (i = 0; i < n; i++)
		if (!w->place[at + i].kind)
			error = ENOMEM;
	note(w, "msync", at, n, flag);
	expect(w, msync(address(w, at), (size_t)n * PAGE, flag), error);
}
