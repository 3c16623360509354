// SPDX-License-Identifier: GPL-2.0
/*
 * Revoked regions: accesses through mappings raise SIGBUS, calls on descriptors
 * fail with ENODEV.
 */
#include "map_fixture.h"
#include "region_test.h"
#include <sys/ptrace.h>
#include <sys/uio.h>

FIXTURE(revoked) {
	struct device dev;
	size_t size;
	char name[32];
	int fd;
	char *mem;
};

FIXTURE_SETUP(revoked)
{
	size_t pos;

	DEVICE_OPEN(&self->dev, O_RDWR);
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_REVOKE))
		SKIP(return, "REVOKE gets EOPNOTSUPP with this strategy");
	self->size = own_size(&self->dev);
	snprintf(self->name, sizeof(self->name), "revoke.%d", getpid());
	self->fd = region_create_own(&self->dev, self->name);
	ASSERT_LE(0, self->fd);
	self->mem = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	/* fault in the first half only */
	for (pos = 0; pos < self->size / 2; pos += self->dev.page)
		self->mem[pos] = 'm';
}

FIXTURE_TEARDOWN(revoked)
{
	region_destroy(self->dev.fd, self->name);
	munmap(self->mem, self->size);
	close(self->fd);
	close(self->dev.fd);
}

/*
 * Returns 0 if no page is present and none can be faulted in, else the number
 * of the failed check.
 */
static int check_unmapped(char *mem, size_t size, size_t page)
{
	if (count_present(mem, size, page))
		return 1;
	if (run_child(load_byte, mem) != SIGBUS ||
	    run_child(store_byte, mem) != SIGBUS)
		return 2;
	if (run_child(load_byte, mem + size / 2) != SIGBUS ||
	    run_child(store_byte, mem + size - 1) != SIGBUS)
		return 3;
	return count_present(mem, size, page) ? 4 : 0;
}

TEST_F(revoked, page_faults)
{
	ASSERT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(0, check_unmapped(self->mem, self->size, self->dev.page));
	EXPECT_EQ(0, smaps_bytes(self->mem, "Rss:"));
	EXPECT_EQ(0, munmap(self->mem, self->size));
}

TEST_F(revoked, private_mapping)
{
	char *mem = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			 self->fd, 0);

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_COW)) {
		ASSERT_EQ(MAP_FAILED, mem);
		return;
	}
	ASSERT_NE(MAP_FAILED, mem);
	(void)*(volatile char *)mem;
	mem[self->size / 2] = 'p';
	mem[self->size - 1] = 'p';
	ASSERT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(0, check_unmapped(mem, self->size, self->dev.page));
	EXPECT_EQ(0, munmap(mem, self->size));
}

/* mremap(), mprotect() and other operations on the VMA map no page again. */
TEST_F(revoked, vma_operations)
{
	char *to = mmap(NULL, self->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	ASSERT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(has_feature(&self->dev, MMAPSHARE_FEAT_DONTNEED) ? 0 : EINVAL,
		  errno_of(madvise(self->mem, self->size, MADV_DONTNEED)));
	EXPECT_EQ(0, check_unmapped(self->mem, self->size, self->dev.page));
	EXPECT_EQ(0, mprotect(self->mem, self->size, PROT_READ));
	EXPECT_EQ(SIGBUS, run_child(load_byte, self->mem));
	EXPECT_EQ(0, mprotect(self->mem, self->size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(ENODEV, errno_of(msync(self->mem, self->size, MS_SYNC)));
	EXPECT_NE(0, madvise(self->mem, self->size, MADV_POPULATE_WRITE));
	ASSERT_EQ(to, mremap(self->mem, self->size, self->size,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	self->mem = to;
	EXPECT_EQ(0, check_unmapped(self->mem, self->size, self->dev.page));
}

static int load_after_stop(void *arg)
{
	FIXTURE_DATA(revoked) *self = arg;

	raise(SIGSTOP);
	return self->mem[0];
}

TEST_F(revoked, mapping_of_a_child)
{
	pid_t child = start_child(load_after_stop, self);
	int status;

	ASSERT_EQ(child, waitpid(child, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, region_revoke(self->fd));
	kill(child, SIGCONT);
	EXPECT_EQ(SIGBUS, wait_child(child));
}

TEST_F(revoked, mapping_as_buffer)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	struct iovec local = { self->name, 1 }, remote = { self->mem, 1 };

	ASSERT_EQ(1, write(file, "x", 1));
	ASSERT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(EFAULT, errno_of(pread(file, self->mem, 1, 0)));
	EXPECT_EQ(EFAULT, errno_of(pwrite(file, self->mem, 1, 0)));
	EXPECT_EQ(EFAULT, errno_of(pread(self->dev.fd, self->mem, 1, 0)));
	EXPECT_EQ(EFAULT, errno_of(process_vm_readv(getpid(), &local, 1,
						    &remote, 1, 0)));
	close(file);
}

static int check_calls_fail(int fd)
{
	struct mmapshare_info info;
	char byte = 'x';
	int ends[2];

	if (errno_of(pread(fd, &byte, 1, 0)) != ENODEV ||
	    errno_of(read(fd, &byte, 0)) != ENODEV ||
	    errno_of(pread(fd, &byte, 1, 1ULL << 40)) != ENODEV)
		return 1;
	if (errno_of(lseek(fd, 0, SEEK_END)) != ENODEV ||
	    errno_of(fsync(fd)) != ENODEV)
		return 2;
	if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED ||
	    errno != ENODEV)
		return 3;
	if (device_info(fd, &info) != -1 || errno != ENODEV)
		return 4;
	if (kernel_checksum(fd, 0, 1) != -ENODEV)
		return 5;
	if (region_seals(fd) != -ENODEV || region_read_only(fd) != -ENODEV ||
	    region_revoke(fd) != ENODEV)
		return 6;
	if (errno_of(ioctl(fd, _IO(MMAPSHARE_IOC_MAGIC, 0x7f), NULL)) != ENODEV)
		return 7;
	if (pipe(ends) || errno_of(splice(fd, NULL, ends[1], NULL, 1, 0)) != ENODEV)
		return 8;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

TEST_F(revoked, calls_on_descriptors)
{
	int copy = dup(self->fd), ro = region_read_only(self->fd);
	int node = open(region_node(self->name), O_RDWR | O_CLOEXEC);
	struct stat st;

	ASSERT_LE(0, ro);
	ASSERT_LE(0, node);
	ASSERT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(0, check_calls_fail(self->fd));
	EXPECT_EQ(0, check_calls_fail(copy));
	EXPECT_EQ(0, check_calls_fail(ro));
	EXPECT_EQ(0, check_calls_fail(node));
	EXPECT_EQ(ENODEV, errno_of(pwrite(node, "x", 1, 0)));
	EXPECT_EQ(ENODEV, errno_of(write(node, "", 0)));
	EXPECT_EQ(ENODEV, errno_of(pwrite(node, "x", 1, self->size)));
	EXPECT_EQ(ENODEV, errno_of(kernel_fill(node, 0, 1, 'x')));
	EXPECT_EQ(ENODEV, errno_of(kernel_fill(node, self->size, 1, 'x')));
	EXPECT_EQ(ENODEV, region_seal(node, MMAPSHARE_SEAL_WRITE));
	EXPECT_EQ(0, fstat(node, &st));
	close(node);
	close(ro);
	close(copy);
}

TEST_F(revoked, name_is_removed)
{
	struct mmapshare_query query;
	int fd;

	ASSERT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(-1, access(region_node(self->name), F_OK));
	EXPECT_EQ(ENOENT, region_query(self->dev.fd, self->name, &query));
	/* another region may take the name */
	fd = region_create_own(&self->dev, self->name);
	ASSERT_LE(0, fd);
	EXPECT_EQ(ENODEV, region_revoke(self->fd));
	EXPECT_EQ(0, region_query(self->dev.fd, self->name, &query));
	EXPECT_EQ(1, pwrite(fd, "x", 1, 0));
	close(fd);
}

/* REVOKE acts on the descriptor's region, not on a new region of its name. */
TEST_F(revoked, name_reused)
{
	int fd;

	ASSERT_EQ(0, region_destroy(self->dev.fd, self->name));
	fd = region_create_own(&self->dev, self->name);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(SIGBUS, run_child(load_byte, self->mem));
	EXPECT_EQ(0, access(region_node(self->name), F_OK));
	EXPECT_EQ(1, pwrite(fd, "x", 1, 0));
	close(fd);
}

TEST_F(revoked, destroy_and_revoke)
{
	ASSERT_EQ(0, region_destroy_revoke(self->dev.fd, self->name));
	EXPECT_EQ(0, check_unmapped(self->mem, self->size, self->dev.page));
	EXPECT_EQ(0, check_calls_fail(self->fd));
	EXPECT_EQ(-1, access(region_node(self->name), F_OK));
	EXPECT_EQ(ENOENT, region_destroy_revoke(self->dev.fd, self->name));
}

TEST_F(revoked, anonymous)
{
	int fd = region_create_own(&self->dev, NULL);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, region_revoke(fd));
	EXPECT_EQ(0, check_calls_fail(fd));
	/* the fixture's region is unaffected */
	self->mem[0] = 'a';
	EXPECT_EQ(1, pwrite(self->fd, "b", 1, 1));
	close(fd);
}

TEST_F(revoked, sealed_region)
{
	ASSERT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_FUTURE_WRITE |
				 MMAPSHARE_SEAL_SEAL));
	ASSERT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(0, check_unmapped(self->mem, self->size, self->dev.page));
}

TEST_F(revoked, default_region_is_refused)
{
	EXPECT_EQ(EINVAL, region_revoke(self->dev.fd));
	EXPECT_LE(0, kernel_checksum(self->dev.fd, 0, 1));
}

static int revoke_as_nobody(void *arg)
{
	FIXTURE_DATA(revoked) *self = arg;

	if (setgid(65534) || setuid(65534))
		return 255;
	if (region_revoke(self->fd) != EPERM)
		return 1;
	return region_destroy_revoke(self->dev.fd, self->name);
}

TEST_F(revoked, other_users_are_refused)
{
	if (geteuid())
		SKIP(return, "needs root");
	EXPECT_EQ(-EPERM, run_child(revoke_as_nobody, self));
	self->mem[0] = 'x';
	EXPECT_EQ(0, access(region_node(self->name), F_OK));
	EXPECT_EQ(1, pwrite(self->fd, "x", 1, 0));
}

/* An unprivileged owner may revoke, through a writable descriptor. */
static int revoke_own(void *arg)
{
	const FIXTURE_DATA(revoked) *self = arg;
	int fd;

	if (setgid(65534) || setuid(65534))
		return 255;
	fd = region_create_own(&self->dev, NULL);
	if (fd < 0)
		return 254;
	if (region_revoke(region_read_only(fd)) != EBADF)
		return 253;
	return region_revoke(fd);
}

TEST_F(revoked, unprivileged_owner)
{
	if (geteuid())
		SKIP(return, "needs root");
	EXPECT_EQ(0, run_child(revoke_own, self));
}

/* Page pins survive revocation and the last close. */
TEST_F(revoked, pinned_pages)
{
	struct iovec iov = { self->mem, self->dev.page };
	char *buf = malloc(self->dev.page);
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_GUP)) {
		EXPECT_EQ(EFAULT, errno_of(vmsplice(ends[1], &iov, 1, 0)));
		return;
	}
	ASSERT_EQ((ssize_t)iov.iov_len, vmsplice(ends[1], &iov, 1, 0));
	ASSERT_EQ(0, region_revoke(self->fd));
	close(self->fd);
	munmap(self->mem, self->size);
	ASSERT_EQ((ssize_t)iov.iov_len, read(ends[0], buf, iov.iov_len));
	EXPECT_EQ('m', buf[0]);
	close(ends[0]);
	close(ends[1]);
	free(buf);
}

static int stop_traced(void *arg)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return 1;
	raise(SIGSTOP);
	return 2;
}

TEST_F(revoked, ptrace)
{
	pid_t child = start_child(stop_traced, NULL);
	int status;

	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	errno = 0;
	ptrace(PTRACE_PEEKDATA, child, self->mem, NULL);
	EXPECT_EQ(0, errno);
	ASSERT_EQ(0, region_revoke(self->fd));
	errno = 0;
	ptrace(PTRACE_PEEKDATA, child, self->mem, NULL);
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(EIO, errno_of(ptrace(PTRACE_POKEDATA, child, self->mem, 1)));
	kill(child, SIGKILL);
	wait_child(child);
}

TEST_HARNESS_MAIN
