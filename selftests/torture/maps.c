// SPDX-License-Identifier: GPL-2.0
/* Operations that change what is mapped, and what the kernel makes of them. */
#include "torture.h"

/* Younger than some libc headers. */
#define ADV_POPULATE_READ	22
#define ADV_POPULATE_WRITE	23

static bool has_pages(struct worker *w)
{
	return has_feature(&w->t->dev, MMAPSHARE_FEAT_DONTNEED);
}

/* How many of @max pages: mostly few, at times all. */
static unsigned int some(struct worker *w, unsigned int max)
{
	static const unsigned int most[] = { 4, 4, 8, 8, 16, 16, 80, UINT_MAX };
	unsigned int n = most[dice(w, ARRAY_SIZE(most))];

	return 1 + dice(w, n < max ? n : max);
}

static int some_prot(struct worker *w)
{
	static const int prots[] = {
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE,
	};

	return prots[dice(w, ARRAY_SIZE(prots))];
}

/* A page that the kernel may have copied for a private mapping that can store. */
static void maybe_copied(struct worker *w, unsigned int at, unsigned int n,
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

/* What the pages have now: copies made from here on are not older. */
static void look_back(struct worker *w, unsigned int page, unsigned int n,
		      uint32_t *done)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		done[i] = __atomic_load_n(&w->t->model[page + i].done,
					  __ATOMIC_ACQUIRE);
}

struct wish {
	unsigned int at, n, page;
	int prot, flags;
	bool read_only;
};

static void make_wish(struct worker *w, struct wish *wish)
{
	const unsigned int pages = w->t->pages, pmd = 512;

	wish->at = dice(w, ARENA_PAGES);
	wish->page = dice(w, pages);
	if (!dice(w, 16)) {	/* where a PMD entry fits */
		wish->at = wish->at / pmd * pmd;
		wish->page = wish->page / pmd * pmd;
	}
	wish->n = ARENA_PAGES - wish->at;
	if (wish->n > pages - wish->page)
		wish->n = pages - wish->page;
	wish->n = some(w, wish->n);
	wish->prot = some_prot(w);
	wish->flags = MAP_FIXED | (dice(w, 4) ? MAP_SHARED : MAP_PRIVATE);
	if (!dice(w, 8))
		wish->flags |= MAP_POPULATE;
	if (!dice(w, 16) && !geteuid())
		wish->flags |= MAP_LOCKED;
	wish->read_only = !dice(w, 8);
	if (!dice(w, 32))	/* one page too many */
		wish->page = w->t->dev.size / PAGE - wish->n + 1;
}

static int wish_error(struct worker *w, const struct wish *wish)
{
	if ((wish->flags & MAP_SHARED) && (wish->prot & PROT_WRITE) &&
	    wish->read_only)
		return EACCES;
	if (wish->page + wish->n > w->t->dev.size / PAGE)
		return ENXIO;
	if ((wish->flags & MAP_PRIVATE) &&
	    !has_feature(&w->t->dev, MMAPSHARE_FEAT_COW))
		return EINVAL;
	return 0;
}

static void remember(struct worker *w, const struct wish *wish)
{
	unsigned int i;

	forget(w, wish->at, wish->n);
	w->next_vma++;
	for (i = 0; i < wish->n; i++)
		w->place[wish->at + i] = (struct place){
			.kind = wish->flags & MAP_SHARED ? SHARED : PRIVATE,
			.prot = wish->prot,
			.attr = wish->read_only ? ATTR_READ_ONLY : 0,
			.page = wish->page + i,
			.vma = w->next_vma,
		};
}

void op_map(struct worker *w)
{
	uint32_t done[ARENA_PAGES];
	struct wish wish;
	int error;
	void *mem;

	make_wish(w, &wish);
	error = wish_error(w, &wish);
	if (!error)
		look_back(w, wish.page, wish.n, done);
	note(w, "mmap", wish.at, wish.n, wish.page << 8 | wish.prot << 4 |
	     wish.read_only << 2 | (wish.flags & 3));
	mem = mmap(address(w, wish.at), (size_t)wish.n * PAGE, wish.prot,
		   wish.flags, wish.read_only ? w->fd_ro : w->fd,
		   (off_t)wish.page * PAGE);
	if (!expect(w, (long)mem, error) || error == EACCES)
		return;
	if (error) {
		/* it depends on the kernel what a refusal leaves */
		munmap(address(w, wish.at), (size_t)wish.n * PAGE);
		forget(w, wish.at, wish.n);
		return;
	}
	remember(w, &wish);
	if (wish.flags & (MAP_POPULATE | MAP_LOCKED))
		maybe_copied(w, wish.at, wish.n, done);
}

void op_munmap(struct worker *w)
{
	const unsigned int at = dice(w, ARENA_PAGES);
	const unsigned int n = some(w, ARENA_PAGES - at);

	note(w, "munmap", at, n, 0);
	if (expect(w, munmap(address(w, at), (size_t)n * PAGE), 0))
		forget(w, at, n);
}

/* Something mapped, a part of one VMA; false if nothing is. */
static bool some_run(struct worker *w, unsigned int *at, unsigned int *n)
{
	*at = next_mapped(w, dice(w, ARENA_PAGES));
	*n = run_at(w, *at, ARENA_PAGES);
	if (*n)
		*n = some(w, *n);
	else
		op_probe(w);
	return *n;
}

/* Move, shrink, or both. */
void op_mremap(struct worker *w)
{
	unsigned int at, n, left, to, i;
	struct place was[ARENA_PAGES];
	bool move, overlap;
	void *mem;

	if (!some_run(w, &at, &n))
		return;
	left = dice(w, 3) ? n : 1 + dice(w, n);
	move = left == n || dice(w, 2);
	to = move ? dice(w, ARENA_PAGES - left + 1) : at;
	overlap = move && to < at + n && at < to + left;
	note(w, "mremap", at, n, (long)to << 32 | left);
	mem = mremap(address(w, at), (size_t)n * PAGE, (size_t)left * PAGE,
		     move ? MREMAP_MAYMOVE | MREMAP_FIXED : 0, address(w, to));
	if (!expect(w, (long)mem, overlap ? EINVAL : 0) || overlap)
		return;
	if (!move) {
		forget(w, at + left, n - left);
		return;
	}
	memcpy(was, &w->place[at], left * sizeof(was[0]));
	forget(w, at, n);
	forget(w, to, left);
	w->next_vma++;
	for (i = 0; i < left; i++) {
		w->place[to + i] = was[i];
		w->place[to + i].vma = w->next_vma;
	}
}

void op_mremap_refused(struct worker *w)
{
	const unsigned int what = dice(w, 3);
	unsigned int at, n;
	char *mem;

	if (!some_run(w, &at, &n))
		return;
	note(w, "mremap_refused", at, n, what);
	mem = address(w, at);
	if (what == 0)
		expect(w, (long)mremap(mem, (size_t)n * PAGE, (size_t)n * PAGE,
				       MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL),
		       EINVAL);
	else if (what == 1 && w->place[at].kind == SHARED)	/* double */
		expect(w, (long)mremap(mem, 0, (size_t)n * PAGE,
				       MREMAP_MAYMOVE), EFAULT);
	else	/* grow; the kernel's log complains if somebody doubles a private one */
		expect(w, (long)mremap(mem, (size_t)n * PAGE,
				       (size_t)(n + 1) * PAGE, MREMAP_MAYMOVE),
		       EFAULT);
}

/* One VMA after the other, until one does not want. */
void op_mprotect(struct worker *w)
{
	const unsigned int start = dice(w, ARENA_PAGES);
	const unsigned int n = some(w, ARENA_PAGES - start);
	const int prot = some_prot(w);
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
	int pages, pfn;		/* errno */
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
	/* the last two only if there are transparent huge pages */
	{ MADV_HUGEPAGE,	ATTR_HUGE, ATTR_NO_HUGE, 0, 0 },
	{ MADV_NOHUGEPAGE,	ATTR_NO_HUGE, ATTR_HUGE, 0, 0 },
};

static int advise_run(struct worker *w, const struct advice *a,
		      unsigned int at, unsigned int n)
{
	const int attr = (w->place[at].attr | a->set) & ~a->clear;
	unsigned int i;

	/* where the mapping can never be written */
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

/* All VMAs until one refuses; holes are told in the end. */
void op_madvise(struct worker *w)
{
	const bool thp = !access("/sys/kernel/mm/transparent_hugepage", F_OK);
	const unsigned int start = dice(w, ARENA_PAGES);
	const unsigned int n = some(w, ARENA_PAGES - start);
	const struct advice *a =
		&advices[dice(w, ARRAY_SIZE(advices) - (thp ? 0 : 2))];
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
	const bool write = dice(w, 2);
	uint32_t done[ARENA_PAGES];
	unsigned int at, n;
	int error = 0;

	if (!some_run(w, &at, &n))
		return;
	look_back(w, w->place[at].page, n, done);
	if (!has_pages(w) ||
	    !(w->place[at].prot & (write ? PROT_WRITE : PROT_READ)))
		error = EINVAL;
	note(w, "populate", at, n, write);
	if (expect(w, madvise(address(w, at), (size_t)n * PAGE,
			      write ? ADV_POPULATE_WRITE : ADV_POPULATE_READ),
		   error) && !error && write)
		maybe_copied(w, at, n, done);
}

void op_mlock(struct worker *w)
{
	uint32_t done[ARENA_PAGES];
	unsigned int at, n;
	int error = 0;

	if (!some_run(w, &at, &n))
		return;
	if (geteuid())
		return op_probe(w);
	look_back(w, w->place[at].page, n, done);
	if (has_pages(w) && w->place[at].prot == PROT_NONE)
		error = ENOMEM;
	note(w, "mlock", at, n, 0);
	if (expect(w, mlock(address(w, at), (size_t)n * PAGE), error))
		maybe_copied(w, at, n, done);
	if (dice(w, 2)) {
		note(w, "munlock", at, n, 0);
		expect(w, munlock(address(w, at), (size_t)n * PAGE), 0);
	}
}

void op_msync(struct worker *w)
{
	static const int flags[] = { MS_SYNC, MS_ASYNC, MS_SYNC | MS_INVALIDATE };
	const unsigned int at = dice(w, ARENA_PAGES);
	const unsigned int n = some(w, ARENA_PAGES - at);
	const int flag = flags[dice(w, ARRAY_SIZE(flags))];
	unsigned int i;
	int error = 0;

	for (i = 0; i < n; i++)
		if (!w->place[at + i].kind)
			error = ENOMEM;
	note(w, "msync", at, n, flag);
	expect(w, msync(address(w, at), (size_t)n * PAGE, flag), error);
}
