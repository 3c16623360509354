// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on the common mapping of a process. It stays mapped, but its page
 * table entries are zapped while other threads fault them in.
 */
#include "torture.h"
#include <sys/uio.h>

/* Missing in older libc headers. */
#define ADV_POPULATE_WRITE	23

static char *common_page(struct worker *w, unsigned int page)
{
	return w->common + (size_t)page * PAGE;
}

static void load(struct worker *w, bool by_kernel)
{
	const unsigned int page = random_below(w, w->t->pages);
	const bool gup = has_feature(&w->t->dev, MMAPSHARE_FEAT_GUP);
	struct iovec local = { w->buf, PAGE };
	struct iovec remote = { common_page(w, page), PAGE };
	unsigned int i;
	struct view v;

	note(w, by_kernel ? "common_readv" : "common_load", page, 1, 0);
	view_pages(w, &v, page, 1);
	if (by_kernel) {
		if (!expect(w, process_vm_readv(getpid(), &local, 1, &remote, 1,
						0), gup ? 0 : EFAULT) || !gup)
			return;
	} else {
		const uint64_t *words = remote.iov_base;

		for (i = 0; i < WORDS; i++)
			w->buf[i] = __atomic_load_n(&words[i], __ATOMIC_RELAXED);
	}
	view_check(w, &v, w->buf);
}

static void store(struct worker *w)
{
	const unsigned int page = own_page(w);

	note(w, "common_store", page, 1, 0)->error = 0;
	make_page(w->t, (uint64_t *)common_page(w, page), page,
		  begin_store(w->t, page, false));
	end_store(w->t, page);
}

/*
 * Half of the ranges reach the end, so that whole page-table pages are freed.
 */
static void advise(struct worker *w)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_DONTNEED, MADV_DONTNEED, MADV_PAGEOUT,
		MADV_COLD, ADV_POPULATE_WRITE,
	};
	const int advice = advices[random_below(w, ARRAY_SIZE(advices))];
	const unsigned int at = random_below(w, 2) ? 0 : random_below(w, w->t->pages);
	const unsigned int n = random_below(w, 2) ? w->t->pages - at :
					    1 + random_below(w, w->t->pages - at);
	const bool ok = has_feature(&w->t->dev, MMAPSHARE_FEAT_DONTNEED);

	note(w, "common_madvise", at, n, advice);
	expect(w, madvise(common_page(w, at), (size_t)n * PAGE, advice),
	       ok ? 0 : EINVAL);
}

void op_common(struct worker *w)
{
	switch (random_below(w, 6)) {
	case 0:
		return load(w, true);
	case 1 ... 2:
		return load(w, false);
	case 3 ... 4:
		return store(w);
	default:
		return advise(w);
	}
}
