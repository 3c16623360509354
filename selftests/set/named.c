// SPDX-License-Identifier: GPL-2.0
/*
 * A consumer of a ring set attaches by name, and goes on in each ring where the last
 * consumer of that name was. The name is that of the same cursor in all rings.
 */
#include "set_test.h"
#include <sys/mman.h>

#define LENGTH		104
#define ROUNDS		300

static struct mmapshare_ring_attach_args name_args(const char *name, uint64_t keep_ns)
{
	struct mmapshare_ring_attach_args at = { .keep_ns = keep_ns };

	strcpy(at.name, name);
	return at;
}

/* Returns 0 or an errno. */
static int attach_by(FIXTURE_DATA(set) *self, uint32_t flags, const char *name)
{
	const struct mmapshare_ring_attach_args at = name_args(name, MMAPSHARE_RING_KEEP_ALL);

	return set_attach_with(self->c, self->fd, flags, &at);
}

/* Returns 0 or an errno. */
static int find_name(int fd, const char *name, unsigned int member,
		     struct mmapshare_ring_name *query)
{
	*query = (struct mmapshare_ring_name){ .size = sizeof(*query), .member = member };
	strcpy(query->name, name);
	return ioctl(fd, MMAPSHARE_IOC_RING_NAME, query) ? errno : 0;
}

/* Returns 0 or an errno. */
static int remove_name(int fd, const char *name)
{
	struct mmapshare_ring_remove_args remove = { .size = sizeof(remove) };

	strcpy(remove.name, name);
	return ioctl(fd, MMAPSHARE_IOC_RING_REMOVE, &remove) ? errno : 0;
}

/* How many rings have the name? -1 if not all of them have it at the same cursor. */
static int rings_with(int fd, const char *name)
{
	struct mmapshare_ring_name query;
	unsigned int i, cursor = 0;
	int n = 0;

	for (i = 0; i < SET_MEMBERS; i++) {
		if (find_name(fd, name, i, &query))
			continue;
		if (n++ && query.cursor != cursor)
			return -1;
		cursor = query.cursor;
	}
	return n;
}

static bool put(FIXTURE_DATA(set) *self, int ring, unsigned int n)
{
	while (n--)
		if (!ring_put(&self->p[ring], LENGTH))
			return false;
	return true;
}

/* Take @n records of a ring, the first of which has the sequence number @seq. */
static bool take(FIXTURE_DATA(set) *self, int ring, unsigned int n, uint64_t seq)
{
	struct endpoint *c = &self->c[ring];
	char buf[LENGTH];

	while (n--) {
		if (ring_take(c, buf, sizeof(buf)) != LENGTH || c->seq != ++seq)
			return false;
		c->c->seq = c->seq;
	}
	return true;
}

TEST_F(set, resumed)
{
	struct mmapshare_ring_name query;
	int i;

	ASSERT_EQ(0, attach_by(self, 0, "a"));
	EXPECT_EQ(0U, self->c[0].at.flags & MMAPSHARE_RING_ATTACH_RESUMED);
	for (i = 0; i < SET_MEMBERS; i++) {
		ASSERT_EQ(0, set_attach_producer(&self->p[i], self->fd));
		EXPECT_TRUE(put(self, i, 10));
		EXPECT_TRUE(take(self, i, 2 * i + 1, 0));
	}
	EXPECT_EQ(EBUSY, attach_by(self, 0, "a"));
	set_detach(self->c, SET_MEMBERS);
	for (i = 0; i < SET_MEMBERS; i++) {
		EXPECT_EQ(1ULL, self->p[i].ring->consumers);
		EXPECT_EQ(1ULL, self->p[i].ring->unheld);
		EXPECT_EQ(0, find_name(self->fd, "a", i, &query));
		EXPECT_EQ(2 * i + 1ULL, query.seq);
		EXPECT_EQ((uint32_t)MMAPSHARE_RING_NAME_KEEPS, query.state);
		EXPECT_TRUE(put(self, i, 1));
	}
	ASSERT_EQ(0, attach_by(self, MMAPSHARE_RING_ATTACH_EXISTING, "a"));
	EXPECT_NE(0U, self->c[0].at.flags & MMAPSHARE_RING_ATTACH_RESUMED);
	for (i = 0; i < SET_MEMBERS; i++) {
		EXPECT_EQ(2 * i + 1ULL, self->c[i].seq);
		EXPECT_TRUE(take(self, i, 10 - 2 * i, self->c[i].seq));
		EXPECT_FALSE(take(self, i, 1, self->c[i].seq));
	}
	SET_DETACH_ALL(self);
}

/* The producer of each ring waits for the name. */
TEST_F(set, keeps)
{
	int i;

	ASSERT_EQ(0, attach_by(self, 0, "a"));
	set_detach(self->c, SET_MEMBERS);
	for (i = 0; i < SET_MEMBERS; i++) {
		ASSERT_EQ(0, set_attach_producer(&self->p[i], self->fd));
		while (put(self, i, 1))
			;
		self->p[i].p->wake_bytes = 8 + LENGTH;
		EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->p[i], 0));
	}
	EXPECT_EQ(0, remove_name(self->fd, "a"));
	for (i = 0; i < SET_MEMBERS; i++) {
		EXPECT_EQ(EPIPE, endpoint_wait(&self->p[i], 0));
		EXPECT_EQ(0ULL, self->p[i].ring->consumers);
		endpoint_detach(&self->p[i]);
	}
}

/* The cursor is one that is free in each ring, and remains so. */
TEST_F(set, cursor)
{
	struct mmapshare_ring_attach_args at = { .member = 1 };
	const uint32_t member = MMAPSHARE_RING_ATTACH_CONSUMER | MMAPSHARE_RING_ATTACH_MEMBER;
	const int other = ring_attach_with(self->fd, member, &at);
	struct endpoint more[SET_MEMBERS];

	ASSERT_LE(0, other);
	EXPECT_EQ(0U, at.cursor);
	ASSERT_EQ(0, attach_by(self, 0, "a"));
	EXPECT_EQ(1U, self->c[0].at.cursor);
	EXPECT_EQ(SET_MEMBERS, rings_with(self->fd, "a"));
	set_detach(self->c, SET_MEMBERS);
	close(other);
	ASSERT_EQ(0, set_attach(more, self->fd, 0));
	EXPECT_EQ(0U, more[0].at.cursor);
	ASSERT_EQ(0, attach_by(self, 0, "a"));
	EXPECT_EQ(1U, self->c[0].at.cursor);
	EXPECT_EQ(EBUSY, remove_name(self->fd, "a"));
	EXPECT_EQ(SET_MEMBERS, rings_with(self->fd, "a"));
	set_detach(self->c, SET_MEMBERS);
	set_detach(more, SET_MEMBERS);
	EXPECT_EQ(0, remove_name(self->fd, "a"));
	EXPECT_EQ(0, rings_with(self->fd, "a"));
	EXPECT_EQ(ENOENT, remove_name(self->fd, "a"));
}

TEST_F(set, refused)
{
	struct mmapshare_ring_attach_args at = name_args("a", 0), *args;
	struct mmapshare_ring_name query;

	EXPECT_EQ(-EOPNOTSUPP, ring_attach_with(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER |
						MMAPSHARE_RING_ATTACH_MEMBER, &at));
	at = name_args("a", 0);
	EXPECT_EQ(-EINVAL, ring_attach_with(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER, &at));
	EXPECT_EQ(ENOENT, attach_by(self, MMAPSHARE_RING_ATTACH_EXISTING, "a"));
	EXPECT_EQ(EINVAL, find_name(self->fd, "a", SET_MEMBERS, &query));
	/* the call can read its arguments, and not return them */
	args = mmap(NULL, self->dev.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)args);
	*args = name_args("a", MMAPSHARE_RING_KEEP_ALL);
	args->size = sizeof(*args);
	args->flags = MMAPSHARE_RING_ATTACH_CONSUMER;
	ASSERT_EQ(0, mprotect(args, self->dev.page, PROT_READ));
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_RING_ATTACH, args));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, rings_with(self->fd, "a"));
	munmap(args, self->dev.page);
}

/* A consumer that says where it begins moves the name there in all rings. */
TEST_F(set, moved)
{
	int i;

	ASSERT_EQ(0, attach_by(self, 0, "a"));
	set_detach(self->c, SET_MEMBERS);
	for (i = 0; i < SET_MEMBERS; i++) {
		ASSERT_EQ(0, set_attach_producer(&self->p[i], self->fd));
		EXPECT_TRUE(put(self, i, 5));
	}
	ASSERT_EQ(0, attach_by(self, MMAPSHARE_RING_ATTACH_LATEST, "a"));
	set_detach(self->c, SET_MEMBERS);
	ASSERT_EQ(0, attach_by(self, 0, "a"));
	for (i = 0; i < SET_MEMBERS; i++)
		EXPECT_EQ(5ULL, self->c[i].seq);
	SET_DETACH_ALL(self);
}

/* The state of the name "a" in a ring, or -1. */
static int state_in(FIXTURE_DATA(set) *self, unsigned int member)
{
	struct mmapshare_ring_name query;

	return find_name(self->fd, "a", member, &query) ? -1 : (int)query.state;
}

/* The producer of one ring makes the name corrupt there, and in no other ring. */
TEST_F(set, corrupt_ring)
{
	const unsigned int corrupt = MMAPSHARE_RING_NAME_HELD | MMAPSHARE_RING_NAME_CORRUPT;
	const unsigned int keeps = MMAPSHARE_RING_NAME_HELD | MMAPSHARE_RING_NAME_KEEPS;
	uint64_t pos;
	int i, n;

	for (i = 0; i < SET_MEMBERS; i++) {
		ASSERT_EQ(0, set_attach_producer(&self->p[i], self->fd));
		EXPECT_TRUE(put(self, i, 5));
	}
	ASSERT_EQ(0, attach_by(self, 0, "a"));
	for (i = 0; i < SET_MEMBERS; i++)
		EXPECT_TRUE(take(self, i, 2, 0));
	set_detach(self->c, SET_MEMBERS);
	pos = self->p[1].p->pos;
	self->p[1].p->pos = -8ULL;
	for (n = 2; n < 4; n++) {
		ASSERT_EQ(0, attach_by(self, 0, "a"));
		EXPECT_NE(0U, self->c[0].at.flags & MMAPSHARE_RING_ATTACH_RESUMED);
		EXPECT_EQ(corrupt, (unsigned int)state_in(self, 1));
		EXPECT_EQ(0ULL, self->p[1].ring->consumers);
		for (i = 0; i < SET_MEMBERS; i += 2) {
			EXPECT_TRUE(take(self, i, 1, n));
			EXPECT_EQ(keeps, (unsigned int)state_in(self, i));
			EXPECT_EQ(1ULL, self->p[i].ring->consumers);
		}
		set_detach(self->c, SET_MEMBERS);
		EXPECT_EQ(MMAPSHARE_RING_NAME_CORRUPT, (unsigned int)state_in(self, 1));
		/* the name remains so until a consumer says where it begins */
		self->p[1].p->pos = pos;
	}
	ASSERT_EQ(0, attach_by(self, MMAPSHARE_RING_ATTACH_LATEST, "a"));
	for (i = 0; i < SET_MEMBERS; i++)
		EXPECT_EQ(keeps, (unsigned int)state_in(self, i));
	SET_DETACH_ALL(self);
}

/* Attach by one of two names, and detach. */
static void attach_and_detach(int fd, unsigned int round)
{
	struct mmapshare_ring_attach_args at = name_args(round % 2 ? "a" : "b", 0);
	const int set = ring_attach_with(fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at);

	if (set >= 0)
		close(set);
	else if (set != -EBUSY && set != -ENOSPC)
		_exit(1);
}

/* Names that are created and removed at the same time are complete, or not there. */
TEST_F(set, race)
{
	pid_t pids[3];
	unsigned int i, k;
	int status;

	for (i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		for (k = 0; k < ROUNDS; k++) {
			attach_and_detach(self->fd, k + i);
			remove_name(self->fd, k % 3 ? "a" : "b");
		}
		_exit(0);
	}
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	for (i = 0; i < 2; i++) {
		const char *name = i ? "a" : "b";
		const int n = rings_with(self->fd, name);

		EXPECT_TRUE(n == 0 || n == SET_MEMBERS) TH_LOG("%d rings", n);
		EXPECT_EQ(n ? 0 : ENOENT, remove_name(self->fd, name));
	}
	ASSERT_EQ(0, set_attach(self->c, self->fd, 0));
	EXPECT_EQ(0U, self->c[0].at.cursor);
	set_detach(self->c, SET_MEMBERS);
}

TEST_HARNESS_MAIN
