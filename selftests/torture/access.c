// SPDX-License-Identifier: GPL-2.0
/* Operations that look at bytes or store them, in every way there is. */
#include "torture.h"
#include <sys/syscall.h>
#include <sys/uio.h>
#include <linux/futex.h>

/* Up to BLOCK pages of one VMA with that access; false if the dice miss. */
static bool some_pages(struct worker *w, int prot, unsigned int *at,
		       unsigned int *n)
{
	*at = next_mapped(w, dice(w, ARENA_PAGES));
	*n = 1 + dice(w, BLOCK);
	*n = run_at(w, *at, *n);
	if (*n && (w->place[*at].prot & prot))
		return true;
	op_probe(w);
	return false;
}

/* Places whose pages the worker may store to: his own, or private ones. */
static bool some_stores(struct worker *w, unsigned int *at, unsigned int *n)
{
	unsigned int i;

	if (!some_pages(w, PROT_WRITE, at, n))
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

/* All of @length, none, or a failure of the operation. */
static bool whole(struct worker *w, ssize_t ret, size_t length, int error)
{
	if (!expect(w, ret, error))
		return false;
	if (!error && (size_t)ret != length)
		fail(w, "%zd bytes instead of %zu", ret, length);
	return !error && !w->failed;
}

/* What is to be stored to @n places, to @words, which may be the places. */
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

	if (!some_pages(w, PROT_READ, &at, &n))
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

	if (!some_stores(w, &at, &n))
		return;
	note(w, "store", at, n, 0)->error = 0;
	begin_places(w, at, n, (uint64_t *)address(w, at));
	end_places(w, at, n);
}

/* Where nothing is mapped, or must not be read, the kernel cannot either. */
void op_probe(struct worker *w)
{
	const unsigned int at = dice(w, ARENA_PAGES);
	const bool readable = w->place[at].kind &&
			      (w->place[at].prot & PROT_READ);
	uint64_t word;

	note(w, "probe", at, 1, readable);
	if (expect(w, write(w->pipe[1], address(w, at), sizeof(word)),
		   readable ? 0 : EFAULT) && readable &&
	    read(w->pipe[0], &word, sizeof(word)) != sizeof(word))
		fail(w, "pipe: errno %d", errno);
}

/* The device as a file. */

void op_read(struct worker *w)
{
	const unsigned int n = 1 + dice(w, BLOCK);
	const unsigned int page = dice(w, w->t->pages - n + 1);
	const size_t length = n * PAGE;
	struct view v;

	note(w, "read", page, n, 0);
	view_pages(w, &v, page, n);
	if (whole(w, pread(w->fd, w->buf, length, (off_t)page * PAGE), length,
		  0))
		view_check(w, &v, w->buf);
}

/* Own pages as far as the block goes, from a random one. */
static unsigned int own_pages(struct worker *w, unsigned int *page)
{
	*page = own_page(w);
	return 1 + dice(w, BLOCK - *page % BLOCK);
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
	unsigned int page, n = own_pages(w, &page);
	const size_t length = n * PAGE;

	note(w, "write", page, n, 0);
	begin_pages(w, page, n);
	if (whole(w, pwrite(w->fd, w->buf, length, (off_t)page * PAGE), length,
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

/* Of own pages, whose bytes nobody changes meanwhile. */
void op_checksum(struct worker *w)
{
	unsigned int page, n = own_pages(w, &page), i;
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

/* Through a pipe, into the device or out of it. */
void op_splice(struct worker *w)
{
	unsigned int page, n = own_pages(w, &page);
	const size_t length = n * PAGE;
	off_t off = (off_t)page * PAGE;
	struct view v;

	if (dice(w, 2)) {
		note(w, "splice_in", page, n, 0);
		begin_pages(w, page, n);
		if (whole(w, write(w->pipe[1], w->buf, length), length, 0) &&
		    whole(w, splice(w->pipe[0], NULL, w->fd, &off, length, 0),
			  length, 0))
			end_pages(w, page, n);
		return;
	}
	note(w, "splice_out", page, n, 0);
	view_pages(w, &v, page, n);
	if (whole(w, splice(w->fd, &off, w->pipe[1], NULL, length, 0), length,
		  0) &&
	    whole(w, read(w->pipe[0], w->buf, length), length, 0))
		view_check(w, &v, w->buf);
}

/* The mapping as the kernel gets at it: get_user_pages() and relatives. */

void op_vm_readv(struct worker *w)
{
	struct iovec local, remote;
	unsigned int at, n;
	struct view v;

	if (!some_pages(w, PROT_READ, &at, &n))
		return;
	local = (struct iovec){ w->buf, n * PAGE };
	remote = (struct iovec){ address(w, at), n * PAGE };
	note(w, "process_vm_readv", at, n, 0);
	view_places(w, &v, at, n);
	if (whole(w, process_vm_readv(getpid(), &local, 1, &remote, 1, 0),
		  n * PAGE, gup_error(w)))
		view_check(w, &v, w->buf);
}

void op_vm_writev(struct worker *w)
{
	struct iovec local, remote;
	unsigned int at, n;

	if (!some_stores(w, &at, &n))
		return;
	local = (struct iovec){ w->buf, n * PAGE };
	remote = (struct iovec){ address(w, at), n * PAGE };
	note(w, "process_vm_writev", at, n, 0);
	if (gup_error(w)) {
		whole(w, process_vm_writev(getpid(), &local, 1, &remote, 1, 0),
		      0, EFAULT);
		return;
	}
	begin_places(w, at, n, w->buf);
	if (whole(w, process_vm_writev(getpid(), &local, 1, &remote, 1, 0),
		  n * PAGE, 0))
		end_places(w, at, n);
}

/* Works in every strategy. */
void op_proc_mem(struct worker *w)
{
	unsigned int at, n;
	struct view v;
	ssize_t ret;
	int fd;

	if (!some_pages(w, PROT_READ, &at, &n))
		return;
	note(w, "proc_mem", at, n, 0);
	fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	view_places(w, &v, at, n);
	ret = pread(fd, w->buf, n * PAGE, (off_t)(uintptr_t)address(w, at));
	if (whole(w, ret, n * PAGE, 0))
		view_check(w, &v, w->buf);
	close(fd);
}

/* What was left in the pipe: pages of the device as it is now. */
static void drain(struct worker *w)
{
	const size_t length = w->n_spliced * PAGE;
	struct view v;
	unsigned int i;

	note(w, "drain", w->spliced[0], w->n_spliced, 0);
	view_pages(w, &v, w->spliced[0], w->n_spliced);
	for (i = 0; i < w->n_spliced; i++)
		v.at[i].page = w->spliced[i];
	w->n_spliced = 0;
	if (whole(w, read(w->splice[0], w->buf, length), length, 0))
		view_check(w, &v, w->buf);
}

void op_vmsplice(struct worker *w)
{
	unsigned int at, n, i;
	struct iovec iov;

	if (w->n_spliced)
		return drain(w);
	if (!some_pages(w, PROT_READ, &at, &n))
		return;
	if (w->place[at].kind != SHARED)
		return op_probe(w);
	iov = (struct iovec){ address(w, at), n * PAGE };
	note(w, "vmsplice", at, n, 0);
	if (!whole(w, vmsplice(w->splice[1], &iov, 1, 0), n * PAGE,
		   gup_error(w)))
		return;
	w->n_spliced = n;
	for (i = 0; i < n; i++)
		w->spliced[i] = w->place[at + i].page;
}

static off_t slot(struct worker *w)
{
	return (off_t)w->id * BLOCK * PAGE;
}

/* From the disk into the mapping. */
void op_direct_read(struct worker *w)
{
	const int error = gup_error(w);
	unsigned int at, n;

	if (!some_stores(w, &at, &n))
		return;
	/* 6.1 loses what it reads into a private page when another thread forks */
	if (w->disk < 0 || w->place[at].kind == PRIVATE)
		return op_store(w);
	note(w, "direct_read", at, n, 0);
	if (!error)
		begin_places(w, at, n, w->buf);
	if (!whole(w, pwrite(w->disk, w->buf, n * PAGE, slot(w)), n * PAGE, 0))
		return;
	if (whole(w, pread(w->disk, address(w, at), n * PAGE, slot(w)),
		  n * PAGE, error))
		end_places(w, at, n);
}

/* And the other way. */
void op_direct_write(struct worker *w)
{
	unsigned int at, n;
	struct view v;

	if (!some_pages(w, PROT_READ, &at, &n))
		return;
	if (w->disk < 0)
		return op_load(w);
	note(w, "direct_write", at, n, 0);
	view_places(w, &v, at, n);
	if (whole(w, pwrite(w->disk, address(w, at), n * PAGE, slot(w)),
		  n * PAGE, gup_error(w)) &&
	    whole(w, pread(w->disk, w->buf, n * PAGE, slot(w)), n * PAGE, 0))
		view_check(w, &v, w->buf);
}

/* Waits for a value that no page begins with. */
void op_futex(struct worker *w)
{
	const bool ok = has_feature(&w->t->dev, MMAPSHARE_FEAT_FUTEX);
	unsigned int at, n;

	if (!some_pages(w, PROT_WRITE, &at, &n))
		return;
	if (w->place[at].kind != SHARED)
		return op_probe(w);
	note(w, "futex", at, n, 0);
	expect(w, syscall(SYS_futex, address(w, at), FUTEX_WAIT, 0x7f7f7f7f,
			  NULL, NULL, 0), ok ? EAGAIN : EFAULT);
	expect(w, syscall(SYS_futex, address(w, at), FUTEX_WAKE, 1, NULL, NULL,
			  0), ok ? 0 : EFAULT);
}

/* Somebody looks at our page tables. */
void op_smaps(struct worker *w)
{
	int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	ssize_t ret;

	note(w, "smaps", 0, 0, 0);
	ret = read(fd, w->buf, sizeof(w->buf));
	expect(w, ret > 0 ? 0 : -1, 0);
	close(fd);
}

/* Mappings outlive their descriptor. */
void op_reopen(struct worker *w)
{
	note(w, "reopen", 0, 0, 0);
	close(w->fd);
	w->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	expect(w, w->fd, 0);
}
