// SPDX-License-Identifier: GPL-2.0
/*
 * A debugger can read and write a mapping of its tracee by ptrace() and
 * /proc/PID/mem, and write only if the mapping is writable.
 */
#include "map_fixture.h"
#include <sys/ptrace.h>

FIXTURE(traced) {
	struct device dev;
	char *shared;	/* mapping of the test itself */
	char *mem;	/* address of the child's mapping, not mapped in the test */
	pid_t child;
	int fd;		/* the child's /proc/PID/mem */
};

FIXTURE_VARIANT(traced) {
	int prot;
	int flags;
};

FIXTURE_VARIANT_ADD(traced, read_write) {
	.prot = PROT_READ | PROT_WRITE, .flags = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(traced, populated) {
	.prot = PROT_READ | PROT_WRITE, .flags = MAP_SHARED | MAP_POPULATE,
};

FIXTURE_VARIANT_ADD(traced, read_only) {
	.prot = PROT_READ, .flags = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(traced, none) {
	.prot = PROT_NONE, .flags = MAP_SHARED,
};

static int be_traced(void *arg)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return 1;
	raise(SIGSTOP);
	return 2;
}

FIXTURE_SETUP(traced)
{
	char path[64];
	int status;

	DEVICE_OPEN(&self->dev, O_RDWR);
	if (kernel_is_uml() && !has_feature(&self->dev, MMAPSHARE_FEAT_GUP))
		SKIP(return, "User-mode Linux cannot map page frames for ptrace()");
	self->mem = device_map(&self->dev, variant->prot, variant->flags);
	ASSERT_NE(MAP_FAILED, self->mem);
	self->child = start_child(be_traced, NULL);
	ASSERT_LT(0, self->child);
	ASSERT_EQ(self->child, waitpid(self->child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, munmap(self->mem, self->dev.size));
	self->shared = device_map(&self->dev, PROT_READ | PROT_WRITE,
				  MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->shared);
	snprintf(path, sizeof(path), "/proc/%d/mem", self->child);
	self->fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(traced)
{
	kill(self->child, SIGKILL);
	wait_child(self->child);
	close(self->fd);
	munmap(self->shared, self->dev.size);
	close(self->dev.fd);
}

TEST_F(traced, peek)
{
	const size_t page = self->dev.page, size = self->dev.size;
	const size_t positions[] = {
		0, 1, page - 1, page - 4, size / 2 + 3, size - sizeof(long),
	};
	size_t i;
	long word;

	make_bytes(self->shared, size, 0, 1);
	for (i = 0; i < ARRAY_SIZE(positions); i++) {
		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, self->child,
			      self->mem + positions[i], NULL);
		EXPECT_EQ(0, errno);
		EXPECT_TRUE(same_bytes(&word, sizeof(word), positions[i], 1));
	}
}

TEST_F(traced, poke)
{
	const size_t page = self->dev.page, size = self->dev.size;
	const size_t positions[] = {
		0, 1, page - 1, page - 4, size / 2 + 3, size - sizeof(long),
	};
	const bool writable = variant->prot & PROT_WRITE;
	size_t i;
	long word;

	memset(self->shared, 0, size);
	for (i = 0; i < ARRAY_SIZE(positions); i++) {
		make_bytes(&word, sizeof(word), positions[i], 2);
		EXPECT_EQ(writable ? 0 : EIO,
			  errno_of(ptrace(PTRACE_POKEDATA, self->child,
					  self->mem + positions[i], word)));
		if (!writable)
			word = 0;
		EXPECT_EQ(0, memcmp(self->shared + positions[i], &word,
				    sizeof(word)));
		memset(self->shared + positions[i], 0, sizeof(word));
	}
}

TEST_F(traced, proc_mem)
{
	const size_t page = self->dev.page, length = 5 * page + 7;
	const size_t end = self->dev.size - length;
	const bool writable = variant->prot & PROT_WRITE;
	const ssize_t ret = length;
	char *buf = malloc(length);

	ASSERT_NE(NULL, buf);
	make_bytes(self->shared + end, length, end, 3);
	EXPECT_EQ(ret, pread(self->fd, buf, length, (off_t)self->mem + end));
	EXPECT_TRUE(same_bytes(buf, length, end, 3));
	make_bytes(buf, length, page - 1, 4);
	memset(self->shared, 0, 8 * page);
	EXPECT_EQ(writable ? ret : -1,
		  pwrite(self->fd, buf, length, (off_t)self->mem + page - 1));
	EXPECT_EQ(writable, same_bytes(self->shared + page - 1, length, page - 1, 4));
	EXPECT_EQ(0, self->shared[page - 2]);
	EXPECT_EQ(0, self->shared[page - 1 + length]);
	free(buf);
}

/* An access past the end of a mapping reaches the next VMA, not the region. */
TEST_F(traced, end_of_mapping)
{
	const size_t page = self->dev.page;
	char *buf = malloc(2 * page), *mem;
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	ASSERT_NE(NULL, buf);
	ASSERT_LE(0, fd);
	mem = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(mem, mmap(mem, page, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_FIXED, self->dev.fd, page));
	memset(self->shared, 'r', 4 * page);
	memset(mem + page, 'a', page);
	ASSERT_EQ(100, pread(fd, buf, 100, (off_t)mem + page - 50));
	EXPECT_TRUE(!memcmp(buf, "rrrr", 4) && !memcmp(buf + 46, "rrrraaaa", 8));
	EXPECT_EQ('a', buf[99]);
	memset(buf, 'w', 100);
	ASSERT_EQ(100, pwrite(fd, buf, 100, (off_t)mem + page - 50));
	EXPECT_EQ('w', self->shared[2 * page - 1]);
	EXPECT_EQ('r', self->shared[2 * page]);
	EXPECT_EQ('w', mem[page + 49]);
	EXPECT_EQ('a', mem[page + 50]);
	munmap(mem, 2 * page);
	close(fd);
	free(buf);
}

TEST_HARNESS_MAIN
