// SPDX-License-Identifier: GPL-2.0
/*
 * splice() and sendfile() whose allocations fail return a short count or an
 * errno; the file position matches the count, no byte is lost or duplicated.
 */
#include "inject.h"
#include <sys/sendfile.h>

#define LENGTH	(8 * 4096)	/* fits into a pipe */
#define AT	4096
#define SEED	9

struct pipeline {
	const struct device *dev;
	int pipe[2];
	char *map;
};

FIXTURE_VARIANT(inject)
{
	long (*call)(void *arg);
	bool out;
};

static long splice_out(void *arg)
{
	struct pipeline *p = arg;

	return result_of(splice(p->dev->fd, NULL, p->pipe[1], NULL,
				LENGTH, 0));
}

static long splice_in(void *arg)
{
	struct pipeline *p = arg;

	return result_of(splice(p->pipe[0], NULL, p->dev->fd, NULL,
				LENGTH, 0));
}

static long send_out(void *arg)
{
	struct pipeline *p = arg;

	return result_of(sendfile(p->pipe[1], p->dev->fd, NULL, LENGTH));
}

FIXTURE_VARIANT_ADD(inject, splice_out) { .call = splice_out, .out = true };
FIXTURE_VARIANT_ADD(inject, splice_in) { .call = splice_in };
FIXTURE_VARIANT_ADD(inject, sendfile) { .call = send_out, .out = true };

static long drain(struct pipeline *p, char *buf)
{
	long n = read(p->pipe[0], buf, LENGTH);

	return n < 0 ? 0 : n;
}

/* Before a splice into the region: fill the pipe, clear the region's range. */
static bool prepare(struct pipeline *p)
{
	char buf[LENGTH];

	lseek(p->dev->fd, AT, SEEK_SET);
	make_bytes(buf, LENGTH, 0, SEED);
	memset(p->map, '.', AT + LENGTH + 1);
	return write(p->pipe[1], buf, LENGTH) == LENGTH;
}

static const char *check_out(void *arg, long ret)
{
	struct pipeline *p = arg;
	long done = ret < 0 ? 0 : ret;
	const char *error = NULL;
	char buf[LENGTH];

	if (lseek(p->dev->fd, 0, SEEK_CUR) != AT + done)
		error = "the file position does not match the count";
	else if (drain(p, buf) != done)
		error = "wrong number of bytes in the pipe";
	else if (!same_bytes(buf, done, 0, SEED))
		error = "wrong bytes in the pipe";
	lseek(p->dev->fd, AT, SEEK_SET);
	return error;
}

static const char *check_in(void *arg, long ret)
{
	struct pipeline *p = arg;
	long done = ret < 0 ? 0 : ret;
	const char *error = NULL;
	char buf[LENGTH];

	if (lseek(p->dev->fd, 0, SEEK_CUR) != AT + done)
		error = "the file position does not match the count";
	else if (!same_bytes(p->map + AT, done, 0, SEED))
		error = "wrong bytes in the region";
	else if (p->map[AT - 1] != '.' || p->map[AT + done] != '.')
		error = "bytes outside the count changed";
	else if (drain(p, buf) != LENGTH - done)
		error = "wrong number of bytes left in the pipe";
	return prepare(p) ? error : "cannot fill the pipe";
}

TEST_F_TIMEOUT(inject, splice, INJECT_TIMEOUT)
{
	struct pipeline p = { .dev = &self->dev };
	struct inject_case c = {
		.call = variant->call,
		.after = variant->out ? check_out : check_in,
		.arg = &p,
		.errnos = inject_efault,
	};

	ASSERT_EQ(0, pipe2(p.pipe, O_CLOEXEC | O_NONBLOCK));
	p.map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, p.map);
	make_bytes(p.map + AT, LENGTH, 0, SEED);
	ASSERT_EQ(AT, lseek(self->dev.fd, AT, SEEK_SET));
	if (!variant->out)
		ASSERT_TRUE(prepare(&p));

	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	EXPECT_LT(0, self->in.failed);
	munmap(p.map, self->dev.size);
	close(p.pipe[0]);
	close(p.pipe[1]);
}

TEST_HARNESS_MAIN
