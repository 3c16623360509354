// SPDX-License-Identifier: GPL-2.0
/*
 * MMAPSHARE_SEAL_WRITE fails with EBUSY while a mapping is writable or may
 * become so; once it has succeeded, nothing writes to the region.
 */
#include "map_fixture.h"
#include "region_test.h"
#include <sys/ptrace.h>
#include <sys/uio.h>

FIXTURE(sealed) {
	struct device dev;
	size_t size;
	int fd;
	int reader;
	char name[32];
};

FIXTURE_SETUP(sealed)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->size = own_size(&self->dev);
	snprintf(self->name, sizeof(self->name), "seal.%d", getpid());
	self->fd = region_create_own(&self->dev, self->name);
	ASSERT_LE(0, self->fd);
	self->reader = open(region_node(self->name), O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->reader);
}

FIXTURE_TEARDOWN(sealed)
{
	region_destroy(self->dev.fd, self->name);
	close(self->reader);
	close(self->fd);
	close(self->dev.fd);
}

static char *map(FIXTURE_DATA(sealed) *self, int fd, int prot)
{
	return mmap(NULL, self->size, prot, MAP_SHARED, fd, 0);
}

#define SEAL()	region_seal(self->fd, MMAPSHARE_SEAL_WRITE)

TEST_F(sealed, writable_mapping)
{
	char *mem = map(self, self->fd, PROT_READ | PROT_WRITE);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(EBUSY, SEAL());
	EXPECT_EQ(0, region_seals(self->fd));
	/* writing still works */
	mem[0] = 'a';
	EXPECT_EQ(1, pwrite(self->fd, "b", 1, 1));
	EXPECT_EQ(0, kernel_fill(self->fd, 2, 1, 'c'));
	EXPECT_EQ(0, memcmp(mem, "abc", 3));
	/* each VMA that is left of the mapping counts */
	ASSERT_EQ(0, munmap(mem + self->dev.page, self->size - 2 * self->dev.page));
	EXPECT_EQ(EBUSY, SEAL());
	ASSERT_EQ(0, munmap(mem, self->dev.page));
	EXPECT_EQ(EBUSY, SEAL());
	ASSERT_EQ(0, munmap(mem + self->size - self->dev.page, self->dev.page));
	EXPECT_EQ(0, SEAL());
}

TEST_F(sealed, mapping_may_become_writable)
{
	char *mem = map(self, self->fd, PROT_READ);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(EBUSY, SEAL());
	EXPECT_EQ(0, mprotect(mem, self->size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, mprotect(mem, self->size, PROT_NONE));
	EXPECT_EQ(EBUSY, SEAL());
	EXPECT_EQ(0, munmap(mem, self->size));
	EXPECT_EQ(0, SEAL());
}

static int wait_for_kill(void *arg)
{
	return pause();
}

TEST_F(sealed, mapping_of_a_child)
{
	char *mem = map(self, self->fd, PROT_READ | PROT_WRITE);
	pid_t child = start_child(wait_for_kill, NULL);

	ASSERT_LT(0, child);
	ASSERT_EQ(0, munmap(mem, self->size));
	EXPECT_EQ(EBUSY, SEAL());
	kill(child, SIGKILL);
	wait_child(child);
	EXPECT_EQ(0, SEAL());
}

TEST_F(sealed, moved_mapping)
{
	char *mem = map(self, self->fd, PROT_READ | PROT_WRITE);
	char *to = mmap(NULL, self->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	ASSERT_EQ(to, mremap(mem, self->size, self->size,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(EBUSY, SEAL());
	EXPECT_EQ(0, munmap(to, self->size));
	EXPECT_EQ(0, SEAL());
}

/* A failed mmap() leaves no count of writable mappings behind. */
TEST_F(sealed, failed_mmap)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->dev.page, PROT_READ | PROT_WRITE,
				   MAP_SHARED, self->fd, self->size));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->dev.page, PROT_READ | PROT_WRITE |
				   PROT_EXEC, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(0, SEAL());
}

TEST_F(sealed, read_only_mapping)
{
	char *first = map(self, self->reader, PROT_READ), *second;

	ASSERT_NE(MAP_FAILED, first);
	(void)*(volatile char *)first;
	ASSERT_EQ(1, pwrite(self->fd, "x", 1, 0));
	ASSERT_EQ(0, SEAL());
	EXPECT_EQ('x', first[0]);
	/* a mapping by a writable descriptor loses VM_MAYWRITE */
	second = map(self, self->fd, PROT_READ);
	ASSERT_NE(MAP_FAILED, second);
	EXPECT_EQ('x', second[0]);
	EXPECT_EQ(EACCES, errno_of(mprotect(second, self->size, PROT_WRITE)));
	munmap(second, self->size);
	munmap(first, self->size);
}

/* The references of many mappings to a page do not count as pins. */
TEST_F(sealed, many_read_only_mappings)
{
	enum { MAPS = 1200 };
	char *maps[MAPS];
	int i;

	for (i = 0; i < MAPS; i++) {
		maps[i] = mmap(NULL, self->dev.page, PROT_READ, MAP_SHARED,
			       self->reader, 0);
		ASSERT_NE(MAP_FAILED, maps[i]);
		(void)*(volatile char *)maps[i];
	}
	EXPECT_EQ(0, SEAL());
	for (i = 0; i < MAPS; i++)
		munmap(maps[i], self->dev.page);
}

TEST_F(sealed, private_mapping)
{
	char *mem = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			 self->fd, 0);

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_COW)) {
		ASSERT_EQ(MAP_FAILED, mem);
		return;
	}
	ASSERT_NE(MAP_FAILED, mem);
	(void)*(volatile char *)mem;
	mem[self->dev.page] = 'p';
	EXPECT_EQ(0, SEAL());
	mem[0] = 'q';
	EXPECT_EQ(kernel_checksum(self->reader, 0, 1), user_crc32c("", 1));
	munmap(mem, self->size);
}

TEST_F(sealed, all_writes_fail)
{
	struct iovec iov = { "x", 1 };
	char *mem;

	ASSERT_EQ(0, SEAL());
	EXPECT_EQ(EPERM, errno_of(pwrite(self->fd, "x", 1, 0)));
	EXPECT_EQ(EPERM, errno_of(kernel_fill(self->fd, 0, 1, 'x')));
	EXPECT_EQ(MAP_FAILED, map(self, self->fd, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(MAP_FAILED, map(self, self->fd, PROT_WRITE));
	EXPECT_EQ(EPERM, errno);
	mem = map(self, self->fd, PROT_READ);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(EACCES, errno_of(mprotect(mem, self->size, PROT_WRITE)));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, mem));
	EXPECT_EQ(EFAULT, errno_of(pread(self->dev.fd, mem, 1, 0)));
	EXPECT_EQ(EFAULT, errno_of(process_vm_writev(getpid(), &iov, 1,
						     &(struct iovec){ mem, 1 },
						     1, 0)));
	munmap(mem, self->size);
	EXPECT_EQ(kernel_checksum(self->fd, 0, 1), user_crc32c("", 1));
}

static int stop_traced(void *arg)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return 1;
	raise(SIGSTOP);
	return 2;
}

/* ptrace() ignores page protection (FOLL_FORCE), but not the seal. */
TEST_F(sealed, ptrace_write_fails)
{
	char path[64], *mem;
	int status, file;
	pid_t child;

	ASSERT_EQ(0, SEAL());
	mem = map(self, self->fd, PROT_READ);
	ASSERT_NE(MAP_FAILED, mem);
	(void)*(volatile char *)mem;
	child = start_child(stop_traced, NULL);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(EIO, errno_of(ptrace(PTRACE_POKEDATA, child, mem, 0x41)));
	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	file = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, file);
	EXPECT_EQ(-1, pwrite(file, "x", 1, (off_t)(uintptr_t)mem));
	EXPECT_EQ(0, mem[0]);
	close(file);
	kill(child, SIGKILL);
	wait_child(child);
	munmap(mem, self->size);
}

TEST_F(sealed, reads_still_work)
{
	char c = 0;

	ASSERT_EQ(1, pwrite(self->fd, "x", 1, self->size - 1));
	ASSERT_EQ(0, SEAL());
	EXPECT_EQ(1, pread(self->fd, &c, 1, self->size - 1));
	EXPECT_EQ('x', c);
	EXPECT_EQ(kernel_checksum(self->reader, self->size - 1, 1),
		  user_crc32c("x", 1));
}

TEST_HARNESS_MAIN
