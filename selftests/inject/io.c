// SPDX-License-Identifier: GPL-2.0
/*
 * read() and write() with a failing copy return a short count or EFAULT; the file
 * position advances by that count, no other byte changes.
 */
#include "inject.h"
#include <sys/uio.h>

#define LENGTH	(3 << 20)	/* more than the driver copies at once */
#define SEED	7

FIXTURE_VARIANT(inject)
{
	bool write;
	bool vector;
};

FIXTURE_VARIANT_ADD(inject, read) { };
FIXTURE_VARIANT_ADD(inject, write) { .write = true };
FIXTURE_VARIANT_ADD(inject, readv) { .vector = true };
FIXTURE_VARIANT_ADD(inject, writev) { .write = true, .vector = true };

struct io {
	const FIXTURE_VARIANT(inject) *v;
	int fd;
	char *from;	/* LENGTH bytes of make_bytes() */
	char *to;
	struct iovec iov[16];
};

static long copy(void *arg)
{
	struct io *io = arg;
	int n = ARRAY_SIZE(io->iov);

	if (io->v->vector)
		return result_of(io->v->write ? writev(io->fd, io->iov, n) :
						readv(io->fd, io->iov, n));
	return result_of(io->v->write ? write(io->fd, io->from, LENGTH) :
					read(io->fd, io->to, LENGTH));
}

static const char *check(void *arg, long ret)
{
	struct io *io = arg;
	long done = ret < 0 ? 0 : ret;
	const char *error = NULL;

	if (lseek(io->fd, 0, SEEK_CUR) != done)
		error = "the file position does not match the count";
	else if (memcmp(io->from, io->to, done))
		error = "wrong bytes";
	else if (done < LENGTH && io->to[done] != '.')
		error = "bytes beyond the count changed";
	memset(io->to, '.', LENGTH);
	lseek(io->fd, 0, SEEK_SET);
	return error;
}

TEST_F_TIMEOUT(inject, copy, INJECT_TIMEOUT)
{
	struct io io = { .v = variant, .fd = self->dev.fd };
	struct inject_case c = {
		.call = copy,
		.after = check,
		.arg = &io,
		.errnos = inject_efault,
	};
	char *buf, *map;
	size_t i, part_length = LENGTH / ARRAY_SIZE(io.iov);

	ASSERT_LT((size_t)LENGTH, self->dev.size);
	buf = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, buf);
	map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < ARRAY_SIZE(io.iov); i++)
		io.iov[i] = (struct iovec) { buf + i * part_length, part_length };
	io.from = variant->write ? buf : map;
	io.to = variant->write ? map : buf;
	make_bytes(io.from, LENGTH, 0, SEED);
	memset(io.to, '.', LENGTH);

	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	EXPECT_LT(0, self->in.injected);
	munmap(map, self->dev.size);
	munmap(buf, LENGTH);
}

TEST_HARNESS_MAIN
