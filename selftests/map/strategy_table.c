// SPDX-License-Identifier: GPL-2.0
/*
 * The strategy table of Documentation/abi.rst says what a mapping can do with
 * each strategy and with a memfd. The test compares the cells of the loaded
 * strategy and of memfd with what the kernel does. MMAPSHARE_ABI_RST is the
 * path of the file.
 */
#include "map_fixture.h"
#include "failure_test.h"
#include "region_test.h"
#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define COLUMNS	5
#define LAST	"memfd"		/* the last column; in front of it, the strategies */

/* Results of a row's function, besides errnos. */
#define YES	0
#define NO	-1
#define UNKNOWN	-2	/* not observable here: not checked */

/* A region, or a memfd of the same size, and its untouched mapping. */
struct subject {
	const struct device *dev;
	bool is_region;
	int fd;
	char *mem;
	size_t size;
	size_t page;
};

static int yes_or_no(bool yes)
{
	return yes ? YES : NO;
}

static void *map_again(const struct subject *s, int flags)
{
	return mmap(NULL, s->size, PROT_READ | PROT_WRITE, flags, s->fd, 0);
}

static int try_cow(struct subject *s)
{
	char *p = map_again(s, MAP_PRIVATE);
	bool copied;

	if (p == MAP_FAILED)
		return errno;
	p[0] = 'c';
	copied = s->mem[0] == 0;
	munmap(p, s->size);
	return yes_or_no(copied);
}

static int try_gup(struct subject *s)
{
	char buf[16];
	struct iovec local = { buf, sizeof(buf) }, remote = { s->mem, sizeof(buf) };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) < 0 ? errno : YES;
}

static int try_dontneed(struct subject *s)
{
	s->mem[0] = 'd';
	if (madvise(s->mem, s->size, MADV_DONTNEED))
		return errno;
	return yes_or_no(s->mem[0] == 'd');
}

static int try_futex(struct subject *s)
{
	/* EAGAIN: the futex was found and has another value */
	*(volatile int *)s->mem = 1;
	syscall(SYS_futex, s->mem, FUTEX_WAIT, 2, NULL, NULL, 0);
	return errno == EAGAIN ? YES : errno;
}

/* Checks only the flag of the VMA; map/coredump reads a core dump. */
static int try_dump(struct subject *s)
{
	return yes_or_no(!smaps_flag(s->mem, "dd"));
}

static int try_huge(struct subject *s)
{
	const bool device = s->is_region && has_feature(s->dev, MMAPSHARE_FEAT_HUGE);
	struct mmapshare_info info;

	s->mem[0] = 'h';
	if (device && (device_info(s->fd, &info) || !info.huge_bytes))
		return UNKNOWN;
	return yes_or_no(smaps_bytes(s->mem, "FilePmdMapped:") > 0 ||
			 smaps_bytes(s->mem, "ShmemPmdMapped:") > 0);
}

static int try_revoke(struct subject *s)
{
	struct mmapshare_revoke_args revoke = { .size = sizeof(revoke) };

	if (ioctl(s->fd, MMAPSHARE_IOC_REVOKE, &revoke))
		return errno;
	return yes_or_no(run_child(load_byte, s->mem) == SIGBUS);
}

static int try_hwpoison(struct subject *s)
{
	int error;

	if (no_failures(NULL))
		return UNKNOWN;
	s->mem[s->page] = 'p';
	error = fail_page(s->mem, s->page, s->is_region);
	return error ?: yes_or_no(is_refused(s->mem) && s->mem[s->page] == 'p');
}

static int try_hwpoison_mmap(struct subject *s)
{
	int error;
	char *p;

	if (no_failures(NULL))
		return UNKNOWN;
	s->mem[s->page] = 'p';
	error = fail_page(s->mem, s->page, s->is_region);
	if (error)
		return error;
	p = map_again(s, MAP_SHARED);
	if (p == MAP_FAILED)
		return errno;
	error = yes_or_no(is_refused(p) && p[s->page] == 'p');
	munmap(p, s->size);
	return error;
}

static int try_soft_offline(struct subject *s)
{
	if (no_failures(NULL))
		return UNKNOWN;
	s->mem[0] = 'o';
	if (madvise(s->mem, s->page, MADV_SOFT_OFFLINE))
		return errno;
	return yes_or_no(s->mem[0] == 'o');
}

static int try_compact(struct subject *s)
{
	const int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
	ssize_t n;

	make_bytes(s->mem, s->size, 0, 1);
	n = write(fd, "1", 1);
	close(fd);
	return n == 1 ? yes_or_no(same_bytes(s->mem, s->size, 0, 1)) : UNKNOWN;
}

/* Queries a page that was never touched. */
static int try_mincore(struct subject *s)
{
	unsigned char resident;

	/* the result for VM_PFNMAP depends on the kernel */
	if (smaps_flag(s->mem, "pf"))
		return UNKNOWN;
	return mincore(s->mem, s->page, &resident) ? errno : yes_or_no(resident & 1);
}

/*
 * Are accesses visible in smaps? Like page idle tracking and DAMON, smaps
 * depends on the processor's accessed bits.
 */
static int try_referenced(struct subject *s)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	bool cleared;

	s->mem[0] = 'r';
	cleared = write(fd, "1", 1) == 1 && smaps_bytes(s->mem, "Referenced:") == 0;
	close(fd);
	/* flushes the TLB, so that the processor sets the accessed bit again */
	mprotect(s->mem, s->size, PROT_NONE);
	mprotect(s->mem, s->size, PROT_READ | PROT_WRITE);
	s->mem[0] = 's';
	return yes_or_no(cleared && smaps_bytes(s->mem, "Referenced:") > 0);
}

static int register_uffd(struct subject *s, uint64_t mode, uint64_t feature)
{
	struct uffdio_api api = { .api = UFFD_API, .features = feature };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)s->mem, .len = s->size },
		.mode = mode,
	};
	const int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	int error = UNKNOWN;

	if (fd >= 0 && !ioctl(fd, UFFDIO_API, &api))
		error = errno_of(ioctl(fd, UFFDIO_REGISTER, &reg));
	close(fd);
	return error;
}

static int try_uffd_missing(struct subject *s)
{
	return register_uffd(s, UFFDIO_REGISTER_MODE_MISSING, UFFD_FEATURE_MISSING_SHMEM);
}

static int try_uffd_wp(struct subject *s)
{
	return register_uffd(s, UFFDIO_REGISTER_MODE_WP, UFFD_FEATURE_WP_HUGETLBFS_SHMEM);
}

static int try_uffd_minor(struct subject *s)
{
	return register_uffd(s, UFFDIO_REGISTER_MODE_MINOR, UFFD_FEATURE_MINOR_SHMEM);
}

static const struct {
	const char *name;
	uint64_t feature;	/* reported if and only if a region's cell is "yes"; 0: none */
	int (*try)(struct subject *s);
} rows[] = {
	{ "COW", MMAPSHARE_FEAT_COW, try_cow },
	{ "GUP", MMAPSHARE_FEAT_GUP, try_gup },
	{ "DONTNEED", MMAPSHARE_FEAT_DONTNEED, try_dontneed },
	{ "FUTEX", MMAPSHARE_FEAT_FUTEX, try_futex },
	{ "DUMP", MMAPSHARE_FEAT_DUMP, try_dump },
	{ "HUGE", MMAPSHARE_FEAT_HUGE, try_huge },
	{ "REVOKE", MMAPSHARE_FEAT_REVOKE, try_revoke },
	{ "HWPOISON", 0, try_hwpoison },
	{ "HWPOISON_MMAP", 0, try_hwpoison_mmap },
	{ "SOFT_OFFLINE", 0, try_soft_offline },
	{ "COMPACT", 0, try_compact },
	{ "MINCORE", 0, try_mincore },
	{ "REFERENCED", 0, try_referenced },
	{ "UFFD_MISSING", 0, try_uffd_missing },
	{ "UFFD_WP", 0, try_uffd_wp },
	{ "UFFD_MINOR", 0, try_uffd_minor },
};

static bool subject_open(struct subject *s, const struct device *dev, bool is_region)
{
	*s = (struct subject){
		.dev = dev,
		.is_region = is_region,
		.size = own_size(dev),
		.page = dev->page,
	};
	s->fd = is_region ? region_create_own(dev, NULL) : memfd_create("table", MFD_CLOEXEC);
	if (s->fd < 0 || (!is_region && ftruncate(s->fd, s->size)))
		return false;
	s->mem = map_again(s, MAP_SHARED);
	return s->mem != MAP_FAILED;
}

/* The text of a cell; "?" for UNKNOWN. */
static const char *observe(const struct device *dev, bool is_region, size_t row)
{
	struct subject s;
	bool works;
	int ret;

	if (!subject_open(&s, dev, is_region))
		return "no region or memfd";
	ret = rows[row].try(&s);
	munmap(s.mem, s.size);
	close(s.fd);
	works = ret == YES;
	if (is_region && rows[row].feature && ret != UNKNOWN &&
	    works != has_feature(dev, rows[row].feature))
		return "not what INFO reports";
	return works ? "yes" : ret == NO ? "no" : ret == UNKNOWN ? "?" : strerrorname_np(ret);
}

FIXTURE(table) {
	struct device dev;
	FILE *file;
};

/* Read the next line of the table. False at its end. */
static bool next_row(FILE *f, char cells[COLUMNS + 1][16])
{
	char line[128];

	while (fgets(line, sizeof(line), f) && !strstr(line, "strategy-table-end"))
		if (*line != '=' &&
		    sscanf(line, "%15s %15s %15s %15s %15s %15s", cells[0], cells[1], cells[2],
			   cells[3], cells[4], cells[5]) == COLUMNS + 1)
			return true;
	return false;
}

FIXTURE_SETUP(table)
{
	const char *path = getenv("MMAPSHARE_ABI_RST");
	char line[128] = "";

	if (!path)
		SKIP(return, "MMAPSHARE_ABI_RST is not set");
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->file = fopen(path, "r");
	ASSERT_NE(NULL, self->file);
	while (!strstr(line, "strategy-table-begin"))
		ASSERT_NE(NULL, fgets(line, sizeof(line), self->file));
}

FIXTURE_TEARDOWN(table)
{
	fclose(self->file);
	close(self->dev.fd);
}

TEST_F(table, cells)
{
	char head[COLUMNS + 1][16], row[COLUMNS + 1][16], strategy[16] = "";
	int column[2] = { 1, COLUMNS };
	size_t i, j;
	FILE *f;

	f = fopen("/sys/module/mmapshare/parameters/strategy", "r");
	ASSERT_NE(NULL, f);
	ASSERT_EQ(1, fscanf(f, "%15s", strategy));
	fclose(f);
	ASSERT_TRUE(next_row(self->file, head));
	EXPECT_STREQ(LAST, head[COLUMNS]);
	while (strcmp(head[column[0]], strategy))
		ASSERT_GT(COLUMNS, ++column[0]);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ASSERT_TRUE(next_row(self->file, row));
		EXPECT_STREQ(rows[i].name, row[0]);
		for (j = 0; j < ARRAY_SIZE(column); j++) {
			const char *seen = observe(&self->dev, !j, i);

			if (!strcmp(seen, "?"))
				TH_LOG("%s, %s: not checked", row[0], head[column[j]]);
			else
				EXPECT_STREQ(seen, row[column[j]])
					TH_LOG("%s, %s", row[0], head[column[j]]);
		}
	}
	EXPECT_FALSE(next_row(self->file, row));
}

TEST_HARNESS_MAIN
