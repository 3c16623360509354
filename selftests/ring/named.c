// SPDX-License-Identifier: GPL-2.0
/*
 * A consumer that attaches by name goes on where the last consumer of that name
 * was. Names are listed and removed, by their users only.
 */
#include "named_test.h"

#define KEEP		MMAPSHARE_RING_KEEP_ALL

TEST_F(ring, invalid)
{
	struct mmapshare_ring_attach_args at = named_args("", 1, 0);
	struct mmapshare_ring_name query;

	EXPECT_EQ(-EINVAL, ring_attach_with(self->fd, CONSUMER, &at));
	EXPECT_EQ(EINVAL, refuse_named(self->fd, EXISTING, "", 0));
	EXPECT_EQ(EINVAL, refuse_named(self->fd, CONSUMER, "a/b", 0));
	EXPECT_EQ(EINVAL, refuse_named(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER, "a", 0));
	EXPECT_EQ(EINVAL, refuse_named(self->fd, CONSUMER | MMAPSHARE_RING_ATTACH_RESUMED,
				       "a", 0));
	at = named_args("", 0, 0);
	at.name[1] = 'a';
	EXPECT_EQ(-EINVAL, ring_attach_with(self->fd, CONSUMER, &at));
	EXPECT_EQ(ENOENT, refuse_named(self->fd, EXISTING, "a", 0));
	EXPECT_EQ(ENOENT, query_name(self->fd, "a", &query));
	EXPECT_EQ(EINVAL, query_name(self->fd, "", &query));
	EXPECT_EQ(ENOENT, remove_name(self->fd, "a"));
	EXPECT_EQ(EINVAL, remove_name(self->fd, ""));
	EXPECT_EQ(ENOTTY, remove_name(self->dev.fd, "a"));
}

/* A call that fails at its end, as it cannot return the result, leaves no new name. */
TEST_F(ring, failed)
{
	struct mmapshare_ring_attach_args *at;
	struct mmapshare_ring_name query;
	unsigned int i;

	at = mmap(NULL, self->dev.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		  0);
	ASSERT_NE(MAP_FAILED, (void *)at);
	*at = named_args("a", MMAPSHARE_RING_KEEP_ALL, 0);
	at->size = sizeof(*at);
	at->flags = CONSUMER;
	ASSERT_EQ(0, mprotect(at, self->dev.page, PROT_READ));
	for (i = 0; i < RING_CONSUMERS + 1; i++) {
		EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_RING_ATTACH, at));
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ(ENOENT, query_name(self->fd, "a", &query));
	}
	/* the producer waits for none */
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	EXPECT_EQ(0ULL, self->p.ring->consumers);
	endpoint_detach(&self->p);
	/* a name that exists stays */
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", 0));
	endpoint_detach(&self->c);
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_RING_ATTACH, at));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, query_name(self->fd, "a", &query));
	EXPECT_EQ(0U, query.state);
	munmap(at, self->dev.page);
}

TEST_F(ring, resumed)
{
	uint64_t n, i;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	for (n = 0; n < 3; n++) {
		ASSERT_EQ(0, attach_named(&self->c, self->fd, n ? EXISTING : CONSUMER, "a", KEEP));
		EXPECT_EQ(!!n, is_resumed(&self->c));
		EXPECT_EQ(n * 5, self->c.seq);
		EXPECT_EQ(EBUSY, refuse_named(self->fd, CONSUMER, "a", 0));
		ASSERT_TRUE(put_records(self, 8));
		for (i = 0; i < 5; i++)
			EXPECT_RECORD(self, &self->c, n * 5 + i, LENGTH);
		endpoint_detach(&self->c);
		EXPECT_EQ(1ULL, self->p.ring->unheld);
	}
	/* a name that was removed begins anew */
	EXPECT_EQ(0, remove_name(self->fd, "a"));
	EXPECT_EQ(0ULL, self->p.ring->unheld);
	EXPECT_EQ(ENOENT, refuse_named(self->fd, EXISTING, "a", 0));
	ASSERT_EQ(0, attach_named(&self->c, self->fd, OLDEST, "a", 0));
	EXPECT_FALSE(is_resumed(&self->c));
	EXPECT_EQ(0ULL, self->c.seq);
	endpoint_detach(&self->c);
	endpoint_detach(&self->p);
}

/* The position is that of the last release, also if the consumer was killed. */
TEST_F(ring, killed)
{
	struct endpoint c;
	pid_t pid;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_TRUE(put_records(self, 8));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (attach_named(&c, self->fd, CONSUMER, "a", KEEP))
			_exit(1);
		ring_take(&c, self->buf, sizeof(self->buf));
		ring_take(&c, self->buf, sizeof(self->buf));
		raise(SIGKILL);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	ASSERT_EQ(0, attach_named(&self->c, self->fd, EXISTING, "a", 0));
	EXPECT_TRUE(is_resumed(&self->c));
	EXPECT_RECORD(self, &self->c, 2, LENGTH);
	endpoint_detach(&self->c);
	endpoint_detach(&self->p);
}

/*
 * A consumer that says where it begins moves the name there; if that fails, the
 * position remains.
 */
TEST_F(ring, moved)
{
	const struct mmapshare_ring_attach_args at = named_args("a", 0, 3);

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", KEEP));
	ASSERT_TRUE(put_records(self, 8));
	EXPECT_RECORD(self, &self->c, 0, LENGTH);
	EXPECT_RECORD(self, &self->c, 1, LENGTH);
	endpoint_detach(&self->c);
	EXPECT_EQ(ERANGE, refuse_named(self->fd, SEQ, "a", 9));
	EXPECT_EQ(1ULL, self->p.ring->consumers);
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", 0));
	EXPECT_RECORD(self, &self->c, 2, LENGTH);
	endpoint_detach(&self->c);
	ASSERT_EQ(0, attach_named(&self->c, self->fd, OLDEST, "a", 0));
	EXPECT_FALSE(is_resumed(&self->c));
	EXPECT_RECORD(self, &self->c, 0, LENGTH);
	endpoint_detach(&self->c);
	ASSERT_EQ(0, endpoint_attach_with(&self->c, self->fd, SEQ, &at));
	EXPECT_RECORD(self, &self->c, 3, LENGTH);
	EXPECT_EQ(0ULL, self->c.c->lost);
	endpoint_detach(&self->c);
	ASSERT_EQ(0, attach_named(&self->c, self->fd, LATEST, "a", 0));
	EXPECT_EQ(8ULL, self->c.seq);
	endpoint_detach(&self->c);
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", 0));
	EXPECT_EQ(8ULL, self->c.seq);
	endpoint_detach(&self->c);
	endpoint_detach(&self->p);
}

/* Losses while there was no consumer are counted. */
static void check_lost(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
		       uint32_t flags)
{
	uint64_t base, seq, lost;
	int i;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, attach_named(&self->c, self->fd, flags | LATEST, "a", 0));
	base = self->c.seq;
	ASSERT_TRUE(put_records(self, 5));
	EXPECT_RECORD(self, &self->c, base, LENGTH);
	endpoint_detach(&self->c);
	EXPECT_EQ(0ULL, self->p.ring->consumers | self->p.ring->may_lose);
	/* nothing is overwritten yet */
	ASSERT_EQ(0, attach_named(&self->c, self->fd, flags, "a", 0));
	EXPECT_TRUE(is_resumed(&self->c));
	EXPECT_RECORD(self, &self->c, base + 1, LENGTH);
	EXPECT_EQ(0ULL, self->c.c->lost);
	endpoint_detach(&self->c);
	for (i = 0; i < 2; i++) {
		EXPECT_TRUE(put_records(self, 2 * CAPACITY));
		ASSERT_EQ(0, attach_named(&self->c, self->fd, flags, "a", 0));
		EXPECT_TRUE(is_resumed(&self->c));
		lost = self->c.c->lost;
		EXPECT_LT(i * CAPACITY + CAPACITY, lost);
		seq = self->c.seq;
		EXPECT_EQ(seq - base - 2 - i, lost);
		EXPECT_RECORD(self, &self->c, seq, LENGTH);
		EXPECT_EQ(0ULL, self->c.lost);
		endpoint_detach(&self->c);
	}
	endpoint_detach(&self->p);
}

TEST_F(ring, overwriting)
{
	ASSERT_EQ(0, make_ring(self, MMAPSHARE_RING_OVERWRITE));
	check_lost(_metadata, self, CONSUMER);
}

TEST_F(ring, may_lose)
{
	struct endpoint reader;

	/* it has released all that there is, and keeps the ring from being full */
	ASSERT_EQ(0, attach_named(&reader, self->fd, CONSUMER, "evicted", 1));
	endpoint_detach(&reader);
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	fill_ring(self);
	EXPECT_EQ(0, endpoint_wait(&self->p, 60 * SECOND));
	endpoint_detach(&self->p);
	check_lost(_metadata, self, CONSUMER | MMAPSHARE_RING_ATTACH_MAY_LOSE);
}

TEST_F(ring, listed)
{
	struct mmapshare_ring_name query;

	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(put_records(self, 3));
	endpoint_detach(&self->c);
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "b", 5 * SECOND));
	EXPECT_RECORD(self, &self->c, 0, LENGTH);
	ASSERT_EQ(0, query_name(self->fd, "b", &query));
	EXPECT_EQ(self->c.at.cursor, query.cursor);
	EXPECT_EQ(geteuid(), query.uid);
	EXPECT_EQ((uint64_t)STEP, query.pos);
	EXPECT_EQ(1ULL, query.seq);
	EXPECT_EQ(0ULL, query.unheld_ns);
	EXPECT_EQ(5ULL * SECOND, query.keep_ns);
	EXPECT_EQ(MMAPSHARE_RING_NAME_HELD | MMAPSHARE_RING_NAME_KEEPS, query.state);
	endpoint_detach(&self->c);
	EXPECT_EQ(MMAPSHARE_RING_NAME_KEEPS, (unsigned int)name_state(self->fd, "b"));
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER | MMAPSHARE_RING_ATTACH_MAY_LOSE,
				  "c", 5 * SECOND));
	EXPECT_EQ(MMAPSHARE_RING_NAME_HELD | MMAPSHARE_RING_NAME_MAY_LOSE,
		  (unsigned int)name_state(self->fd, "c"));
	endpoint_detach(&self->c);
	query = (struct mmapshare_ring_name){
		.size = sizeof(query),
		.flags = MMAPSHARE_QUERY_NEXT,
	};
	ASSERT_EQ(0, ioctl(self->fd, MMAPSHARE_IOC_RING_NAME, &query));
	EXPECT_STREQ("b", query.name);
	EXPECT_LT(0ULL, query.unheld_ns);
	query.cursor++;
	ASSERT_EQ(0, ioctl(self->fd, MMAPSHARE_IOC_RING_NAME, &query));
	EXPECT_STREQ("c", query.name);
	EXPECT_EQ(0ULL, query.keep_ns);
	query.cursor++;
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_RING_NAME, &query));
	EXPECT_EQ(ENOENT, errno);
	query.member = 1;
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_RING_NAME, &query));
	EXPECT_EQ(EINVAL, errno);
	endpoint_detach(&self->p);
}

/* A name whose consumers hold back the producer is not for others, and vice versa. */
TEST_F(ring, loss)
{
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "holds", 0));
	endpoint_detach(&self->c);
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER | MMAPSHARE_RING_ATTACH_MAY_LOSE,
				  "loses", 0));
	endpoint_detach(&self->c);
	EXPECT_EQ(EACCES, refuse_named(self->fd, CONSUMER | MMAPSHARE_RING_ATTACH_MAY_LOSE,
				       "holds", 0));
	EXPECT_EQ(EACCES, refuse_named(self->fd, CONSUMER | MMAPSHARE_RING_ATTACH_MUST_NOT_LOSE,
				       "loses", 0));
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "loses", 0));
	EXPECT_TRUE(!!(self->c.at.flags & MMAPSHARE_RING_ATTACH_MAY_LOSE));
	EXPECT_EQ(0ULL, self->c.ring->consumers);
	endpoint_detach(&self->c);
}

/* Another user neither uses nor removes a name, but may have one. Exits with 0. */
static int be_other_user(void *arg)
{
	FIXTURE_DATA(ring) *self = arg;
	struct endpoint c;

	if (setgid(65534) || setuid(65534))
		return 1;
	if (refuse_named(self->fd, CONSUMER, "a", 0) != EPERM)
		return 2;
	if (remove_name(self->fd, "a") != EPERM)
		return 3;
	if (name_state(self->fd, "a") < 0)
		return 4;
	if (attach_named(&c, self->fd, CONSUMER, "b", 0))
		return 5;
	endpoint_detach(&c);
	/* the name counts for its user; two cursors are the share */
	if (attach_named(&c, self->fd, CONSUMER, "c", 0))
		return 6;
	endpoint_detach(&c);
	if (refuse_named(self->fd, CONSUMER, "d", 0) != EDQUOT)
		return 7;
	return remove_name(self->fd, "c") ? 8 : 0;
}

TEST_F(ring, users)
{
	int status;
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", 0));
	endpoint_detach(&self->c);
	pid = fork();
	if (!pid)
		_exit(be_other_user(self));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_TRUE(WIFEXITED(status));
	/* the owner of the ring may */
	ASSERT_EQ(0, attach_named(&self->c, self->fd, EXISTING, "b", 0));
	EXPECT_EQ(EBUSY, remove_name(self->fd, "b"));
	endpoint_detach(&self->c);
	EXPECT_EQ(0, remove_name(self->fd, "b"));
}

/* A name takes a cursor. */
TEST_F(ring, all_taken)
{
	char name[2] = "a";
	int i;

	for (i = 0; i < RING_CONSUMERS; i++, name[0]++) {
		ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, name, 0));
		endpoint_detach(&self->c);
	}
	EXPECT_EQ(ENOSPC, refuse_named(self->fd, CONSUMER, "z", 0));
	EXPECT_EQ(0, refuse_named(self->fd, CONSUMER, "a", 0));
	EXPECT_EQ(0, remove_name(self->fd, "b"));
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, CONSUMER));
	EXPECT_EQ(1U, self->c.at.cursor);
	endpoint_detach(&self->c);
}

TEST_F(ring, revoked)
{
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", KEEP));
	EXPECT_EQ(0, region_revoke(self->fd));
	endpoint_detach(&self->c);
	EXPECT_EQ(ENODEV, refuse_named(self->fd, CONSUMER, "a", 0));
	EXPECT_EQ(ENODEV, remove_name(self->fd, "a"));
	EXPECT_EQ(-1, name_state(self->fd, "a"));
}

TEST_HARNESS_MAIN
