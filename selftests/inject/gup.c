// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that pin pages of a mapping without page tables: on a failed allocation
 * they return an errno or a short count and leave nothing pinned.
 */
#include "inject.h"
#include <sys/uio.h>

#define LENGTH	(8 * 4096)

struct user {
	const struct device *dev;
	char *mem;
	int pipe[2];
	char buf[LENGTH];
};

FIXTURE_VARIANT(inject)
{
	long (*call)(void *arg);
};

static struct iovec pinned_range(struct user *u)
{
	return (struct iovec) { u->mem + middle(u->dev), LENGTH };
}

static long read_process(void *arg)
{
	struct user *u = arg;
	struct iovec remote = pinned_range(u), local = { u->buf, LENGTH };

	return result_of(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
}

static long splice_pages(void *arg)
{
	struct user *u = arg;
	struct iovec iov = pinned_range(u);

	return result_of(vmsplice(u->pipe[1], &iov, 1, 0));
}

FIXTURE_VARIANT_ADD(inject, process_vm_readv) { .call = read_process };
FIXTURE_VARIANT_ADD(inject, vmsplice) { .call = splice_pages };

static bool map_again(struct user *u)
{
	if (u->mem)
		munmap(u->mem, u->dev->size);
	u->mem = inject_map_far(u->dev, 0, u->dev->size, MAP_SHARED);
	return u->mem != MAP_FAILED;
}

static const char *check(void *arg, long ret)
{
	long done = ret < 0 ? 0 : ret;
	struct user *u = arg;
	const char *error = NULL;
	long n = read(u->pipe[0], u->buf, LENGTH);

	/* vmsplice() has filled the pipe, process_vm_readv() the buffer */
	if (n > 0 && n != done)
		error = "wrong number of bytes in the pipe";
	else if (!same_bytes(u->buf, done, 0, 2))
		error = "wrong bytes";
	memset(u->buf, 0, LENGTH);
	return map_again(u) ? error : "cannot map the device again";
}

TEST_F_TIMEOUT(inject, pin, INJECT_TIMEOUT)
{
	struct user u = { .dev = &self->dev };
	struct inject_case c = {
		.call = variant->call,
		.after = check,
		.arg = &u,
		.errnos = inject_efault,
	};
	bool gup;

	ASSERT_EQ(0, pipe2(u.pipe, O_CLOEXEC | O_NONBLOCK));
	make_bytes(u.buf, LENGTH, 0, 2);
	ASSERT_EQ(LENGTH, pwrite(self->dev.fd, u.buf, LENGTH,
				 middle(&self->dev)));
	ASSERT_TRUE(map_again(&u));
	gup = has_feature(&self->dev, MMAPSHARE_FEAT_GUP);
	EXPECT_STREQ("", gup ? inject_sweep(&self->in, &c) : "");
	if (!gup)
		EXPECT_EQ(-EFAULT, variant->call(&u));
	munmap(u.mem, self->dev.size);
	close(u.pipe[0]);
	close(u.pipe[1]);
}

TEST_HARNESS_MAIN
