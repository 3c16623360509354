// SPDX-License-Identifier: GPL-2.0
/* Operations that read or write bytes: by the CPU, as a file, by GUP. */
#include "torture.h"
#include <sys/syscall.h>
#include <sys/uio.h>
#include <linux/futex.h>

/*
 * Choose up to BLOCK pages of a VMA. If none is mapped, or not with @prot, does
 * op_probe() instead and returns false.
 */
static bool choose_pages(struct worker *w, int prot, unsigned int *at,
			 unsigned int *n)
{
	*at = next_mapped(w, random_below(w, ARENA_PAGES));
	*n = 1 + random_below(w, BLOCK);
	*n = run_at(w, *at, *n);
	if (*n && (w->place[*at].prot & prot))
		return true;
	op_probe(w);
	return false;
}

/* Choose pages that the worker may store to: its own, or private ones. */
static bool choose_stores(struct worker *w, unsigned int *at, unsigned int *n)
{
	unsigned int i;

	if (!choose_pages(w, PROT_WRITE, at, n))
		return false;
	for (i = 0; i < *n; i++)
		if (w->place[*at + i].kind == SHARED &&
		    !owns(w, w->place[*at + i].page))
			break;
	*n = i;
	if (!i)
		op_load(w);
	return i;
}

static int gup_error(struct worker *w)
{
	return has_feature(&w->t->dev, MMAPSHARE_FEAT_GUP) ? 0 : EFAULT;
}

/* Expect @length bytes, or @error. Returns true if the bytes are there. */
static bool expect_bytes(struct worker *w, ssize_t ret, size_t length, int error)
{
	if (!expect(w, ret, error))
		return false;
	if (!error && (size_t)ret != length)
		fail(w, "%zd bytes instead of %zu", ret, length);
	return !error && !w->failed;
}

/* Put new versions of @n places into @words, which may be the mapping itself. */
static void begin_places(struct worker *w, unsigned int at, unsigned int n,
			 uint64_t *words)
{
	unsigned int i;

	for (i = 0; i < n; i++, words += WORDS) {
		struct place *p = &w->place[at + i];

		if (p->kind == SHARED) {
			make_page(w->t, words, p->page,
				  begin_store(w->t, p->page, false));
			continue;
		}
		p->version = w->private_version += 2;
		p->copy = OWN;
		make_private(w->t, words, p->page, p->version);
	}
}

static void end_places(struct worker *w, unsigned int at, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (w->place[at + i].kind == SHARED)
			end_store(w->t, w->place[at + i].page);
}

/* Loads and stores. */

void op_load(struct worker *w)
{
	unsigned int at, n, i;
	struct view v;
	char *mem;

	if (!choose_pages(w, PROT_READ, &at, &n))
		return;
	note(w, "load", at, n, 0)->error = 0;
	view_places(w, &v, at, n);
	mem = address(w, at);
	for (i = 0; i < n * WORDS; i++)
		w->buf[i] = __atomic_load_n((uint64_t *)mem + i,
					    __ATOMIC_RELAXED);
	view_check(w, &v, w->buf);
}

void op_store(struct worker *w)
{
	unsigned int at, n;

	if (!choose_stores(w, &at, &n))
		return;
	note(w, "store", at, n, 0)->error = 0;
	begin_places(w, at, n, (uint64_t *)address(w, at));
	end_places(w, at, n);
}

/* A write() from the arena fails with EFAULT where no load is possible. */
void op_probe(struct worker *w)
{
	const unsigned int at = random_below(w, ARENA_PAGES);
	const bool readable = w->place[at].kind &&
			      (w->place[at].prot & PROT_READ);
	uint64_t word;

	/* UML's copy_from_user() reads a present page whatever its protection */
	if (w->t->is_uml && w->place[at].kind && !readable)
		return;
	note(w, "probe", at, 1, readable);
	if (expect(w, write(w->pipe[1], address(w, at), sizeof(word)),
		   readable ? 0 : EFAULT) && readable &&
	    read(w->pipe[0], &word, sizeof(word)) != sizeof(word))
		fail(w, "pipe: errno %d", errno);
}

/* The device as a file. */

void op_read(struct worker *w)
{
	const unsigned int n = 1 + random_below(w, BLOCK);
	const unsigned int page = random_below(w, w->t->pages - n + 1);
	const size_t length = n * PAGE;
	struct view v;

	note(w, "read", page, n, 0);
	view_pages(w, &v, page, n);
	if (expect_bytes(w, pread(w->fd, w->buf, length, (off_t)page * PAGE), length,
			 0))
		view_check(w, &v, w->buf);
}

/* Choose a random run of pages the worker owns, within one block. */
static unsigned int choose_own_pages(struct worker *w, unsigned int *page)
{
	*page = own_page(w);
	return 1 + random_below(w, BLOCK - *page % BLOCK);
}

static void begin_pages(struct worker *w, unsigned int page, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		make_page(w->t, w->buf + i * WORDS, page + i,
			  begin_store(w->t, page + i, false));
}

static void end_pages(struct worker *w, unsigned int page, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		end_store(w->t, page + i);
}

void op_write(struct worker *w)
{
	unsigned int page, n = choose_own_pages(w, &page);
	const size_t length = n * PAGE;

	note(w, "write", page, n, 0);
	begin_pages(w, page, n);
	if (expect_bytes(w, pwrite(w->fd, w->buf, length, (off_t)page * PAGE), length,
			 0))
		end_pages(w, page, n);
}

void op_fill(struct worker *w)
{
	const unsigned int page = own_page(w);
	struct mmapshare_fill_args fill = {
		.size = sizeof(fill),
		.offset = (uint64_t)page * PAGE,
		.length = PAGE,
		.pattern_len = MMAPSHARE_PATTERN_MAX,
	};
	uint64_t word;

	note(w, "fill", page, 1, 0);
	word = fill_word(w->t, page, begin_store(w->t, page, true));
	memcpy(fill.pattern, &word, sizeof(word));
	if (expect(w, ioctl(w->fd, MMAPSHARE_IOC_FILL, &fill), 0))
		end_store(w->t, page);
}

/* Covers only pages of this worker, because no other worker changes them. */
void op_checksum(struct worker *w)
{
	unsigned int page, n = choose_own_pages(w, &page), i;
	uint32_t want = ~0U;
	int64_t got;

	note(w, "checksum", page, n, 0);
	got = kernel_checksum(w->fd, (uint64_t)page * PAGE, n * PAGE);
	for (i = 0; i < n; i++) {
		make_page(w->t, w->buf, page + i, w->t->model[page + i].done);
		want = crc32c_update(want, w->buf, PAGE);
	}
	if (expect(w, got < 0 ? -1 : 0, 0) && got != (uint32_t)~want)
		fail(w, "checksum %#llx instead of %#x", (long long)got, ~want);
}

/*
 * One splice() may copy less, if the kernel cannot allocate all pages at once.
 */
static ssize_t splice_out(struct worker *w, off_t off, size_t length)
{
	size_t done = 0;
	ssize_t ret;

	do {
		ret = splice(w->fd, &off, w->pipe[1], NULL, length - done, 0);
		if (ret > 0)
			done += ret;
	} while (ret > 0 && done < length);
	return ret < 0 ? ret : (ssize_t)done;
}

void op_splice(struct worker *w)
{
	unsigned int page, n = choose_own_pages(w, &page);
	const size_t length = n * PAGE;
	off_t off = (off_t)page * PAGE;
	struct view v;

	if (random_below(w, 2)) {
		note(w, "splice_in", page, n, 0);
		begin_pages(w, page, n);
		if (expect_bytes(w, write(w->pipe[1], w->buf, length), length, 0) &&
		    expect_bytes(w, splice(w->pipe[0], NULL, w->fd, &off, length, 0),
				 length, 0))
			end_pages(w, page, n);
		return;
	}
	note(w, "splice_out", page, n, 0);
	view_pages(w, &v, page, n);
	if (expect_bytes(w, splice_out(w, off, length), length, 0) &&
	    expect_bytes(w, read(w->pipe[0], w->buf, length), length, 0))
		view_check(w, &v, w->buf);
}

/* Access the mapping through get_user_pages() and access_process_vm(). */

void op_vm_readv(struct worker *w)
{
	struct iovec local, remote;
	unsigned int at, n;
	struct view v;

	if (!choose_pages(w, PROT_READ, &at, &n))
		return;
	local = (struct iovec){ w->buf, n * PAGE };
	remote = (struct iovec){ address(w, at), n * PAGE };
	note(w, "process_vm_readv", at, n, 0);
	view_places(w, &v, at, n);
	if (expect_bytes(w, process_vm_readv(getpid(), &local, 1, &remote, 1, 0),
			 n * PAGE, gup_error(w)))
		view_check(w, &v, w->buf);
}

void op_vm_writev(struct worker *w)
{
	struct iovec local, remote;
	unsigned int at, n;

	if (!choose_stores(w, &at, &n))
		return;
	local = (struct iovec){ w->buf, n * PAGE };
	remote = (struct iovec){ address(w, at), n * PAGE };
	note(w, "process_vm_writev", at, n, 0);
	if (gup_error(w)) {
		expect_bytes(w, process_vm_writev(getpid(), &local, 1, &remote, 1, 0),
			     0, EFAULT);
		return;
	}
	begin_places(w, at, n, w->buf);
	if (expect_bytes(w, process_vm_writev(getpid(), &local, 1, &remote, 1, 0),
			 n * PAGE, 0))
		end_places(w, at, n);
}

/* access_process_vm() works with every strategy. */
void op_proc_mem(struct worker *w)
{
	/* UML cannot map page frames for the kernel */
	const int error = w->t->is_uml && gup_error(w) ? EIO : 0;
	unsigned int at, n;
	struct view v;
	ssize_t ret;
	int fd;

	if (!choose_pages(w, PROT_READ, &at, &n))
		return;
	note(w, "proc_mem", at, n, 0);
	fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	view_places(w, &v, at, n);
	ret = pread(fd, w->buf, n * PAGE, (off_t)(uintptr_t)address(w, at));
	if (expect_bytes(w, ret, n * PAGE, error))
		view_check(w, &v, w->buf);
	close(fd);
}

/* The pipe references the region's pages, so it shows their present bytes. */
static void drain_splice_pipe(struct worker *w)
{
	const size_t length = w->n_spliced * PAGE;
	struct view v;
	unsigned int i;

	note(w, "drain", w->spliced[0], w->n_spliced, 0);
	view_pages(w, &v, w->spliced[0], w->n_spliced);
	for (i = 0; i < w->n_spliced; i++)
		v.at[i].page = w->spliced[i];
	w->n_spliced = 0;
	if (expect_bytes(w, read(w->splice[0], w->buf, length), length, 0))
		view_check(w, &v, w->buf);
}

void op_vmsplice(struct worker *w)
{
	unsigned int at, n, i;
	struct iovec iov;

	if (w->n_spliced)
		return drain_splice_pipe(w);
	if (!choose_pages(w, PROT_READ, &at, &n))
		return;
	if (w->place[at].kind != SHARED)
		return op_probe(w);
	iov = (struct iovec){ address(w, at), n * PAGE };
	note(w, "vmsplice", at, n, 0);
	if (!expect_bytes(w, vmsplice(w->splice[1], &iov, 1, 0), n * PAGE,
			  gup_error(w)))
		return;
	w->n_spliced = n;
	for (i = 0; i < n; i++)
		w->spliced[i] = w->place[at + i].page;
}

static off_t disk_offset(struct worker *w)
{
	return (off_t)w->id * BLOCK * PAGE;
}

/* O_DIRECT from the disk into the mapping. */
void op_direct_read(struct worker *w)
{
	const int error = gup_error(w);
	unsigned int at, n;

	if (!choose_stores(w, &at, &n))
		return;
	/* 6.1 loses a direct read into a private page when a thread forks */
	if (w->disk < 0 || w->place[at].kind == PRIVATE)
		return op_store(w);
	note(w, "direct_read", at, n, 0);
	if (!error)
		begin_places(w, at, n, w->buf);
	if (!expect_bytes(w, pwrite(w->disk, w->buf, n * PAGE, disk_offset(w)), n * PAGE, 0))
		return;
	if (expect_bytes(w, pread(w->disk, address(w, at), n * PAGE, disk_offset(w)),
			 n * PAGE, error))
		end_places(w, at, n);
}

/* O_DIRECT from the mapping to the disk. */
void op_direct_write(struct worker *w)
{
	unsigned int at, n;
	struct view v;

	if (!choose_pages(w, PROT_READ, &at, &n))
		return;
	if (w->disk < 0)
		return op_load(w);
	note(w, "direct_write", at, n, 0);
	view_places(w, &v, at, n);
	if (expect_bytes(w, pwrite(w->disk, address(w, at), n * PAGE, disk_offset(w)),
			 n * PAGE, gup_error(w)) &&
	    expect_bytes(w, pread(w->disk, w->buf, n * PAGE, disk_offset(w)), n * PAGE, 0))
		view_check(w, &v, w->buf);
}

/* FUTEX_WAIT for a value no page starts with, so it never sleeps. */
void op_futex(struct worker *w)
{
	const bool ok = has_feature(&w->t->dev, MMAPSHARE_FEAT_FUTEX);
	unsigned int at, n;

	if (!choose_pages(w, PROT_WRITE, &at, &n))
		return;
	if (w->place[at].kind != SHARED)
		return op_probe(w);
	note(w, "futex", at, n, 0);
	expect(w, syscall(SYS_futex, address(w, at), FUTEX_WAIT, 0x7f7f7f7f,
			  NULL, NULL, 0), ok ? EAGAIN : EFAULT);
	expect(w, syscall(SYS_futex, address(w, at), FUTEX_WAKE, 1, NULL, NULL,
			  0), ok ? 0 : EFAULT);
}

/* The kernel walks the page tables for smaps_rollup. */
void op_smaps(struct worker *w)
{
	int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	ssize_t ret;

	note(w, "smaps", 0, 0, 0);
	ret = read(fd, w->buf, sizeof(w->buf));
	expect(w, ret > 0 ? 0 : -1, 0);
	close(fd);
}

/* Mappings outlive the descriptor they were made from. */
void op_reopen(struct worker *w)
{
	note(w, "reopen", 0, 0, 0);
	close(w->fd);
	w->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	expect(w, w->fd, 0);
}
