// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on a region whose memory fails page by page, while other workers
 * access it by mappings, calls and the kernel's verbs. Each access finds the
 * page's bytes, which never change, or is refused. No access may be refused
 * before MADV_HWPOISON is called, and each must be after MADV_HWPOISON has
 * returned.
 */
#include "torture.h"
#include <setjmp.h>
#include <sys/uio.h>

/* States of a page, in this order. */
enum { INTACT, FAILING, FAILED };

/* An access to some pages, and their states before it. */
struct access {
	unsigned int page, n;
	unsigned int before[BLOCK];
};

static __thread sigjmp_buf jump;

static unsigned int state_of(struct torture *t, unsigned int page)
{
	return __atomic_load_n(&t->page_state[page], __ATOMIC_SEQ_CST);
}

static void begin_access(struct worker *w, struct access *a)
{
	unsigned int i;

	for (i = 0; i < a->n; i++)
		a->before[i] = state_of(w->t, a->page + i);
}

static void check_state(struct worker *w, const struct access *a, unsigned int i, bool refused)
{
	const unsigned int after = state_of(w->t, a->page + i);

	if (refused ? after == INTACT : a->before[i] == FAILED)
		fail(w, "page %u, whose state was %u and is %u, is %s", a->page + i,
		     a->before[i], after, refused ? "refused" : "accessible");
}

static void check_page_bytes(struct worker *w, const struct access *a, unsigned int i)
{
	const uint64_t want = fill_word(w->t, a->page + i, 1);
	const uint64_t *words = w->buf + i * WORDS;
	unsigned int word;

	for (word = 0; word < WORDS; word++)
		if (words[word] != want)
			return fail(w, "page %u, word %u: %016llx instead of %016llx", a->page + i,
				    word, (unsigned long long)words[word],
				    (unsigned long long)want);
}

/* The call returned @ret: bytes up to the first page that it refused, or @error. */
static void check_partial(struct worker *w, const struct access *a, ssize_t ret, int error,
			  bool read)
{
	const unsigned int done = ret < 0 ? 0 : ret / PAGE;
	unsigned int i;

	if ((ret < 0 && errno != error) || (ret >= 0 && ret % PAGE) || !ret)
		return fail(w, "returned %zd, errno %d", ret, errno);
	for (i = 0; i < a->n && i <= done; i++) {
		check_state(w, a, i, i == done);
		if (read && i < done)
			check_page_bytes(w, a, i);
	}
}

/* The call succeeded with all pages (@ret is 0), or failed as a whole. */
static void check_whole(struct worker *w, const struct access *a, int ret)
{
	unsigned int i, may_fail = 0;

	if (ret && errno != EIO)
		return fail(w, "errno %d", errno);
	for (i = 0; i < a->n; i++) {
		may_fail += state_of(w->t, a->page + i) != INTACT;
		if (!ret)
			check_state(w, a, i, false);
	}
	if (ret && !may_fail)
		fail(w, "pages %u to %u are refused", a->page, a->page + a->n - 1);
}

/*
 * Handle SIGBUS. Does not return to an access that was refused: touch_page()
 * continues instead. Returns true for the signal that MADV_HWPOISON sends to
 * its caller, false for a signal that no operation permits.
 */
bool on_memory_failure(struct worker *w, const siginfo_t *info)
{
	if (info->si_code != BUS_MCEERR_AR || (char *)info->si_addr < w->may_fail ||
	    (char *)info->si_addr >= w->may_fail + PAGE)
		return false;
	if (!w->injecting)
		siglongjmp(jump, 1);
	return true;
}

/* Load or store page @i by the mapping; returns false for SIGBUS. */
static bool touch_page(struct worker *w, const struct access *a, unsigned int i, char *mem,
		       bool store)
{
	const uint64_t word = fill_word(w->t, a->page + i, 1);
	uint64_t *words = (uint64_t *)(mem + (size_t)i * PAGE);
	volatile unsigned int n;

	w->may_fail = (char *)words;
	if (sigsetjmp(jump, 1)) {
		w->may_fail = NULL;
		return false;
	}
	for (n = 0; n < WORDS; n++) {
		if (store)
			__atomic_store_n(&words[n], word, __ATOMIC_RELAXED);
		else
			w->buf[i * WORDS + n] = __atomic_load_n(&words[n], __ATOMIC_RELAXED);
	}
	w->may_fail = NULL;
	return true;
}

static void touch(struct worker *w, const struct access *a, char *mem, bool store)
{
	unsigned int i;
	bool ok;

	for (i = 0; i < a->n && !w->failed; i++) {
		ok = touch_page(w, a, i, mem, store);
		check_state(w, a, i, !ok);
		if (ok && !store)
			check_page_bytes(w, a, i);
	}
}

/*
 * A strategy that makes all entries in mmap() may map a page whose failure
 * begins during mmap(). The access is then checked against the states before
 * mmap(). With other strategies, the states before the first touch count.
 */
static void touch_new_mapping(struct worker *w, struct access *a, unsigned int at, bool store)
{
	char *mem = mmap(address(w, at), a->n * PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, w->t->failing_fd, (off_t)a->page * PAGE);

	if (!maps_at_touch(&w->t->dev))
		check_whole(w, a, mem == MAP_FAILED ? -1 : 0);
	else if (mem == MAP_FAILED)
		fail(w, "mmap: errno %d", errno);
	else
		begin_access(w, a);
	if (mem == MAP_FAILED)
		return;
	touch(w, a, mem, store);
	munmap(mem, a->n * PAGE);
}

static void read_by_gup(struct worker *w, const struct access *a, char *mem)
{
	struct iovec local = { w->buf, a->n * PAGE }, remote = { mem, a->n * PAGE };
	const ssize_t ret = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

	if (has_feature(&w->t->dev, MMAPSHARE_FEAT_GUP))
		check_partial(w, a, ret, EFAULT, true);
	else if (ret != -1 || errno != EFAULT)
		fail(w, "returned %zd, errno %d", ret, errno);
}

static void fill_pages(struct worker *w, const struct access *a)
{
	struct mmapshare_fill_args fill = {
		.size = sizeof(fill),
		.offset = (uint64_t)a->page * PAGE,
		.length = PAGE,
		.pattern_len = MMAPSHARE_PATTERN_MAX,
	};
	const uint64_t word = fill_word(w->t, a->page, 1);
	struct access first = *a;

	first.n = 1;
	memcpy(fill.pattern, &word, sizeof(word));
	check_whole(w, &first, ioctl(w->t->failing_fd, MMAPSHARE_IOC_FILL, &fill));
}

static void checksum(struct worker *w, const struct access *a)
{
	const int64_t crc = kernel_checksum(w->t->failing_fd, (uint64_t)a->page * PAGE,
					    a->n * PAGE);
	uint32_t want = ~0U;
	unsigned int i;

	errno = crc < 0 ? -crc : 0;
	check_whole(w, a, crc < 0 ? -1 : 0);
	for (i = 0; i < a->n; i++) {
		make_page(w->t, w->buf, a->page + i, 1);
		want = crc32c_update(want, w->buf, PAGE);
	}
	if (crc >= 0 && crc != (uint32_t)~want)
		fail(w, "checksum %#llx instead of %#x", (long long)crc, ~want);
}

static void copy_in(struct worker *w, const struct access *a)
{
	unsigned int i;

	for (i = 0; i < a->n; i++)
		make_page(w->t, w->buf + i * WORDS, a->page + i, 1);
	check_partial(w, a, pwrite(w->t->failing_fd, w->buf, a->n * PAGE, (off_t)a->page * PAGE),
		      EIO, false);
}

static void copy_out(struct worker *w, const struct access *a)
{
	check_partial(w, a, pread(w->t->failing_fd, w->buf, a->n * PAGE, (off_t)a->page * PAGE),
		      EIO, true);
}

/*
 * The kernel does not use the page until the machine restarts: FAILURES_MAX
 * limits the memory that is lost.
 */
static void inject(struct worker *w, unsigned int page, char *mem)
{
	struct torture *t = w->t;
	const int want = has_feature(&t->dev, MMAPSHARE_FEAT_GUP) ? EBUSY : EFAULT;
	unsigned int expected = INTACT;
	int ret;

	if (!t->can_fail || __atomic_load_n(&t->n_failures, __ATOMIC_RELAXED) >= FAILURES_MAX ||
	    !__atomic_compare_exchange_n(&t->page_state[page], &expected, FAILING, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	if (want == EBUSY)
		__atomic_add_fetch(&t->n_failures, 1, __ATOMIC_RELAXED);
	w->may_fail = mem;
	w->injecting = true;
	ret = madvise(mem, PAGE, MADV_HWPOISON);
	w->injecting = false;
	w->may_fail = NULL;
	if (!ret || errno != want)
		fail(w, "MADV_HWPOISON returned %d, errno %d", ret, errno);
	__atomic_store_n(&t->page_state[page], want == EBUSY ? FAILED : INTACT, __ATOMIC_SEQ_CST);
}

/*
 * The results depend on other workers, so they are not added to the hash. All
 * random numbers are drawn first, so that the results do not change the
 * sequence of this worker's operations.
 */
void op_failure(struct worker *w)
{
	const unsigned int page = random_below(w, FAILING_PAGES - BLOCK + 1);
	struct access a = { .page = page, .n = 1 + random_below(w, BLOCK) };
	const unsigned int at = random_below(w, ARENA_PAGES - BLOCK);
	/* the longer the run, the rarer: failures are spread over all of it */
	const bool fails = !random_below(w, 8 + w->t->ops / 512);
	const unsigned int action = random_below(w, 10);
	char *mem = w->t->failing + (size_t)page * PAGE;

	note(w, fails ? "memory_failure" : "failing", page, a.n, action)->error = 0;
	munmap(address(w, at), a.n * PAGE);
	clear_places(w, at, a.n);
	begin_access(w, &a);
	if (fails)
		return inject(w, page, mem);
	switch (action) {
	case 0 ... 1:
		if (action && has_feature(&w->t->dev, MMAPSHARE_FEAT_DONTNEED))
			madvise(mem, a.n * PAGE, MADV_DONTNEED);
		return touch(w, &a, mem, false);
	case 2:
		return touch(w, &a, mem, true);
	case 3 ... 4:
		return touch_new_mapping(w, &a, at, action == 3);
	case 5:
		return read_by_gup(w, &a, mem);
	case 6:
		return fill_pages(w, &a);
	case 7:
		return checksum(w, &a);
	case 8:
		return copy_in(w, &a);
	default:
		return copy_out(w, &a);
	}
}

/* Create and map the region. Call before any worker runs. */
bool failing_open(struct torture *t)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.flags = MMAPSHARE_CREATE_CLOEXEC,
		.region_size = FAILING_PAGES * PAGE,
		.strategy = t->dev.info.strategy,
	};
	unsigned int i;

	t->failing_fd = ioctl(t->dev.fd, MMAPSHARE_IOC_CREATE, &create);
	if (t->failing_fd < 0)
		return false;
	t->failing = mmap(NULL, FAILING_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  t->failing_fd, 0);
	if (t->failing == MAP_FAILED)
		return false;
	for (i = 0; i < FAILING_PAGES; i++)
		make_page(t, (uint64_t *)(t->failing + (size_t)i * PAGE), i, 1);
	t->can_fail = !geteuid() && !madvise(t->failing, 0, MADV_HWPOISON);
	return true;
}

/* Returns how many pages the model does not allow. Call after all workers. */
unsigned int failing_wrong_pages(struct torture *t)
{
	uint64_t want[WORDS], got[WORDS];
	unsigned int i, count = 0;
	ssize_t ret;

	for (i = 0; i < FAILING_PAGES; i++) {
		make_page(t, want, i, 1);
		ret = pread(t->failing_fd, got, PAGE, (off_t)i * PAGE);
		/* not checked: FAILING, which a killed worker leaves */
		if (t->page_state[i] == FAILED)
			count += ret != -1 || errno != EIO;
		else if (t->page_state[i] == INTACT)
			count += ret != PAGE || memcmp(got, want, PAGE);
	}
	return count;
}

void failing_close(struct torture *t)
{
	munmap(t->failing, FAILING_PAGES * PAGE);
	close(t->failing_fd);
}
