// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel can pin the pages of a mapping if the strategy supports it.
 * Otherwise, system calls that pin pages get EFAULT.
 */
#include "map_fixture.h"
#include <sys/uio.h>

/* The child has the mapping at the same address: @mem. */
FIXTURE(gup) {
	struct device dev;
	char *mem;
	pid_t child;
	char *buf;
	size_t length;
};

FIXTURE_VARIANT(gup) {
	int prot;
	bool touched;
};

FIXTURE_VARIANT_ADD(gup, not_accessed) {
	.prot = PROT_READ | PROT_WRITE,
};

FIXTURE_VARIANT_ADD(gup, accessed) {
	.prot = PROT_READ | PROT_WRITE, .touched = true,
};

FIXTURE_VARIANT_ADD(gup, read_only) {
	.prot = PROT_READ,
};

static int wait_for_death(void *arg)
{
	return pause();
}

FIXTURE_SETUP(gup)
{
	size_t pos;

	DEVICE_OPEN(&self->dev, O_RDWR);
	self->mem = device_map(&self->dev, variant->prot, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->mem);
	if (variant->touched)
		for (pos = 0; pos < self->dev.size; pos += self->dev.page)
			(void)*(volatile char *)(self->mem + pos);
	self->child = start_child(wait_for_death, NULL);
	ASSERT_LT(0, self->child);
	self->length = 5 * self->dev.page + 100;
	self->buf = malloc(self->length);
	ASSERT_NE(NULL, self->buf);
}

FIXTURE_TEARDOWN(gup)
{
	kill(self->child, SIGKILL);
	wait_child(self->child);
	free(self->buf);
	munmap(self->mem, self->dev.size);
	close(self->dev.fd);
}

TEST_F(gup, process_vm_readv)
{
	const size_t at = self->dev.size - self->length;
	struct iovec local = { self->buf, self->length };
	struct iovec remote = { self->mem + at, self->length };
	const ssize_t ret = self->length;

	make_bytes(self->buf, self->length, at, 1);
	ASSERT_EQ(ret, pwrite(self->dev.fd, self->buf, self->length, at));
	memset(self->buf, 0, self->length);
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_GUP)) {
		EXPECT_EQ(EFAULT, errno_of(process_vm_readv(self->child, &local,
							    1, &remote, 1, 0)));
		return;
	}
	EXPECT_EQ(ret, process_vm_readv(self->child, &local, 1, &remote, 1, 0));
	EXPECT_TRUE(same_bytes(self->buf, self->length, at, 1));
}

TEST_F(gup, process_vm_writev)
{
	const size_t at = self->dev.page - 50;
	struct iovec local = { self->buf, self->length };
	struct iovec remote = { self->mem + at, self->length };
	const ssize_t ret = self->length;

	ASSERT_EQ(0, kernel_fill(self->dev.fd, at, self->length, 0));
	make_bytes(self->buf, self->length, at, 2);
	if (!(variant->prot & PROT_WRITE) ||
	    !has_feature(&self->dev, MMAPSHARE_FEAT_GUP)) {
		EXPECT_EQ(EFAULT, errno_of(process_vm_writev(self->child,
							     &local, 1,
							     &remote, 1, 0)));
		return;
	}
	EXPECT_EQ(ret, process_vm_writev(self->child, &local, 1, &remote, 1, 0));
	ASSERT_EQ(ret, pread(self->dev.fd, self->buf, self->length, at));
	EXPECT_TRUE(same_bytes(self->buf, self->length, at, 2));
}

/* The pipe refers to the pages themselves: it shows later stores. */
TEST_F(gup, vmsplice)
{
	struct iovec iov = { self->mem + 100, self->length };
	const ssize_t ret = self->length;
	int pipe_fd[2];
	size_t i;

	ASSERT_EQ(0, pipe(pipe_fd));
	ASSERT_EQ(0, kernel_fill(self->dev.fd, 0, 2 * self->length, 'a'));
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_GUP)) {
		EXPECT_EQ(EFAULT, errno_of(vmsplice(pipe_fd[1], &iov, 1, 0)));
		return;
	}
	ASSERT_EQ(ret, vmsplice(pipe_fd[1], &iov, 1, 0));
	ASSERT_EQ(0, kernel_fill(self->dev.fd, 0, 2 * self->length, 'b'));
	/* the pages in the pipe outlive the mapping */
	ASSERT_EQ(0, munmap(self->mem, self->dev.size));
	EXPECT_EQ(ret, read(pipe_fd[0], self->buf, self->length));
	for (i = 0; i < self->length; i++)
		ASSERT_EQ('b', self->buf[i]);
}

TEST_HARNESS_MAIN
